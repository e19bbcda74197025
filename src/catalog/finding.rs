//! What is wrong with a manifest, by its place in the document rather than in the text.

use crate::diagnostic::{Code, Diagnostic, Severity};

/// A finding about one node, found by a pointer such as `install/steps/0/npm`.
///
/// A manifest without findings never pays for spans: they are looked up only for these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The node, its parts separated by `/`; where it is missing, its nearest parent is meant.
    pub(super) at: String,
    /// Whether the key is meant, not the value.
    pub(super) on_key: bool,
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) summary: String,
    pub(super) help: Option<String>,
}

impl Finding {
    pub(super) fn error(at: &str, code: &'static str, summary: impl Into<String>) -> Self {
        Self {
            at: at.to_owned(),
            on_key: false,
            code,
            severity: Severity::Error,
            summary: summary.into(),
            help: None,
        }
    }

    pub(super) fn warning(at: &str, code: &'static str, summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(at, code, summary)
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }

    /// The finding as people see it, still without a place.
    pub(super) fn diagnostic(&self) -> Diagnostic {
        let code = Code::new(self.code);
        let diagnostic = match self.severity {
            Severity::Error => Diagnostic::error(code, self.summary.clone()),
            Severity::Warning => Diagnostic::warning(code, self.summary.clone()),
            Severity::Advice => Diagnostic::advice(code, self.summary.clone()),
        };
        match &self.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        }
    }
}
