//! A whole life on a cloud, seen as whoever pays for it sees it: through the program's own commands
//! and the cloud's public interface, and in no other way.
//!
//! So it is the same life on an emulator, where it is lived otherwise, and on the cloud itself, where
//! `SINDRI_LIVE=fly` says so: `docs/providers/fly.md` tells what that makes, how long it takes and
//! what it costs.

mod account;
mod fly;
