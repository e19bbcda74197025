//! Apply: executes a plan on its graph and nothing else; it never plans.
//!
//! One dispatcher owns the journal: it commits the outcomes of what ended together with the intents
//! of what starts next as one group, and only then lets the next calls go out. Steps run as tasks
//! of their own and talk to it through values.

mod awake;
mod dispatcher;
mod door;
mod halt;
mod leftover;
mod outcome;
mod recorder;
mod run;
mod task;
mod urgency;
mod work;

pub use dispatcher::{Apply, ApplyError, Journal, Stop, apply};
pub use recorder::conclude;
pub use run::Context;
