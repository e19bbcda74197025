//! Tests of the room as a whole.

mod bench;
mod embedded;
mod fixture;
