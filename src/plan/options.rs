//! What a person asked of a plan.

use crate::address::Address;
use crate::digest::Digest;

/// What a person asked of a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// Plans to delete everything recorded.
    pub destroy: bool,
    /// Deletes volumes too, instead of retaining them.
    pub delete_volumes: bool,
    /// Narrows the plan to these and what they need; empty for all.
    pub targets: Vec<Address>,
    /// Whether the command itself means no more than the targets: nobody has to be told.
    pub narrow_by_nature: bool,
    /// Leaves these out, and what needs them.
    pub excludes: Vec<Address>,
    /// Replaces these even where nothing changed.
    pub replace: Vec<Address>,
    /// Codes of errors that are lowered to warnings.
    pub allow: Vec<String>,
    /// The digest of the configuration's text.
    pub config: Digest,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            destroy: false,
            delete_volumes: false,
            targets: Vec::new(),
            narrow_by_nature: false,
            excludes: Vec::new(),
            replace: Vec::new(),
            allow: Vec::new(),
            config: Digest::of_bytes(b""),
        }
    }
}
