//! E2B: sandboxes by a web interface, and the daemon inside them.
//!
//! A machine is a sandbox, made from a template that holds image, processors and memory. Which
//! sandbox is whose stands in its metadata, which can't be changed once made.

mod check;
mod client;
mod ended;
mod endpoint;
mod envelope;
mod error;
mod exec;
mod files;
mod inside;
mod label;
mod machine;
mod observe;
mod provider;
mod request;
mod session;
mod takeover;
mod template;
#[cfg(test)]
mod tests;
mod token;
mod wire;

pub use client::E2b;
pub use provider::CAPABILITIES;
