//! What may be typed of the commands about profiles.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, EditArgs, OnDemand, provider};
use crate::resource::ProviderKind;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileVerb {
    /// The profiles there are
    List(OnDemand<ProfileListArgs>),
    /// What a profile brings, and what of it works here
    #[command(name = "info")]
    Describe(OnDemand<ProfileDescribeArgs>),
    /// Ask for a profile in the configuration, and apply it
    Install(OnDemand<ProfileInstallArgs>),
    /// Write a profile's variant for one provider
    Derive(OnDemand<ProfileDeriveArgs>),
}

impl ProfileVerb {
    /// Whether it acts: its JSON is a stream of events.
    pub(crate) fn acts(&self) -> bool {
        match self {
            Self::Install(args) => !args.edit.dry_run,
            Self::List(_) | Self::Describe(_) | Self::Derive(_) => false,
        }
    }

    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::List(args) => &args.common,
            Self::Describe(args) => &args.common,
            Self::Install(args) => &args.edit.common,
            Self::Derive(args) => &args.common,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ProfileListArgs {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args, Debug)]
pub(crate) struct ProfileDescribeArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The profile
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct ProfileInstallArgs {
    /// The profile
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Put it in the place of the profile that is there
    #[arg(long)]
    pub(crate) switch: bool,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
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
