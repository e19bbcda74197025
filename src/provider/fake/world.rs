//! What a world holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::script::{Effect, Fault, Scripted};
use super::{Call, Content, Verb};
use crate::address::{Address, Kind};
use crate::diagnostic::Diagnostics;
use crate::digest::Digest;
use crate::resource::{Attributes, Power, ProviderKind};
use crate::state::{Lineage, ObjectId, OperationId};

/// Everything that stands, everything scripted, and every call made so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FakeWorld {
    /// What stands, strangers' objects included.
    pub objects: Vec<FakeObject>,
    /// What goes wrong; the first that matches a call hits it, delays and stalls besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What commands in machines answer; the first that matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Scripted>,
    /// Why no provider can be reached; they can if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// What checks find, whatever is asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Diagnostics,
    /// Digests of images by reference; one not named here gets the digest of its reference.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// How many milliseconds every call takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<u64>,
    /// What was called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    #[serde(skip)]
    pub(super) instant: u64,
    #[serde(skip)]
    pub(super) released: BTreeSet<Address>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FakeObject {
    /// Where it lives.
    pub provider: ProviderKind,
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: ObjectId,
    /// Its real name; taken for others of its kind. Pins have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose it is; a stranger's carries none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// The resource it stands for; a stranger's stands for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The operation that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// What it is like, power and name apart.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// What can be read of it beyond its specification.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub outputs: Attributes,
    /// Whether a machine runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// A machine's root file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<String>,
    /// A machine's secrets by name: digests of their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Digest>,
    /// A machine's files by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FakeFile>,
}

/// A file in a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FakeFile {
    /// Its bytes.
    pub content: Content,
    /// Its permissions.
    pub mode: u32,
}

impl FakeWorld {
    /// The object that stands for a resource of a lineage, or has the recorded id.
    pub(super) fn find(
        &self,
        provider: ProviderKind,
        lineage: &Lineage,
        address: &Address,
        id: Option<&ObjectId>,
    ) -> Option<&FakeObject> {
        let here = || {
            self.objects
                .iter()
                .filter(|object| object.provider == provider)
        };
        here().find(|object| Some(&object.id) == id).or_else(|| {
            here().find(|object| {
                object.lineage.as_ref() == Some(lineage) && object.address.as_ref() == Some(address)
            })
        })
    }

    /// The object with an id.
    pub(super) fn by_id(
        &mut self,
        provider: ProviderKind,
        id: &ObjectId,
    ) -> Option<&mut FakeObject> {
        self.objects
            .iter_mut()
            .find(|object| object.provider == provider && object.id == *id)
    }

    /// The object that has a real name.
    pub(super) fn by_name(
        &self,
        provider: ProviderKind,
        kind: Kind,
        name: &str,
    ) -> Option<&FakeObject> {
        self.objects.iter().find(|object| {
            object.provider == provider
                && object.kind == kind
                && object.name.as_deref() == Some(name)
        })
    }

    /// The next instant.
    pub(super) fn tick(&mut self) -> u64 {
        self.instant += 1;
        self.instant
    }

    /// What hits a call: everything that delays it, and the first thing that changes its outcome.
    pub(super) fn effects(&mut self, verb: Verb, address: Option<&Address>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut decided = false;
        for fault in &mut self.faults {
            let delays = match &fault.effect {
                Effect::Delay(_) | Effect::Stall => true,
                Effect::Fail(_) | Effect::FailAfter(_) | Effect::Pretend | Effect::Panic => false,
                // They change what an observation shows of one object, not a call.
                Effect::Omit | Effect::Unreadable(_) => continue,
            };
            if (!delays && decided) || !fault.matches(verb, address) {
                continue;
            }
            decided |= !delays;
            fault.times = fault.times.map(|times| times - 1);
            effects.push(fault.effect.clone());
        }
        effects
    }

    /// What an observation shows instead of one object.
    pub(super) fn shown_instead(&mut self, address: &Address) -> Option<Effect> {
        let fault = self.faults.iter_mut().find(|fault| {
            matches!(fault.effect, Effect::Omit | Effect::Unreadable(_))
                && fault.matches(Verb::Observe, Some(address))
        })?;
        fault.times = fault.times.map(|times| times - 1);
        Some(fault.effect.clone())
    }

    /// What a command answers.
    pub(super) fn answer(&mut self, machine: &str, command: &str) -> Scripted {
        let found = self
            .commands
            .iter_mut()
            .find(|answer| answer.matches(machine, command));
        match found {
            Some(answer) => {
                answer.times = answer.times.map(|times| times - 1);
                answer.clone()
            }
            None => Scripted::default(),
        }
    }
}
