//! What may be typed, exactly as it is typed.

mod extension;
mod image;
mod on_demand;
mod profile;
mod render;
mod state;

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::address::Address;
use crate::resource::ProviderKind;

pub(crate) use extension::{
    EditArgs, ExtensionDescribeArgs, ExtensionInstallArgs, ExtensionLintArgs, ExtensionListArgs,
    ExtensionLogArgs, ExtensionRemoveArgs, ExtensionSearchArgs, ExtensionStatusArgs,
    ExtensionUpgradeArgs, ExtensionValidateArgs, ExtensionVerb,
};
pub(crate) use image::{ImageBuildArgs, ImageVerb};
pub(crate) use on_demand::OnDemand;
pub(crate) use profile::{ProfileDeriveArgs, ProfileDescribeArgs, ProfileInstallArgs, ProfileVerb};
pub(crate) use render::{RenderArgs, RenderDevcontainerArgs, RenderVerb};
pub(crate) use state::{
    AdoptArgs, ImportArgs, RefreshArgs, StateAcceptArgs, StateCommand, StateMigrateArgs,
    StateMvArgs, StatePushArgs, StateRestoreArgs, StateRmArgs, StateShowArgs, TaintArgs, Wait,
};

/// What may be given as a time limit, in seconds: up to a year.
pub(crate) const LIMITS: RangeInclusive<u64> = 1..=31_536_000;
/// What may be given as a time to wait for a lock, in seconds.
pub(crate) const WAITS: RangeInclusive<u64> = 0..=*LIMITS.end();
/// How many resources may be worked on at once.
pub(crate) const PARALLEL: RangeInclusive<u64> = 1..=256;

/// Declarative development environments: say what you want, see what would change, apply it.
#[derive(Debug, Parser)]
#[command(
    name = "sindri",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    propagate_version = false,
    after_help = "Start with `sindri config init`, then `sindri plan`, then `sindri apply`."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes, before or after its name.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Common {
    /// Work in this directory
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        help_heading = "Common options"
    )]
    pub(crate) directory: Option<PathBuf>,
    /// The configuration [default: sindri.yaml]
    #[arg(
        short = 'c',
        long,
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

/// How a command answers.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct OutputOptions {
    /// How to answer
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        help_heading = "Common options"
    )]
    pub(crate) format: Option<Format>,
    /// Short for --format json
    #[arg(long, conflicts_with = "format", help_heading = "Common options")]
    pub(crate) json: bool,
    /// Say only what was asked for, and errors
    #[arg(short, long, help_heading = "Common options")]
    pub(crate) quiet: bool,
    /// No colours, as with NO_COLOR
    #[arg(long, help_heading = "Common options")]
    pub(crate) no_color: bool,
}

/// How a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// For a pull request.
    Markdown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what apply would change, and why
    Plan(OnDemand<PlanArgs>),
    /// Make it so: plan, ask and execute, or execute a saved plan
    Apply(OnDemand<ApplyArgs>),
    /// Plan and apply in one
    Deploy(OnDemand<DeployArgs>),
    /// Say what somebody changed behind sindri's back
    Drift(OnDemand<DriftArgs>),
    /// Delete what was made; volumes stay unless asked
    Destroy(OnDemand<DestroyArgs>),
    /// Show how the machines stand
    Status(OnDemand<StatusArgs>),
    /// Open a session in a machine, or run a command there
    Connect(OnDemand<ConnectArgs>),
    /// Start a stopped machine
    Start(OnDemand<MachineArgs>),
    /// Stop a machine and keep everything in it
    Stop(OnDemand<MachineArgs>),
    /// Let a machine rest with what it has in memory; `start` goes on from there
    Suspend(OnDemand<MachineArgs>),
    /// Show a saved plan
    Show(OnDemand<ShowArgs>),
    /// Draw the resources and what depends on what
    Graph(OnDemand<GraphArgs>),
    /// Render files for other tools: a devcontainer.json, a fly.toml
    #[command(subcommand)]
    Render(RenderVerb),
    /// Write, check and show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// As `config init`, which other tools call so
    #[command(hide = true)]
    Init(OnDemand<ConfigInitArgs>),
    /// As `config validate`, which other tools call so
    #[command(hide = true)]
    Validate(OnDemand<ConfigValidateArgs>),
    /// Look into the catalog of extensions, install and remove them, look at those in the machines
    #[command(subcommand)]
    Extension(ExtensionVerb),
    /// Look into the sets of extensions that have a name, and install one
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// Build the image of a Dev Container, or of a machine that is reached over ssh
    #[command(subcommand)]
    Image(ImageVerb),
    /// Look into the state, and change the record alone
    #[command(subcommand)]
    State(StateCommand),
    /// Take an object under management that stands already
    Import(OnDemand<ImportArgs>),
    /// List or adopt what belongs to this state and isn't recorded
    Adopt(OnDemand<AdoptArgs>),
    /// Mark objects to be made anew by the next apply
    Taint(OnDemand<TaintArgs>),
    /// Take the mark off again
    Untaint(OnDemand<TaintArgs>),
    /// Write what the providers show into the state
    Refresh(OnDemand<RefreshArgs>),
    /// Take the lock of a state away from a command that is gone
    ForceUnlock(OnDemand<ForceUnlockArgs>),
    /// Check what this host has and needs, and how to mend it
    Doctor(OnDemand<DoctorArgs>),
    /// Show the version
    Version(OnDemand<VersionArgs>),
    /// Write completions for a shell
    Completions(OnDemand<CompletionArgs>),
}

/// What narrows or forces a plan.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Narrow {
    /// Only this address and what it depends on (repeatable)
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) target: Vec<Address>,
    /// All but this address and what depends on it (repeatable)
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) exclude: Vec<Address>,
    /// Lower this error to a warning, where a person may (repeatable)
    #[arg(long, value_name = "CODE")]
    pub(crate) allow: Vec<String>,
}

/// What a plan looks at.
#[derive(Args, Clone, Debug)]
pub(crate) struct Look {
    /// Replace this address even if nothing changed (repeatable)
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) replace: Vec<Address>,
    /// Ask the providers how things stand; without, what is recorded counts
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set, require_equals = true)]
    pub(crate) refresh: bool,
    /// Look into running machines too: are the tools still there?
    #[arg(long)]
    pub(crate) deep: bool,
}

/// Whether the lock may change.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Locking {
    /// Refuse where `sindri.lock` is missing or would change
    #[arg(long)]
    pub(crate) locked: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    #[command(flatten)]
    pub(crate) look: Look,
    #[command(flatten)]
    pub(crate) locked: Locking,
    /// Save the plan for `sindri apply FILE`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Sign the saved plan with this Ed25519 private key (PEM)
    #[arg(long, value_name = "KEYFILE", requires = "out")]
    pub(crate) sign_key: Option<PathBuf>,
    /// Exit with 2 when there is something to do
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan to destroy everything
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Take a secret without a value as an error
    #[arg(long)]
    pub(crate) require_secrets: bool,
    /// Ask each host that extensions come from whether it can be reached from here
    #[arg(long)]
    pub(crate) probe: bool,
}

/// How an apply goes about it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Act {
    /// Don't ask before acting
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// How many resources are worked on at once [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(PARALLEL))]
    pub(crate) parallelism: Option<u64>,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Whether to take the lock; without it, two commands may write at once
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub(crate) lock: Option<bool>,
    /// Give up after this many seconds; what was begun is picked up by the next run
    #[arg(short, long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(LIMITS))]
    pub(crate) timeout: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// A plan saved with `sindri plan --out`; it was reviewed, so nobody is asked
    #[arg(value_name = "PLAN", conflicts_with_all = ["target", "exclude", "replace", "deep"])]
    pub(crate) file: Option<PathBuf>,
    /// Refuse a saved plan that nobody trusted has signed
    #[arg(long, requires = "file")]
    pub(crate) require_signature: bool,
    /// Trust plans signed with the key of this Ed25519 public key (PEM; repeatable)
    #[arg(long, value_name = "PUBFILE", requires = "require_signature")]
    pub(crate) trusted_key: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    #[command(flatten)]
    pub(crate) look: Look,
    #[command(flatten)]
    pub(crate) locked: Locking,
    #[command(flatten)]
    pub(crate) act: Act,
    /// Exit with 2 when all is done but for tools of extensions that failed
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    #[command(flatten)]
    pub(crate) locked: Locking,
    #[command(flatten)]
    pub(crate) act: Act,
    /// Exit with 2 when all is done but for tools of extensions that failed
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Show what would change and stop there
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Make the machines anew and keep their volumes
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Use this provider instead of the file's
    #[arg(long, value_name = "PROVIDER", value_parser = provider)]
    pub(crate) provider: Option<ProviderKind>,
    /// Use an image although its signature isn't verified
    #[arg(long)]
    pub(crate) skip_image_verification: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    #[command(flatten)]
    pub(crate) act: Act,
    /// Delete the volumes too, with everything in them
    #[arg(long)]
    pub(crate) volumes: bool,
    /// Don't ask; the same as --auto-approve
    #[arg(short, long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Look into running machines too: are the tools still there?
    #[arg(long)]
    pub(crate) deep: bool,
    /// Leave out this address, or this field of it (repeatable)
    #[arg(long, value_name = "ADDRESS[.FIELD]")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only this machine
    pub(crate) machine: Option<String>,
    /// Show again every N seconds
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) watch: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct ConnectArgs {
    /// Work in this directory
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        help_heading = "Common options"
    )]
    pub(crate) directory: Option<PathBuf>,
    /// The configuration [default: sindri.yaml]
    #[arg(long, value_name = "FILE", help_heading = "Common options")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    /// The machine, where there are several
    pub(crate) machine: Option<String>,
    /// Run this command line instead of a shell, and pass its exit code on
    #[arg(short = 'c', long, value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct MachineArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The machine, where there are several
    pub(crate) machine: Option<String>,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Whether to take the lock; without it, two commands may write at once
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub(crate) lock: Option<bool>,
}

#[derive(Args, Debug)]
pub(crate) struct ForceUnlockArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The id of the lock, as `store::held` and the waiting command show it
    pub(crate) id: String,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// A plan saved with `sindri plan --out`
    #[arg(value_name = "PLAN")]
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The language of the drawing
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = Drawing::Dot)]
    pub(crate) r#as: Drawing,
}

/// The language of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// Graphviz.
    Dot,
    /// Mermaid, which Markdown viewers draw.
    Mermaid,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a new configuration
    Init(OnDemand<ConfigInitArgs>),
    /// Check the configuration
    Validate(OnDemand<ConfigValidateArgs>),
    /// Show the configuration with everything filled in
    Show(OnDemand<ConfigArgs>),
    /// Write the JSON Schema of the configuration, for editors
    Schema(OnDemand<ConfigArgs>),
}

#[derive(Args, Debug)]
pub(crate) struct ConfigInitArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The project's name [default: the directory's]
    #[arg(short, long)]
    pub(crate) name: Option<String>,
    /// Where the machine shall live [default: local]
    #[arg(short, long, value_name = "PROVIDER", value_parser = provider)]
    pub(crate) provider: Option<ProviderKind>,
    /// The profile of extensions to start with
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Overwrite what is there
    #[arg(short, long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ConfigValidateArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Check the extensions too: known, compatible, free of conflicts
    #[arg(long)]
    pub(crate) check_extensions: bool,
    /// Ask each host that they come from whether it can be reached from here
    #[arg(long, requires = "check_extensions")]
    pub(crate) probe: bool,
    #[command(flatten)]
    pub(crate) locked: Locking,
}

#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Check only this provider
    #[arg(short, long, value_name = "PROVIDER", value_parser = provider)]
    pub(crate) provider: Option<ProviderKind>,
}

#[derive(Args, Debug)]
pub(crate) struct VersionArgs {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

fn address(text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|error: crate::address::AddressError| format!("{error}; {}", error.help()))
}

fn provider(text: &str) -> Result<ProviderKind, String> {
    ProviderKind::parse(text).ok_or_else(|| {
        let names: Vec<&str> = ProviderKind::ALL.iter().map(|kind| kind.as_str()).collect();
        match crate::diagnostic::did_you_mean(text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the providers are {}", names.join(", ")),
        }
    })
}
