//! Object stores: one object a group, a document, and a lease, all by conditional writes.

mod bucket;
mod holding;
mod lease;
mod medium;
mod place;
mod record;
#[cfg(test)]
mod tests;
mod versions;

pub(super) use medium::Object;
pub use place::{ObjectPlace, ObjectProtocol};
