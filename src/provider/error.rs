//! Errors of providers, classified by what may be done about them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};

/// What may be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Nothing happened; the same call may go through later.
    Retryable,
    /// Too many calls; wait this long.
    Throttled(Duration),
    /// Another object or call is in the way.
    Conflict,
    /// The object isn't there.
    NotFound,
    /// Credentials or permissions don't suffice.
    Denied,
    /// The provider can't be reached; nothing happened.
    Unreachable,
    /// The request asks for what can't be.
    Invalid,
    /// Nobody knows whether it happened: look before trying again.
    Ambiguous,
    /// It failed inside the machine.
    Failed,
}

/// Why a provider didn't do what was asked; holds no secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What may be done about it.
    pub class: Class,
    /// The stable code, such as `docker::port-taken`.
    pub code: Code,
    /// What happened: lower case, no trailing period.
    pub message: String,
    /// What a person can do.
    pub help: Option<String>,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ProviderError {
    /// An error without help or source.
    pub fn new(class: Class, code: Code, message: impl Into<String>) -> Self {
        Self {
            class,
            code,
            message: message.into(),
            help: None,
            source: None,
        }
    }

    /// Adds what a person can do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what lies beneath.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl Diagnose for ProviderError {
    fn diagnose(&self) -> Diagnostics {
        let mut finding = Diagnostic::error(self.code.clone(), self.message.clone());
        if let Some(source) = &self.source {
            finding = finding.caused_by(source.as_ref());
        }
        finding.help.clone_from(&self.help);
        vec![finding]
    }
}
