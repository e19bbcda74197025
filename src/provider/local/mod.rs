//! This host as a provider: a machine is a directory with its own HOME, PATH and environment.
//!
//! No daemon, no root, no isolation either: what runs in such a machine runs as the person who
//! called Sindri. Everything lies below one root (`$SINDRI_DATA_DIR`, else the person's data
//! directory):
//!
//! ```text
//! <root>/<lineage>/machines/<name>/             a machine; its id is this path
//!                    machine.json               whose it is and what it was made to be
//!                    home/  home/.local/bin     HOME, and the first entry of PATH
//!                    tmp/                       TMPDIR
//!                    run/secrets/NAME           secrets (0700, each 0400)
//! <root>/<lineage>/volumes/<name>/              a volume's content, the person's alone
//! <root>/<lineage>/volumes/<name>.json          whose it is
//! <root>/<lineage>/*/.<name>.new, .<name>.gone  being made, being removed
//! ```
//!
//! `tmp` and `run` are made when first needed.
//!
//! **Whole or not at all.** A machine is built under a name with a dot and renamed into place; it
//! is renamed away before it is removed. What a kill leaves behind has a fixed name and is swept by
//! the next create or delete of the same object.
//!
//! **Paths in the machine.** The machine's directory is its root: `/run/secrets/X` is
//! `<machine>/run/secrets/X`. `~` is its home, as are `/alt/home/developer` (the home of the images
//! of Sindri 3) and, for `workspace` alone, `/workspace`. A path that already starts with the
//! machine's directory is taken as it is. A path is absolute, holds no `..`, and may not lead
//! through a link to anywhere but the machine itself and its volumes.
//!
//! **The whole host.** A machine with `wholeHost` has a link to the person's own home for its own, and
//! is worked in as if it were this host: nothing is mounted in that home, and it outlives the machine.
//!
//! **Mounts** are symbolic links at these paths to the volumes' contents; they can't lie in one
//! another.

mod capabilities;
mod check;
mod content;
mod create;
mod delete;
mod environment;
mod error;
mod exec;
mod ground;
mod marker;
mod mount;
mod observe;
mod path;
mod place;
mod power;
mod provider;
mod sighting;
mod takeover;
#[cfg(test)]
mod tests;
mod update;

pub use capabilities::CAPABILITIES;
pub use provider::Local;
