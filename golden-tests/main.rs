//! Black-box tests: the built program against whole worlds.

mod kills;
