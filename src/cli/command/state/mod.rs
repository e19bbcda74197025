//! `sindri state`, and the verbs that change the record alone.

mod accept;
mod forget;
mod history;
mod look;
mod mark;
mod migrate;
mod refresh;
mod rename;
mod transfer;
mod writing;

pub(crate) use mark::{taint, untaint};
pub(crate) use refresh::run as refresh;
pub(crate) use verbs::run;

mod verbs;
