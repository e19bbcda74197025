//! Tests of the room as a whole.

mod agreed;
mod choice;
mod embedded;
mod fixture;
mod lint;
mod mistakes;
mod properties;
mod resolution;
mod schema;
mod selection;
mod verdict;
mod version_three;
