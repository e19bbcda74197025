//! Live tests: the built program on this host and on a real Docker Engine, killed, starved, misled.
//!
//! They fail, rather than skip, where a component is missing; `golden-tests/run` sets all of them up.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that can't be set up is a failed test"
)]

mod kills;
