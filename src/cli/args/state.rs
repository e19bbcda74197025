//! What may be typed of the commands that look into the state or change the record alone.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Act, Common, OnDemand, WAITS, address};
use crate::address::Address;

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// The addresses recorded, one a line
    List(OnDemand<StateListArgs>),
    /// Everything recorded at an address
    Show(OnDemand<StateShowArgs>),
    /// Rename an address; a machine takes along what belongs to it
    Mv(OnDemand<StateMvArgs>),
    /// Forget addresses without destroying what stands there
    Rm(OnDemand<StateRmArgs>),
    /// Mark objects to be made anew by the next apply
    Taint(OnDemand<TaintArgs>),
    /// Take the mark off again
    Untaint(OnDemand<TaintArgs>),
    /// Write what the providers show into the state
    Refresh(OnDemand<RefreshArgs>),
    /// Print the whole state as a document
    Pull(OnDemand<StateListArgs>),
    /// Put a document in the place of the state
    Push(OnDemand<StatePushArgs>),
    /// The versions kept, the newest first
    History(OnDemand<StateListArgs>),
    /// Go back to a version, as a new write
    Restore(OnDemand<StateRestoreArgs>),
    /// Move the state to another store
    Migrate(OnDemand<StateMigrateArgs>),
    /// Go on from a state that is older than what this host has seen
    Accept(OnDemand<StateAcceptArgs>),
    /// Encrypt the state, give it another key, or decrypt it
    Rekey(crate::cli::command::RekeyArgs),
}

impl StateCommand {
    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::List(args) | Self::Pull(args) | Self::History(args) => &args.common,
            Self::Show(args) => &args.common,
            Self::Mv(args) => &args.common,
            Self::Rm(args) => &args.common,
            Self::Taint(args) | Self::Untaint(args) => &args.common,
            Self::Refresh(args) => &args.common,
            Self::Push(args) => &args.common,
            Self::Restore(args) => &args.common,
            Self::Migrate(args) => &args.common,
            Self::Accept(args) => &args.common,
            Self::Rekey(args) => &args.common,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct StateListArgs {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args, Debug)]
pub(crate) struct StateShowArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The address, such as machine.dev
    #[arg(value_parser = address)]
    pub(crate) address: Address,
}

/// How a command waits for the state.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Wait {
    /// How long to wait for another command that holds the state, in seconds [default: 0]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(WAITS))]
    pub(crate) lock_timeout: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct StateMvArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The address it has
    #[arg(value_parser = address)]
    pub(crate) from: Address,
    /// The address it shall have
    #[arg(value_parser = address)]
    pub(crate) to: Address,
    /// Show what would be renamed and stop there
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct StateRmArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to forget
    #[arg(value_name = "ADDRESS", value_parser = address, required = true)]
    pub(crate) addresses: Vec<Address>,
    /// Show what would be forgotten and stop there
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct TaintArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to mark
    #[arg(value_name = "ADDRESS", value_parser = address, required = true)]
    pub(crate) addresses: Vec<Address>,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct RefreshArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Don't ask before writing
    #[arg(long)]
    pub(crate) auto_approve: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The resource it shall be, which the configuration asks for
    #[arg(value_parser = address)]
    pub(crate) address: Address,
    /// Its id at the provider; on `local` the path of a directory
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) act: Act,
}

#[derive(Args, Debug)]
pub(crate) struct AdoptArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to adopt; without, what could be is listed
    #[arg(value_name = "ADDRESS", value_parser = address)]
    pub(crate) addresses: Vec<Address>,
    #[command(flatten)]
    pub(crate) act: Act,
}

#[derive(Args, Debug)]
pub(crate) struct StatePushArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// A document as `sindri state pull` prints it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Take it even though it is no later than what is recorded
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct StateRestoreArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The version, as `sindri state history` numbers it
    #[arg(value_name = "SERIAL")]
    pub(crate) serial: u64,
    /// Don't ask before acting
    #[arg(long)]
    pub(crate) auto_approve: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct StateMigrateArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where to: a path, or an address, as `SINDRI_STATE` has it
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Args, Debug)]
pub(crate) struct StateAcceptArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Don't ask before writing
    #[arg(long)]
    pub(crate) auto_approve: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}
