//! An emulator of the Machines API, for tests: stateful, over real HTTP on loopback.
//!
//! It holds what Fly.io holds, and answers what the documents say: versions, leases, soft deletes,
//! digests, limits, hosts that are away, pages, machines that show only after a while, and what goes
//! wrong on demand. Commands really run, on this host, in a directory of the machine's own.

mod apps;
mod command;
mod fault;
mod http;
mod limits;
mod machines;
mod organizations;
mod volumes;
pub(crate) mod world;

pub(crate) use fault::{Fault, Trouble};
pub(crate) use http::Emulator;
