//! What a world is told to do wrong, and what its machines answer.

use serde::{Deserialize, Serialize};

use super::Verb;
use crate::address::{Address, Kind};
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};

/// A scripted misbehaviour and the calls it hits; what is absent matches everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<Verb>,
    /// The resource; a call inside a machine counts as the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The kind of resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How often it still happens; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What happens.
    pub effect: Effect,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing is done, and the call fails.
    Fail(Failure),
    /// It is done, but the call fails: what an ambiguous error looks like from outside.
    FailAfter(Failure),
    /// Nothing is done, but the call succeeds.
    Pretend,
    /// It is done, and the code that did it panics: a defect of a provider.
    Panic,
    /// The call takes this many milliseconds.
    Delay(u64),
    /// The call doesn't come back until [`FakeWorldHandle::release`] lets it.
    ///
    /// [`FakeWorldHandle::release`]: super::FakeWorldHandle::release
    Stall,
    /// An observation leaves the object out.
    Omit,
    /// An observation can't read the object, for this reason.
    Unreadable(String),
}

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What may be done about it.
    pub class: Class,
    /// The stable code.
    #[serde(default = "failed")]
    pub code: Code,
    /// What happened.
    pub message: String,
}

fn failed() -> Code {
    Code::new("fake::failed")
}

impl Failure {
    /// A failure of a class.
    pub fn new(class: Class, message: &str) -> Self {
        Self {
            class,
            code: failed(),
            message: message.to_owned(),
        }
    }

    pub(super) fn error(&self) -> ProviderError {
        ProviderError::new(self.class, self.code.clone(), self.message.clone())
    }
}

impl Fault {
    /// A misbehaviour of every call.
    pub fn new(effect: Effect) -> Self {
        Self {
            verb: None,
            address: None,
            kind: None,
            times: None,
            effect,
        }
    }

    /// Narrows it to one kind of call.
    #[must_use]
    pub fn on(mut self, verb: Verb) -> Self {
        self.verb = Some(verb);
        self
    }

    /// Narrows it to one resource.
    #[must_use]
    pub fn at(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    /// Narrows it to one kind of resource.
    #[must_use]
    pub fn of(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Limits how often it happens.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    pub(super) fn matches(&self, verb: Verb, address: Option<&Address>) -> bool {
        let same = |wanted: &Address| address == Some(wanted);
        let same_kind = |wanted: &Kind| address.is_some_and(|a| a.kind() == *wanted);
        self.times != Some(0)
            && self.verb.is_none_or(|wanted| wanted == verb)
            && self.address.as_ref().is_none_or(same)
            && self.kind.as_ref().is_none_or(same_kind)
    }
}

/// What a machine answers to the commands that match; without a match, success and no output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scripted {
    /// Texts that must all be in the command: its arguments joined by spaces, then its input.
    pub contains: Vec<String>,
    /// The machine's name; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// How often it is still the answer; for ever if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The exit code.
    pub code: i32,
    /// What it writes to standard output.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    /// What it writes to standard error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

impl Scripted {
    /// The answer to commands that hold a text.
    pub fn to(text: &str, code: i32, stdout: &str) -> Self {
        Self {
            contains: vec![text.to_owned()],
            code,
            stdout: stdout.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn matches(&self, machine: &str, command: &str) -> bool {
        self.times != Some(0)
            && self.machine.as_ref().is_none_or(|wanted| wanted == machine)
            && self
                .contains
                .iter()
                .all(|text| command.contains(text.as_str()))
    }
}
