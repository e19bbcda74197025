//! Events: what is about to be done, and what came of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Object, OperationId};
use crate::address::Address;
use crate::resource::Spec;

/// What a step does to an object.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Deletes it.
    Destroy,
    /// Takes an existing object under management.
    Adopt,
    /// Drops it from the state and leaves it be.
    Forget,
    /// Keeps it beyond its machine.
    Retain,
}

/// What is about to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Intent {
    /// The operation, carried by the object it makes.
    pub operation: OperationId,
    /// The resource.
    pub address: Address,
    /// What is done to it.
    pub step: StepKind,
    /// What it shall be; absent for deletes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Arc<Spec>>,
    /// The generation of the object made.
    pub generation: u64,
    /// What it will depend on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
}

/// What an outcome changes in the state, at the intent's address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing.
    Keep,
    /// The current object is this one now.
    Put(Box<Object>),
    /// The current object is gone.
    Remove,
    /// The current object is set aside, retained where the step retains it; none is current.
    Depose,
    /// The deposed objects are gone.
    RemoveDeposed,
    /// Nothing is recorded there any more, deposed objects included.
    RemoveAll,
}

/// One entry's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// An operation is about to call its provider.
    Begin(Intent),
    /// It ended well.
    Succeeded {
        /// Which operation.
        operation: OperationId,
        /// At which address.
        address: Address,
        /// With what effect.
        effect: Effect,
    },
    /// A person renamed what is recorded at an address; nobody was called.
    Moved {
        /// The address it had.
        from: Address,
        /// The address it has.
        to: Address,
    },
    /// A person let go of what is recorded at an address; it was left where it stands.
    Forgotten {
        /// Which address.
        address: Address,
    },
    /// A person wants the object to be made anew.
    Tainted {
        /// At which address.
        address: Address,
    },
    /// A person says that the object is sound.
    Untainted {
        /// At which address.
        address: Address,
    },
    /// What is recorded was brought to what its provider shows.
    Refreshed {
        /// At which address.
        address: Address,
        /// The object as it stands; absent where it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<Box<Object>>,
    },
    /// The project has another name.
    Renamed {
        /// The new one.
        project: String,
    },
    /// It failed; what it left behind is in the effect.
    Failed {
        /// Which operation.
        operation: OperationId,
        /// At which address.
        address: Address,
        /// Why, without secrets.
        error: String,
        /// With what effect.
        effect: Effect,
    },
}
