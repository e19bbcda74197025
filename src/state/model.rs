//! What a state holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Intent, Lineage, ObjectId, OperationId, Serial, Transit};
use crate::address::Address;
use crate::resource::{Attributes, ProviderKind, Spec};

/// Everything recorded about one project.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The project's name, as the configuration's `name`.
    pub project: String,
    /// Which history this is.
    pub lineage: Lineage,
    /// How many writes it has seen.
    pub serial: Serial,
    /// What is recorded, by address.
    pub resources: BTreeMap<Address, Record>,
    /// Operations begun and not known to have ended.
    pub pending: Vec<Intent>,
    /// Where it is on its way between two stores; none where it counts.
    pub transit: Option<Transit>,
}

impl State {
    /// A state in which nothing was ever made.
    pub fn new(project: &str, lineage: Lineage) -> Self {
        Self {
            project: project.to_owned(),
            lineage,
            serial: Serial(0),
            resources: BTreeMap::new(),
            pending: Vec::new(),
            transit: None,
        }
    }

    /// The current object at an address.
    pub fn current(&self, address: &Address) -> Option<&Arc<Object>> {
        self.resources.get(address)?.current.as_ref()
    }
}

/// What is recorded at one address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// The object that stands for the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Arc<Object>>,
    /// Objects replaced but not yet deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<Arc<Object>>,
}

/// A real object we made or adopted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Object {
    /// The provider's id.
    pub id: ObjectId,
    /// Where it lives.
    pub provider: ProviderKind,
    /// The operation that made it; the object carries it as a label.
    pub operation: OperationId,
    /// The address whose label it carries, where it was renamed since it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Address>,
    /// How many objects this address has had, this one included.
    pub generation: u64,
    /// What it was last made to be.
    pub spec: Arc<Spec>,
    /// The version of the specification's schema.
    pub schema: u32,
    /// What the provider told of it that the specification doesn't hold: digests, addresses, results.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// What it depends on, for deletes in the right order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// How it stands.
    pub status: Status,
    /// A machine's root file system, or the one in which a secret or an extension was put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<String>,
}

impl Object {
    /// The attribute that holds the id by which a person named an object; such an object keeps the
    /// real name it came with.
    pub const IMPORTED: &'static str = "imported";
    /// The attribute that holds the key by which a machine shows itself to an ssh client.
    pub const HOST_KEY: &'static str = "sshHostKey";
    /// The attributes that a machine's way in for people is known by: where it is, its key, who is
    /// let in.
    pub const DOOR: [&'static str; 3] = ["sshHost", Self::HOST_KEY, "sshUser"];

    /// Whether it keeps a real name that the configuration wouldn't give it.
    pub fn keeps_its_name(&self) -> bool {
        self.made_at.is_some() || self.attributes.get(Self::IMPORTED).is_some()
    }
}

/// How an object stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As specified.
    Ready,
    /// Half made or of unknown content: the next apply replaces it.
    Tainted,
    /// Made, but for some parts: the next apply retries just these.
    Partial {
        /// What failed.
        failed: Vec<PartFailure>,
    },
    /// Its deletion began and isn't known to have ended.
    Deleting,
    /// Kept after its machine was destroyed.
    Retained,
}

/// One part of an object that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PartFailure {
    /// The part: a tool of an extension.
    pub part: String,
    /// Why, without secrets.
    pub reason: String,
}
