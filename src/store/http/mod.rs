//! States behind Terraform's protocol of HTTP: GET, POST, LOCK and UNLOCK on one address.
//!
//! The protocol has one body for everything, locks that never run out, and no condition on a write.

mod holding;
mod left;
mod medium;
mod place;
mod protocol;
#[cfg(test)]
pub(super) mod tests;

pub(super) use medium::Http;
pub use place::HttpPlace;
