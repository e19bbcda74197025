//! An extension of the catalog, as it is shown.

use std::sync::Arc;

use super::Installation;
use crate::catalog::{Manifest, Resolution, Verdict};
use crate::resource::ProviderKind;

/// An extension of the catalog, as it is shown.
#[derive(Clone, Debug)]
pub struct ExtensionEntry {
    /// What its manifest says.
    pub manifest: Arc<Manifest>,
    /// It and all that it needs.
    pub resolution: Resolution,
    /// Whether it stands beside the configuration rather than in the program.
    pub beside: bool,
    /// How well it works, with all that it needs, on the providers of the configuration.
    pub here: Vec<(ProviderKind, Verdict)>,
    /// As `here`, on every provider.
    pub everywhere: Vec<(ProviderKind, Verdict)>,
    /// Where it is recorded as installed.
    pub installed: Vec<Installation>,
}
