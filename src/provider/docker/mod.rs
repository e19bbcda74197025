//! Docker: machines as containers of a Docker Engine, or of what speaks its API.
//!
//! A machine is a container that does nothing but stay up, so that any image with `/bin/sh` serves;
//! its secrets lie on a small volume of their own. `request` builds what is sent, the other modules
//! send it, and `seen` says what comes back in the words of the specifications.

mod archive;
mod build;
mod check;
mod classify;
mod container;
mod credentials;
mod endpoint;
mod engine;
#[cfg(test)]
#[cfg(unix)]
mod engine_tests;
mod exec;
mod features;
mod files;
mod host_config;
mod image;
mod label;
mod listing;
mod machine;
mod network;
mod observe;
mod ownership;
mod provider;
mod request;
mod secrets;
mod seen;
#[cfg(test)]
mod seen_tests;
mod session;
mod takeover;
mod volume;

pub use build::ImageNews;
pub use engine::Docker;
pub use provider::CAPABILITIES;
pub use request::{Baked, ImageBuild, ImageTarget};
