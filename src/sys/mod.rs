//! The only door to files, processes, HTTP, the clock, randomness and the environment.

mod clock;
mod environment;
pub mod files;
mod host;
pub mod http;
pub mod process;
mod random;

pub use clock::Clock;
pub use environment::Environment;
pub use host::{host_name, keep_memory_private, program, user_name};
pub use random::Random;

use std::sync::Arc;

/// The world a command runs in; tests hand over one of their own.
#[derive(Clone, Debug)]
pub struct World {
    /// The environment variables.
    pub environment: Arc<Environment>,
    /// The time.
    pub clock: Clock,
    /// Random identities.
    pub random: Arc<Random>,
}

impl World {
    /// The world this process runs in.
    pub fn real() -> Self {
        Self {
            environment: Arc::new(Environment::of_process()),
            clock: Clock::System,
            random: Arc::new(Random::system()),
        }
    }
}
