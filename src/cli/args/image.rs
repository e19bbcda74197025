//! What may be typed of the commands about the image.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Common, OnDemand};
use crate::provider::docker::ImageTarget;

#[derive(Debug, Subcommand)]
pub(crate) enum ImageVerb {
    /// Build the image of a Dev Container, or of a machine that is reached over ssh
    Build(OnDemand<ImageBuildArgs>),
}

impl ImageVerb {
    /// The options that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Build(args) => &args.common,
        }
    }
}

#[derive(Args, Debug)]
#[expect(
    clippy::option_option,
    reason = "`--bake` may be absent, alone, or name a machine"
)]
pub(crate) struct ImageBuildArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What the image is for
    #[arg(long, value_name = "TARGET", value_enum, default_value_t = Purpose::Local)]
    pub(crate) target: Purpose,
    /// The image's name [default: <NAME OF THE PROJECT>:<TARGET>]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Push it to the registry that its name begins with
    #[arg(long, requires = "tag")]
    pub(crate) push: bool,
    /// The image to make it from: Debian, Ubuntu or what is made of them [default: debian:bookworm]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<String>,
    /// Install the extensions of sindri.yaml in it; of which machine, where there are several
    #[arg(long, value_name = "MACHINE", num_args = 0..=1, require_equals = true)]
    pub(crate) bake: Option<Option<String>>,
    /// The Sindri that installs them: a program for Linux [default: this one]
    #[arg(long, value_name = "FILE", requires = "bake")]
    pub(crate) sindri: Option<PathBuf>,
    /// An argument of the Dockerfile, as `SUDO=1` (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = argument)]
    pub(crate) build_arg: Vec<(String, String)>,
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// A Dev Container.
    Local,
    /// A machine that is reached over ssh.
    Remote,
}

impl From<Purpose> for ImageTarget {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Local => Self::Local,
            Purpose::Remote => Self::Remote,
        }
    }
}

fn argument(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write it as NAME=VALUE")?;
    match name {
        "BASE" => Err("name the base with --base".to_owned()),
        "UPDATES" => Err("it is always today's".to_owned()),
        name => Ok((name.to_owned(), value.to_owned())),
    }
}
