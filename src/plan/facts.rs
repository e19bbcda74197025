//! What a plan must know beyond desired, recorded and observed.

use std::collections::BTreeMap;

use crate::catalog::{Outlook, Relock};
use crate::diagnostic::Diagnostics;
use crate::resource::ProviderKind;

/// Capabilities of providers, and findings of checks.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What each provider in play can do.
    pub capabilities: BTreeMap<ProviderKind, Capabilities>,
    /// What the extensions of machines that are alike come to.
    pub outlooks: Vec<Outlook>,
    /// What would become of the lock.
    pub lock: Option<Relock>,
    /// What the checks found.
    pub findings: Diagnostics,
}

/// What a provider can and can't do; known without asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Paths of a machine's or volume's specification that it changes in place.
    pub in_place: &'static [&'static str],
    /// Whether a new machine can stand beside the old one, no name, port or volume clashing.
    pub create_before_destroy: bool,
    /// What it accepts without enforcing it, by path, with the reason a person reads.
    pub not_enforced: &'static [(&'static str, &'static str)],
}
