//! What may be typed of the commands about profiles.

use clap::{Args, Subcommand};

use super::Common;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileVerb {
    /// The profiles there are
    List(ProfileListArgs),
    /// What a profile brings, and what of it works here
    #[command(name = "info")]
    Describe(ProfileDescribeArgs),
}

impl ProfileVerb {
    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::List(args) => &args.common,
            Self::Describe(args) => &args.common,
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
