//! `sindri render`: files for other tools.

mod deliver;
mod devcontainer;
mod fly_toml;
mod verbs;

pub(crate) use verbs::run;
