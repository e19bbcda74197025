//! `state.encryption`: what the state is encrypted with.

use super::section::section;

section! {
    /// What the state is encrypted with; a passphrase comes from the environment only.
    Encryption in "state.encryption" {
        /// A file with a key of 32 random bytes, relative to this file; the environment wins.
        "keyFile" => key_file: Option<String> = None;
    }
}
