//! Kills, interrupts and everything else that may go wrong around the program.
//!
//! The program itself runs here, is killed at random instants and met with a spoilt world; what
//! counts is what stands afterwards. `SINDRI_KILLS` says how many kills the local tests deal out
//! (300 otherwise; a fifteenth of it on an Engine), `SINDRI_KILL_SEED` replays the life a failure names;
//! `SINDRI_FAULTY_LIVES` how many lives each emulated cloud is made to fail in (12 otherwise); `SINDRI_LIVE=fly` lets
//! [`whole`] live on Fly.io itself.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what can't go on in a test is a failure of it"
)]

mod adoptions;
mod boundaries;
mod canaries;
mod clouds;
mod contention;
mod damage;
mod databases;
mod docker_life;
mod doors;
#[expect(
    dead_code,
    unused_imports,
    reason = "a test's server: only the tests of our own provider use all of it"
)]
#[path = "../src/provider/e2b/tests/emulator/mod.rs"]
mod e2b_emulator;
mod engine;
mod engine_away;
mod extensions;
mod ground;
#[expect(dead_code, reason = "only the tests of its store let it fall silent")]
#[path = "../src/store/http/tests/server.rs"]
mod http_server;
mod imports;
mod interrupts;
mod life;
mod local_life;
mod meddling;
mod naps;
mod needles;
mod open_intents;
mod rekeying;
mod remote;
mod secrets;
mod seed;
mod store;
mod strangers;
mod streams;
mod tally;
mod trace;
mod whole;

use crate::fly_emulator;
