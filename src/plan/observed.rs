//! What the providers say exists now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::digest::Digest;
use crate::resource::{Attributes, Power};
use crate::state::{ObjectId, OperationId, PartFailure};

/// What was seen at each address that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Observed {
    /// By address; an address that isn't here wasn't asked for.
    pub objects: BTreeMap<Address, Observation>,
}

/// What was seen at one address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Observation {
    /// Nothing of ours.
    Absent,
    /// Nothing any more, and its provider tells when what is recorded came to its end.
    Ended(Timestamp),
    /// An object of ours: its id is recorded, or it carries our lineage and this address.
    Present(Box<Seen>),
    /// The provider couldn't say; the reason holds no secret.
    Unreadable(String),
}

/// One thing that happened to a machine, as its provider tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What, in the provider's words: `start started`, `exit stopped`.
    pub what: String,
    /// By whom or what, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How it ended, where that is told: an exit code, a lack of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

/// One object as its provider shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The provider's id.
    pub id: ObjectId,
    /// The operation label it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// What can be read of it, under the paths of its specification, normalised so that a provider's
    /// own defaults and spellings compare equal to what was asked for.
    pub attributes: Attributes,
    /// Whether a machine runs; `power` isn't among the attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// A machine's root file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<String>,
    /// Read but outside the specification: an image's digest, a machine's health and address.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub outputs: Attributes,
    /// Parts of it that don't work any more: tools of an extension, where somebody looked inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<PartFailure>,
}

impl Observation {
    /// Whether nothing of ours is there, as far as its provider knows.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Absent | Self::Ended(_) => true,
            Self::Present(_) | Self::Unreadable(_) => false,
        }
    }
}

impl Observed {
    /// What was seen at an address; `None` if it wasn't asked for.
    pub fn get(&self, address: &Address) -> Option<&Observation> {
        self.objects.get(address)
    }

    /// The object seen at an address.
    pub fn seen(&self, address: &Address) -> Option<&Seen> {
        match self.objects.get(address)? {
            Observation::Present(seen) => Some(seen),
            Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_) => None,
        }
    }

    /// Whether it was looked for at an address, and nothing of ours is there.
    pub fn is_gone(&self, address: &Address) -> bool {
        self.objects.get(address).is_some_and(Observation::is_gone)
    }

    /// The digest of what a plan relies on; power and outputs are left out, since a machine that
    /// merely fell asleep makes no plan stale. So is when something ended: no
    /// provider tells that for ever.
    pub fn digest(&self) -> Digest {
        type Fact<'a> = (
            Option<&'a ObjectId>,
            Option<&'a Attributes>,
            Option<&'a String>,
            &'a [PartFailure],
        );
        let sound: &[PartFailure] = &[];
        let facts: BTreeMap<&Address, Fact<'_>> = self
            .objects
            .iter()
            .map(|(address, observation)| {
                let fact = match observation {
                    Observation::Absent | Observation::Ended(_) => (None, None, None, sound),
                    Observation::Present(seen) => (
                        Some(&seen.id),
                        Some(&seen.attributes),
                        seen.incarnation.as_ref(),
                        &seen.broken[..],
                    ),
                    Observation::Unreadable(reason) => (None, None, Some(reason), sound),
                };
                (address, fact)
            })
            .collect();
        Digest::of(&facts)
    }
}
