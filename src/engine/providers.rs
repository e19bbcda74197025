//! Which providers there are: opened when first needed, the reading half apart from the acting one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::plan::Capabilities;
use crate::provider::{Provider, ProviderError, Reader};
use crate::resource::ProviderKind;

/// Opens providers to look; what holds only this can't act.
pub trait Readers: Send + Sync {
    /// The reading half of a provider.
    fn reader(&self, kind: ProviderKind) -> Result<Arc<dyn Reader>, ProviderError>;

    /// What a provider can do, known without opening it.
    fn capabilities(&self, kind: ProviderKind) -> Option<Capabilities>;
}

/// Opens providers to act.
pub trait Providers: Readers {
    /// A whole provider.
    fn provider(&self, kind: ProviderKind) -> Result<Arc<dyn Provider>, ProviderError>;

    /// These providers as ones that only look.
    fn readers(&self) -> &dyn Readers;
}

/// How one provider is opened.
pub type Open = Box<dyn Fn() -> Result<Arc<dyn Provider>, ProviderError> + Send + Sync>;

/// Providers opened once each.
#[derive(Default)]
pub struct OpenOnce {
    ways: BTreeMap<ProviderKind, (Capabilities, Open)>,
    opened: Mutex<BTreeMap<ProviderKind, Arc<dyn Provider>>>,
}

impl OpenOnce {
    /// Adds a provider and how it is opened.
    #[must_use]
    pub fn with(mut self, kind: ProviderKind, capabilities: Capabilities, open: Open) -> Self {
        self.ways.insert(kind, (capabilities, open));
        self
    }
}

impl Readers for OpenOnce {
    fn reader(&self, kind: ProviderKind) -> Result<Arc<dyn Reader>, ProviderError> {
        let provider: Arc<dyn Provider> = self.provider(kind)?;
        Ok(provider)
    }

    fn capabilities(&self, kind: ProviderKind) -> Option<Capabilities> {
        self.ways
            .get(&kind)
            .map(|(capabilities, _)| capabilities.clone())
    }
}

impl Providers for OpenOnce {
    fn provider(&self, kind: ProviderKind) -> Result<Arc<dyn Provider>, ProviderError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provider) = opened.get(&kind) {
            return Ok(Arc::clone(provider));
        }
        let Some((_, open)) = self.ways.get(&kind) else {
            return Err(ProviderError::new(
                crate::provider::Class::Invalid,
                crate::diagnostic::Code::new("provider::not-built"),
                format!("this version of sindri can't work on `{kind}` yet"),
            ));
        };
        let provider = open()?;
        opened.insert(kind, Arc::clone(&provider));
        Ok(provider)
    }

    fn readers(&self) -> &dyn Readers {
        self
    }
}
