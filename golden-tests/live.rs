//! Live tests: the built program on this host and on a real Docker Engine, killed, starved, misled.
//!
//! They fail, rather than skip, where a component is missing; `golden-tests/run` sets all of them up.

#[expect(
    dead_code,
    unused_imports,
    reason = "a test's server: some of it only others use"
)]
#[path = "../src/provider/fly/emulator/mod.rs"]
mod fly_emulator;
mod image;
mod kills;
