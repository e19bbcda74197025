//! Every call to E2B as a value, built without asking anybody.

mod call;
mod daemon;
mod sandbox;
mod template;
#[cfg(test)]
mod tests;

pub(super) use call::{Call, Effect};
pub(super) use daemon::{Size, close_stdin, feed, health, read_file, resize, signal, start};
pub(super) use sandbox::{
    KILLED, connect, create, create_before_keys, delete, detail, events, extend, list, network,
    pause,
};
pub(super) use template::{
    alias_of, begin_build, build_status, find_alias, new_template, versions,
};
