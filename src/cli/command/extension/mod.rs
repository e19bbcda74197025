//! `sindri extension`: the catalog, and what became of it in the machines.

mod catalog;
mod edit;
mod lint;
mod log;
mod recorded;
mod upgrade;
mod validate;
mod verbs;

pub(crate) use verbs::run;
