//! `state`: how the state is kept.

use super::encryption::Encryption;
use super::section::section;

section! {
    /// How the state is kept.
    StateFields in "state" {
        /// What it is encrypted with.
        "encryption" => encryption: Option<Encryption> = None;
    }
}
