//! Jobs run for real: on a `local` machine in a temporary directory, with made-up package managers
//! on its PATH.

mod archives;
mod depot;
mod failures;
mod ground;
mod lives;
mod network;
mod packages;
mod real;
mod scripts;
mod services;
mod transcripts;
mod upgrades;
