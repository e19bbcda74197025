//! Secrets: where their values come from, and how they are kept from being printed.

mod dotenv;
mod redact;
mod resolve;
mod value;

pub use redact::{Redactor, RedactorStream};
pub use resolve::{Resolved, Resolver, SecretQuestion};
pub use value::Value;
