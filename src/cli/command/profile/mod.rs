//! `sindri profile`: the sets of extensions that have a name.

mod derive;
mod install;
mod show;
mod verbs;

pub(crate) use verbs::run;
