//! Files: the only door to the file system.
//!
//! What is written here is either wholly there or not at all: a kill at any instant leaves the old
//! content, the new one, or a leftover whose name starts with a dot.

mod atomic;
mod nearby;
mod tree;

pub use atomic::{
    append, read_file, read_limited, sync_dir, write_atomic, write_by_way_of, write_new,
};
pub use nearby::{Nearby, Trace};
pub use tree::{
    Entry, create_dir, create_private_dir_all, entry, link, list, list_kinds, remove_empty_dir,
    remove_file, remove_tree, rename_new, resolve, writable,
};
