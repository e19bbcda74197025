//! The command that installs a machine's extensions inside a container which an editor made.

use super::shell::word;
use crate::address::Address;

/// What is applied on `local` inside the container.
#[derive(Clone, Debug, Default)]
pub struct ApplyInside {
    /// The configuration's file name, where it isn't the one read anyway.
    pub config: Option<String>,
    /// The extensions, where the file has other machines too; all there is where empty.
    pub targets: Vec<Address>,
}

impl ApplyInside {
    /// The command line; where the image has no sindri it says so and leaves the container usable.
    pub(super) fn command(&self) -> String {
        let mut words = vec!["sindri deploy --provider local --auto-approve".to_owned()];
        words.extend(
            self.config
                .iter()
                .map(|file| format!("--config {}", word(file))),
        );
        words.extend(
            self.targets
                .iter()
                .map(|target| format!("--target {target}")),
        );
        format!(
            "if command -v sindri >/dev/null; then {}; else echo 'This image has no sindri: no extensions were installed.' >&2; fi",
            words.join(" ")
        )
    }
}
