//! Which verb does what.

use super::{devcontainer, fly_toml};
use crate::cli::args::RenderVerb;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, verb: &RenderVerb) -> Outcome {
    match verb {
        RenderVerb::Devcontainer(args) => devcontainer::run(session, args),
        RenderVerb::FlyToml(args) => fly_toml::run(session, args),
    }
}
