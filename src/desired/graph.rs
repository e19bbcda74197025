//! The graph of resources wanted.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Name};
use crate::config::Transitions;
use crate::diagnostic::Place;
use crate::resource::Spec;

/// Everything a configuration asks for, complete and validated.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// The project's name.
    pub project: String,
    /// What becomes of what is recorded or stands already.
    pub transitions: Transitions,
    /// The resources, each after everything it depends on.
    pub(super) resources: Vec<Wanted>,
    index: FxHashMap<Address, usize>,
}

/// One resource wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its identity.
    pub address: Address,
    /// What it shall be.
    pub spec: Arc<Spec>,
    /// What must stand before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// What a person said of its life.
    #[serde(default, skip_serializing_if = "Lifecycle::is_default")]
    pub lifecycle: Lifecycle,
    /// Where the configuration asks for it.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// What a person said of a resource's life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// Whether a plan that destroys it is an error.
    #[serde(default)]
    pub prevent_destroy: bool,
    /// Paths whose changes are left alone.
    #[serde(default)]
    pub ignore_changes: Vec<String>,
    /// Whether a replacement is made before the old object is deleted.
    #[serde(default)]
    pub create_before_destroy: bool,
}

impl Lifecycle {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a list of resources is no graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// An address stands twice.
    #[error("`{0}` is wanted twice")]
    Twice(Address),
    /// A dependency that isn't wanted itself.
    #[error("`{of}` depends on `{on}`, which isn't wanted")]
    Dangling {
        /// The dependent.
        of: Address,
        /// What it misses.
        on: Address,
    },
    /// Resources that wait for each other.
    #[error("these wait for each other: {}", chain(.0))]
    Cycle(Vec<Address>),
}

fn chain(addresses: &[Address]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(" → ")
}

impl Desired {
    /// Puts resources in an order in which each follows its dependencies; the order is stable.
    pub fn new(project: &str, wanted: Vec<Wanted>) -> Result<Self, GraphError> {
        let mut index =
            FxHashMap::with_capacity_and_hasher(wanted.len(), rustc_hash::FxBuildHasher);
        for (position, resource) in wanted.iter().enumerate() {
            if index.insert(resource.address.clone(), position).is_some() {
                return Err(GraphError::Twice(resource.address.clone()));
            }
        }
        let order = super::order::topological(&wanted, &index)?;
        let mut slots: Vec<Option<Wanted>> = wanted.into_iter().map(Some).collect();
        let resources: Vec<Wanted> = order
            .into_iter()
            .filter_map(|position| slots[position].take())
            .collect();
        for (position, resource) in resources.iter().enumerate() {
            index.insert(resource.address.clone(), position);
        }
        Ok(Self {
            project: project.to_owned(),
            transitions: Transitions::default(),
            resources,
            index,
        })
    }

    /// The resources, each after everything it depends on.
    pub fn resources(&self) -> &[Wanted] {
        &self.resources
    }

    /// The resource wanted at an address.
    pub fn get(&self, address: &Address) -> Option<&Wanted> {
        self.index.get(address).map(|i| &self.resources[*i])
    }

    /// The machine's specification, where one of that name is wanted.
    pub fn machine(&self, name: &Name) -> Option<&crate::resource::MachineSpec> {
        match &*self.get(&Address::Machine(name.clone()))?.spec {
            Spec::Machine(machine) => Some(machine),
            Spec::Network(_)
            | Spec::Image(_)
            | Spec::Gpu(_)
            | Spec::Volume(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => None,
        }
    }
}
