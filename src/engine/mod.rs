//! Refresh, plan, apply, recover: the only room that holds a store, a provider and a plan at once.

mod event;

pub use event::{Event, Summary};
