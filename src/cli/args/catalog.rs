//! What may be typed of the commands about extensions and profiles.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, provider};
use crate::resource::ProviderKind;

#[derive(Debug, Subcommand)]
pub(crate) enum ExtensionCommand {
    /// Say what keeps an extension's manifest from the catalog
    Lint(ExtensionLintArgs),
}

impl ExtensionCommand {
    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Lint(args) => &args.common,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Write a profile's variant for one provider
    Derive(ProfileDeriveArgs),
}

impl ProfileCommand {
    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Derive(args) => &args.common,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ExtensionLintArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Names of extensions, or paths of their folders [default: all beside the configuration]
    #[arg(value_name = "NAME|PATH")]
    pub(crate) extensions: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ProfileDeriveArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The profile
    pub(crate) profile: String,
    /// The provider whose variant to write
    #[arg(short, long, value_name = "PROVIDER", value_parser = provider)]
    pub(crate) provider: ProviderKind,
    /// Write this file [default: profiles/<PROFILE>-<PROVIDER>.yaml beside the configuration]
    #[arg(short, long, value_name = "FILE", conflicts_with = "stdout")]
    pub(crate) out: Option<PathBuf>,
    /// Write to the screen instead
    #[arg(long)]
    pub(crate) stdout: bool,
    /// Overwrite what is there
    #[arg(short, long)]
    pub(crate) force: bool,
}
