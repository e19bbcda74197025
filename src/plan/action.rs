//! What is done to a resource, and why.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::state::ObjectId;

/// What is done to a resource; every match on it is exhaustive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Made.
    Create,
    /// Changed in place.
    Update,
    /// Deleted and made anew.
    Replace(Order),
    /// Deleted.
    Delete,
    /// Dropped from the state and left be.
    Forget,
    /// Taken under management as it is.
    Adopt,
}

/// Which half of a replacement comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The old object goes first.
    DestroyFirst,
    /// The new object comes first.
    CreateFirst,
}

impl Action {
    /// Whether the action touches anything, the state included.
    pub fn acts(self) -> bool {
        match self {
            Self::NoOp => false,
            Self::Create
            | Self::Update
            | Self::Replace(_)
            | Self::Delete
            | Self::Forget
            | Self::Adopt => true,
        }
    }

    /// Whether an object is deleted.
    pub fn destroys(self) -> bool {
        match self {
            Self::Replace(_) | Self::Delete => true,
            Self::NoOp | Self::Create | Self::Update | Self::Forget | Self::Adopt => false,
        }
    }
}

/// Why an action was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It isn't recorded: it was never made.
    New,
    /// It is recorded, but no longer there.
    Missing,
    /// Fields changed in the configuration or behind our back.
    Changed,
    /// A field that can't change in place.
    Forced {
        /// The field's path.
        path: String,
    },
    /// Another version of it is wanted, and its manifest has the old one removed first.
    Reinstalled,
    /// Another version of it is wanted, and its manifest leaves that to a person.
    ByHand,
    /// Another version of it is wanted, and its manifest says that it is never upgraded.
    NeverUpgraded,
    /// It was left half made.
    Tainted,
    /// Parts of it failed and are tried again.
    Partial,
    /// Parts of it don't work any more and are brought anew.
    Broken {
        /// The tools.
        tools: Vec<String>,
    },
    /// `--replace` asked for it.
    Requested,
    /// What it lives in or depends on is replaced.
    Parent(Address),
    /// Its machine has a new root file system, without it.
    NewRoot,
    /// The image it runs resolves to another digest.
    ImageMoved,
    /// The configuration doesn't ask for it.
    NotWanted,
    /// `destroy` asked for it.
    Destroyed,
    /// Its value isn't known here; it is delivered if it differs.
    UnknownValue,
    /// It is kept beyond its machine.
    Retained,
    /// It was kept from an earlier machine, and is taken again.
    TakenAgain,
    /// The configuration lets go of it.
    LetGo,
    /// A person named the object that it shall be.
    Imported {
        /// The object's id.
        id: ObjectId,
    },
    /// It carries our lineage but isn't recorded.
    FoundOurs,
    /// It stands as wanted already; only the record is behind.
    AlreadySo,
    /// It isn't running though it shall, or the other way round.
    Power,
    /// The provider couldn't say how it stands.
    Unreadable,
}
