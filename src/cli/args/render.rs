//! What may be typed of the commands that render files for other tools.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, OnDemand};

#[derive(Debug, Subcommand)]
pub(crate) enum RenderVerb {
    /// A devcontainer.json, for editors that make containers
    Devcontainer(OnDemand<RenderDevcontainerArgs>),
    /// A fly.toml, for those who stay with `fly deploy`
    #[command(name = "fly.toml")]
    FlyToml(OnDemand<RenderArgs>),
}

impl RenderVerb {
    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Devcontainer(args) => &args.render.common,
            Self::FlyToml(args) => &args.common,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The machine, where there are several
    pub(crate) machine: Option<String>,
    /// Write this file instead of showing it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite a file that sindri didn't write, or that was edited since
    #[arg(short, long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RenderDevcontainerArgs {
    #[command(flatten)]
    pub(crate) render: RenderArgs,
    /// Write .devcontainer/devcontainer.json beside the configuration
    #[arg(short, long, conflicts_with = "out")]
    pub(crate) write: bool,
}
