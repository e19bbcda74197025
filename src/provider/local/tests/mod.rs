//! Tests on real directories and processes.

mod commands;
mod ground;
mod kills;
mod life;
mod observation;
mod paths;
mod sightings;
mod whole_host;
