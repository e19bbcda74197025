//! What is asked of a provider about objects that stand already.

use serde::Serialize;
use std::sync::Arc;

use super::CreateRequest;
use crate::address::Address;
use crate::resource::Spec;
use crate::state::{Lineage, ObjectId};

/// What somebody did to a secret where its provider keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// It isn't there any more.
    Gone,
    /// It has another value.
    Changed,
}

/// An object that a person named by its id, and what it shall stand for.
#[derive(Clone, Debug, Serialize)]
pub struct Sought {
    /// Whose it will be.
    pub lineage: Lineage,
    /// The resource it shall stand for.
    pub address: Address,
    /// What is wanted of it.
    pub spec: Arc<Spec>,
    /// Its id, as the person wrote it.
    pub id: ObjectId,
}

/// Asks for an object that stands to be taken over.
#[derive(Clone, Debug, Serialize)]
pub struct TakeRequest {
    /// What it shall be, as for a creation.
    pub wanted: CreateRequest,
    /// Its id, as the person wrote it.
    pub id: ObjectId,
}

impl TakeRequest {
    /// The object that is meant.
    pub fn sought(&self) -> Sought {
        Sought {
            lineage: self.wanted.lineage.clone(),
            address: self.wanted.address.clone(),
            spec: Arc::clone(&self.wanted.spec),
            id: self.id.clone(),
        }
    }
}

/// An object that carries a lineage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Owned {
    /// The address that its label names.
    pub address: Address,
    /// Its id.
    pub id: ObjectId,
}
