//! Prerequisites, and how to mend them.
