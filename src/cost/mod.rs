//! What machines cost a month: from a dated price table, without asking anybody.

mod e2b;
mod estimate;
mod fly;

pub use estimate::{Cost, Estimate, PRICES_OF, Part, Usd, estimate};
