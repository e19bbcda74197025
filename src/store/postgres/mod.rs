//! Postgres: one row a state, one row a group, a lock of the session, and a condition on each write.

mod error;
mod holding;
mod login;
mod medium;
mod place;
mod row;
mod session;
mod tables;
#[cfg(test)]
pub(in crate::store) mod tests;
mod tls;

pub use error::PostgresError;
pub(super) use medium::Postgres;
pub use place::{PostgresPlace, SslMode};
