//! Diagnostics: one finding each, collected so that a run reports all of them at once.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Place;
use crate::address::Address;

/// The stable code of a diagnostic, such as `config::unknown-field`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// A person or the system stopped a command that hadn't begun anything.
    pub const INTERRUPTED: Self = Self::new("cli::interrupted");

    /// A code known when Sindri is built.
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Advice,
    /// Goes on, but a person should look.
    Warning,
    /// Nothing may be touched.
    Error,
}

/// One finding: what happened, where, why and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable, documented, greppable.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What happened: lower case, no trailing period.
    pub summary: String,
    /// Why: causes from the outermost to the innermost, none repeating another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The resource it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where it stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Whether `--allow CODE` may lower this error to a warning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allowable: bool,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, summary: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, summary)
    }

    /// A warning.
    pub fn warning(code: Code, summary: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, summary)
    }

    /// A piece of advice.
    pub fn advice(code: Code, summary: impl Into<String>) -> Self {
        Self::new(code, Severity::Advice, summary)
    }

    fn new(code: Code, severity: Severity, summary: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            summary: summary.into(),
            causes: Vec::new(),
            help: None,
            address: None,
            place: None,
            allowable: false,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds where it stands.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds the resource it is about.
    #[must_use]
    pub fn on(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds the chain of sources of an error, leaving out what a layer above already said.
    #[must_use]
    pub fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            let said = |other: &String| other.contains(&text);
            if !said(&self.summary) && !self.causes.iter().any(said) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Lets `--allow CODE` lower it.
    #[must_use]
    pub fn allowable(mut self) -> Self {
        self.allowable = true;
        self
    }

    /// Whether it stops a command.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Findings, in the order in which they were made.
pub type Diagnostics = Vec<Diagnostic>;

/// What every room's error can do: say itself as diagnostics.
pub trait Diagnose {
    /// The findings this error stands for; at least one.
    fn diagnose(&self) -> Diagnostics;
}

/// The known word closest to a mistyped one, if one is close.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed_lower = typed.to_lowercase();
    known
        .into_iter()
        .map(|word| {
            let score = strsim::damerau_levenshtein(&typed_lower, &word.to_lowercase());
            (score, word)
        })
        .filter(|(score, word)| *score <= word.chars().count().max(3) / 3)
        .min_by_key(|(score, _)| *score)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word() {
        let known = ["region", "organization", "sshPort"];
        assert_eq!(did_you_mean("regoin", known), Some("region"));
        assert_eq!(did_you_mean("sshport", known), Some("sshPort"));
        assert_eq!(did_you_mean("banana", known), None);
    }

    #[test]
    fn causes_are_not_repeated() {
        let inner = std::io::Error::other("disk on fire");
        let finding =
            Diagnostic::error(Code::new("x"), "cannot write: disk on fire").caused_by(&inner);
        assert!(finding.causes.is_empty());
    }
}
