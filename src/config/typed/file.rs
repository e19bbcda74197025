//! The file's top level, and the entries of a fleet.

use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::deployment::Deployment;
use super::name::LabelName;
use super::network::{Mirrors, NetworkFields};
use super::providers::Providers;
use super::scalar::{At, Loose, Whole, wrong};
use super::secret::Secrets;
use super::section::{Definitions, Typed, object, section};
use super::state::StateFields;
use super::transition::{ImportFields, MovedFields, RemovedFields};
use crate::config::Extensions;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Value};

/// How many machines an entry makes.
pub(in crate::config) type Count = Whole<0, 10_000>;

section! {
    /// The file.
    Top in "" {
        /// The version of the file's format, as `major.minor`; 1 to 4 are read.
        "version" => version: Option<At<VersionText>> = None, required;
        /// The project's name, and that of its one machine.
        "name" => name: Option<At<LabelName>> = None, required;
        /// What the machine is and where it lives; `provider: local` where absent.
        "deployment" => deployment: Option<Section<Deployment>> = None;
        /// A fleet: machines by name, each with what differs from the rest of the file.
        "machines" => machines: Option<Section<Entries>> = None;
        /// Where the state lives; `.sindri` beside this file where absent.
        "state" => state: Option<At<StateFields>> = None;
        /// Addresses that changed: what is recorded at the old one is taken for the new one.
        "moved" => moved: Vec<MovedFields> = Vec::new();
        /// Addresses no longer managed: what stands there is left as it is, unless `destroy` says otherwise.
        "removed" => removed: Vec<RemovedFields> = Vec::new();
        /// Objects that stand already and are taken under management.
        "import" => import: Vec<ImportFields> = Vec::new();
    }
}

section! {
    /// What stands beside `deployment`, and in each machine of a fleet.
    SharedFields in "" {
        /// What is installed in the machine.
        "extensions" => extensions: Option<Arc<Extensions>> = None;
        /// Secrets delivered to the machine.
        "secrets" => secrets: Option<Arc<Secrets>> = None;
        /// What only one provider knows.
        "providers" => providers: Option<Arc<Providers>> = None;
        /// How changes treat the machine.
        "lifecycle" => lifecycle: Option<Arc<LifecycleFields>> = None;
        /// Certificate authorities the machine trusts, as files relative to this one.
        "caCertificates" => ca_certificates: Option<Arc<Vec<String>>> = None;
        /// Where else to fetch from: addresses by host, or by `npm`, `pypi`, `crates`, `debian`.
        "mirrors" => mirrors: Option<Arc<Mirrors>> = None;
        /// How the machine reaches the network.
        "network" => network: Option<Arc<NetworkFields>> = None;
    }
}

section! {
    /// What only the entries of a fleet have.
    EntryFields in "" {
        /// How many machines: `name-1` to `name-N` in place of `name`.
        "count" => count: Option<Count> = None;
        /// The machines that must stand before this one; a counted name means all of them.
        "dependsOn" => depends_on: Vec<At<LabelName>> = Vec::new();
    }
}

section! {
    /// How changes treat a machine.
    LifecycleFields in "lifecycle" {
        /// Whether a plan that destroys it is refused.
        "preventDestroy" => prevent_destroy: bool = false;
        /// Fields whose change is ignored, as the plan names them: `memory`, `docker.restart`.
        "ignoreChanges" => ignore_changes: Vec<String> = Vec::new();
        /// Whether a replacement is made before the old one goes.
        "createBeforeDestroy" => create_before_destroy: bool = false;
    }
}

/// A section that is laid out with others before it is read.
#[derive(Debug)]
pub(in crate::config) struct Section<T> {
    pub(in crate::config) node: Arc<Node>,
    section: PhantomData<T>,
}

impl<T: Typed> Typed for Section<T> {
    fn decode(node: &Arc<Node>, _: &mut Reading<'_>) -> Option<Self> {
        Some(Self {
            node: Arc::clone(node),
            section: PhantomData,
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }
}

/// The entries of a fleet; which machines they make is the fleet's business.
#[derive(Debug)]
pub(in crate::config) struct Entries;

impl Typed for Entries {
    fn decode(_: &Arc<Node>, _: &mut Reading<'_>) -> Option<Self> {
        Some(Self)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({
            "type": ["object", "null"],
            "propertyNames": LabelName::schema(definitions),
            "additionalProperties": entry_schema(definitions),
        })
    }
}

/// The schema of one entry of a fleet.
fn entry_schema(definitions: &mut Definitions) -> Json {
    if !definitions.contains_key("MachineEntry") {
        let fields = [
            EntryFields::FIELDS,
            Deployment::FIELDS,
            SharedFields::FIELDS,
        ];
        let about = "One machine of a fleet, or `count` of them: what differs from the rest of the file. Mappings merge deep, lists are replaced, null takes a field away.";
        let schema = object(about, &fields, definitions);
        definitions.insert("MachineEntry".to_owned(), schema);
    }
    json!({ "$ref": "#/definitions/MachineEntry" })
}

/// A version, quoted or not: `1.10` keeps its zero.
#[derive(Clone, Debug)]
pub(in crate::config) struct VersionText(pub(in crate::config) String);

impl Typed for VersionText {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        if matches!(node.value, Value::Scalar { .. }) {
            return Loose::decode(node, reading).map(|text| Self(text.0));
        }
        wrong(node, "a version", "write `version: \"3.0\"`", reading);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [
            { "type": "string", "pattern": "^[1-4]\\.[0-9]+$" },
            { "type": "number", "minimum": 1, "exclusiveMaximum": 5 },
        ] })
    }
}
