//! What may be typed of the commands about extensions.

use clap::{Args, Subcommand};

use super::{Act, Common, Narrow, OnDemand};

#[derive(Debug, Subcommand)]
pub(crate) enum ExtensionVerb {
    /// The extensions there are
    List(OnDemand<ExtensionListArgs>),
    /// All that a manifest says
    #[command(name = "info")]
    Describe(OnDemand<ExtensionDescribeArgs>),
    /// Find extensions by words of their name, description, tools and category
    Search(OnDemand<ExtensionSearchArgs>),
    /// Ask for extensions in the configuration, and apply it
    Install(OnDemand<ExtensionInstallArgs>),
    /// Ask for extensions no longer, and apply that
    Remove(OnDemand<ExtensionRemoveArgs>),
    /// Let the lock move to what the catalog has now, and apply that
    Upgrade(OnDemand<ExtensionUpgradeArgs>),
    /// What is recorded of the extensions in the machines
    Status(OnDemand<ExtensionStatusArgs>),
    /// Check in the machines whether the extensions work
    Validate(OnDemand<ExtensionValidateArgs>),
    /// What the last installation of an extension printed, also while it runs
    Log(OnDemand<ExtensionLogArgs>),
    /// Say what keeps an extension's manifest from the catalog
    Lint(OnDemand<ExtensionLintArgs>),
}

impl ExtensionVerb {
    /// Whether it acts: its JSON is a stream of events.
    pub(crate) fn acts(&self) -> bool {
        match self {
            Self::Install(args) => !args.edit.dry_run,
            Self::Remove(args) => !args.edit.dry_run,
            Self::Upgrade(args) => !args.dry_run,
            Self::List(_)
            | Self::Describe(_)
            | Self::Search(_)
            | Self::Status(_)
            | Self::Validate(_)
            | Self::Log(_)
            | Self::Lint(_) => false,
        }
    }

    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::List(args) => &args.common,
            Self::Describe(args) => &args.common,
            Self::Search(args) => &args.common,
            Self::Install(args) => &args.edit.common,
            Self::Remove(args) => &args.edit.common,
            Self::Status(args) => &args.common,
            Self::Validate(args) => &args.common,
            Self::Log(args) => &args.common,
            Self::Lint(args) => &args.common,
            Self::Upgrade(args) => &args.common,
        }
    }

    /// Whether it may answer in Markdown.
    pub(crate) fn has_markdown(&self) -> bool {
        match self {
            Self::Upgrade(args) => args.dry_run,
            Self::List(_)
            | Self::Describe(_)
            | Self::Search(_)
            | Self::Install(_)
            | Self::Remove(_)
            | Self::Status(_)
            | Self::Validate(_)
            | Self::Log(_)
            | Self::Lint(_) => false,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionListArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only what is installed, and in which machines
    #[arg(long)]
    pub(crate) installed: bool,
    /// Only this category
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    pub(crate) category: Option<crate::catalog::Category>,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionDescribeArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The extension
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionSearchArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to look for; an extension must have all of the words
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
}

/// How a command edits the configuration and applies what it says then.
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only this machine, or entry of `machines` (repeatable) [default: all]
    #[arg(long, value_name = "MACHINE")]
    pub(crate) machine: Vec<String>,
    /// Show the edit and the plan, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    #[command(flatten)]
    pub(crate) act: Act,
    /// Exit with 2 when all is done but for tools of extensions that failed
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionInstallArgs {
    /// The extensions; with a version, only if the catalog has that one
    #[arg(value_name = "NAME[@VERSION]", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionRemoveArgs {
    /// The extensions
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// Where a profile brings one of them, write its other extensions in the profile's place
    #[arg(long)]
    pub(crate) write_out: bool,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionStatusArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only this machine
    pub(crate) machine: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionValidateArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only this extension
    pub(crate) name: Option<String>,
    /// Only this machine
    #[arg(long, value_name = "MACHINE")]
    pub(crate) machine: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionUpgradeArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The extensions to move [default: all, and the members of profiles]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Only in this machine
    #[arg(long, value_name = "MACHINE")]
    pub(crate) machine: Option<String>,
    /// Show what would change and stop there
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Lower this error to a warning, where a person may (repeatable)
    #[arg(long, value_name = "CODE")]
    pub(crate) allow: Vec<String>,
    #[command(flatten)]
    pub(crate) act: Act,
    /// Exit with 2 when all is done but for tools of extensions that failed
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionLogArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The extension
    pub(crate) name: String,
    /// In this machine
    #[arg(long, value_name = "MACHINE")]
    pub(crate) machine: Option<String>,
    /// Show what it prints until it is over
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionLintArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Names of extensions, or paths of their folders [default: all beside the configuration]
    #[arg(value_name = "NAME|PATH")]
    pub(crate) extensions: Vec<String>,
}

fn category(text: &str) -> Result<crate::catalog::Category, String> {
    use crate::catalog::Category;
    let found = Category::ALL.into_iter().find(|one| one.as_str() == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = Category::ALL.iter().map(|one| one.as_str()).collect();
        match crate::diagnostic::did_you_mean(text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the categories are {}", names.join(", ")),
        }
    })
}
