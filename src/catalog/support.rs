//! What a whole resolution comes to: where it works, and what it takes.

use std::time::Duration;

use super::manifest::Support;
use super::resolve::Resolution;
use crate::address::Name;
use crate::resource::{ProviderKind, Size};

/// How well a resolution works on a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// As its worst extension.
    pub support: Support,
    /// From the extension asked for to the one that decides; empty where all of it works.
    pub chain: Vec<Name>,
    /// Why that one doesn't work.
    pub reason: Option<String>,
    /// What to do instead.
    pub alternative: Option<String>,
}

/// What an installation of all of a resolution takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Disk of those that say it; none: no one does.
    pub disk: Option<Size>,
    /// Time, one after the other, of those that say it.
    pub time: Option<Duration>,
}

impl Resolution {
    /// How well all of it works on a provider.
    pub fn verdict(&self, provider: ProviderKind) -> Verdict {
        let on = |support| {
            self.extensions
                .iter()
                .find(|one| one.manifest.compatibility.on(provider) == support)
        };
        let Some(worst) = on(Support::Unsupported).or_else(|| on(Support::Partial)) else {
            return Verdict {
                support: Support::Supported,
                chain: Vec::new(),
                reason: None,
                alternative: None,
            };
        };
        let compatibility = &worst.manifest.compatibility;
        Verdict {
            support: compatibility.on(provider),
            chain: self.chain(&worst.manifest.name),
            reason: compatibility.reason.clone(),
            alternative: compatibility.alternatives.get(&provider).cloned(),
        }
    }

    /// What all of it takes.
    pub fn totals(&self) -> Totals {
        let needs = || self.extensions.iter().map(|one| &one.manifest.requirements);
        let disk = needs()
            .filter_map(|needs| needs.disk)
            .map(Size::as_bytes)
            .reduce(u64::saturating_add)
            .map(Size::bytes);
        let time = needs()
            .filter_map(|needs| needs.install_time)
            .reduce(Duration::saturating_add);
        Totals { disk, time }
    }
}
