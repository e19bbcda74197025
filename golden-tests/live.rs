//! Live tests: the built program on this host and on a real Docker Engine, killed, starved, misled.
//!
//! They fail, rather than skip, where a component is missing; `golden-tests/run` sets all of them up.

mod image;
mod kills;
