//! The provider contract, and one folder for each provider.
//!
//! A provider is two halves: [`Reader`] looks, [`Provider`] acts. Drift and plan hold readers only,
//! so that what is read-only is so by type.

mod contract;
pub mod docker;
pub mod e2b;
mod error;
pub mod fake;
pub mod fly;
pub mod local;
mod request;
mod shell;
#[cfg(test)]
pub(crate) mod suite;
mod takeover;

pub use contract::{Answer, Provider, Reader};
pub use error::{Class, ProviderError};
pub use request::{
    Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef, Made, Output,
    Progress, Query, Question, Stream, TerminalSize, UpdateRequest,
};
pub use takeover::{Owned, Sought, Stray, TakeRequest};
