//! The only door to files, processes, HTTP, the clock, randomness and the environment.
