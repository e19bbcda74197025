//! Live tests: the real binary on this host and on a real Docker Engine, killed, starved and broken.
//!
//! They fail, rather than skip, where a component is missing; `golden-tests/run` sets all of them up.

