//! Another version of an extension: what its manifest says of the way there.

use super::decide::{Decider, Decision};
use super::{Action, Order, Reason};
use crate::desired::Wanted;
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::{ExtensionSpec, UpgradeStrategy};
use crate::state::{Object, Status};

impl Decider<'_> {
    /// What becomes of a standing extension of which another content is wanted; none where its steps
    /// simply run again.
    pub(super) fn upgrade(
        &mut self,
        wanted: &Wanted,
        object: &Object,
        requested: bool,
    ) -> Option<Decision> {
        let (Some(new), Some(old)) = (wanted.spec.extension(), object.spec.extension()) else {
            return None;
        };
        // Of what a person or a run that was killed left tainted, nothing can stay as it is.
        let tainted = match object.status {
            Status::Ready | Status::Partial { .. } => false,
            Status::Tainted => true,
            Status::Deleting | Status::Retained => return None,
        };
        match new.upgrade {
            UpgradeStrategy::Automatic | UpgradeStrategy::InPlace => None,
            UpgradeStrategy::Reinstall => Some(Decision::new(
                Action::Replace(Order::DestroyFirst),
                Reason::Reinstalled,
            )),
            UpgradeStrategy::Manual if requested || tainted => None,
            UpgradeStrategy::None if tainted => None,
            UpgradeStrategy::Manual => {
                let found = Diagnostic::warning(
                    Code::new("extension::by-hand"),
                    format!("`{}` stays {}: its upgrade is left to you", wanted.address, way(old, new)),
                )
                .help(format!(
                    "look at what it changes; when you are ready, `sindri apply --replace {}` does it",
                    wanted.address
                ));
                self.checks.push(found.on(wanted.address.clone()));
                Some(Decision::new(Action::NoOp, Reason::ByHand))
            }
            UpgradeStrategy::None => {
                let found = Diagnostic::advice(
                    Code::new("extension::never-upgraded"),
                    format!(
                        "`{}` stays {}: its manifest says that it is never upgraded",
                        wanted.address,
                        way(old, new)
                    ),
                )
                .help("a machine that is made anew gets the new one");
                self.checks.push(found.on(wanted.address.clone()));
                Some(Decision::new(Action::NoOp, Reason::NeverUpgraded))
            }
        }
    }
}

/// `at 1.0.0, and 2.0.0 is wanted`; of one version with two contents the digests.
fn way(old: &ExtensionSpec, new: &ExtensionSpec) -> String {
    if old.version == new.version {
        let (old_content, new_content) = (old.content.short(), new.content.short());
        return format!(
            "at {} ({old_content}), and another content of it ({new_content}) is wanted",
            old.version
        );
    }
    format!("at {}, and {} is wanted", old.version, new.version)
}
