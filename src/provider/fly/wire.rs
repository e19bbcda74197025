//! What the Machines API answers, as far as anybody here reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A machine, alone or on an organization's page.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Machine {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    #[serde(default)]
    pub(super) name: String,
    /// The app it belongs to; only pages tell.
    #[serde(default)]
    pub(super) app_name: Option<String>,
    /// Its state.
    #[serde(default)]
    pub(super) state: String,
    /// Where it is.
    #[serde(default)]
    pub(super) region: String,
    /// Its version.
    #[serde(default)]
    pub(super) instance_id: String,
    /// Its configuration; a page shows only some of it, and one whose host is away none.
    #[serde(default)]
    pub(super) config: Option<Config>,
    /// How its host is.
    #[serde(default)]
    pub(super) host_status: Option<String>,
    /// Its address in the private network.
    #[serde(default)]
    pub(super) private_ip: Option<String>,
    /// The image it was made from.
    #[serde(default)]
    pub(super) image_ref: Option<ImageRef>,
    /// Since when it is as it is.
    #[serde(default)]
    pub(super) updated_at: Option<String>,
}

impl Machine {
    /// The digest of the image it runs, where that is told.
    pub(super) fn image_digest(&self) -> Option<&str> {
        let digest = self.image_ref.as_ref()?.digest.as_deref()?;
        digest.starts_with("sha256:").then_some(digest)
    }
}

/// The image that a machine was made from.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ImageRef {
    /// What its tag stood for when the machine was made.
    #[serde(default)]
    pub(super) digest: Option<String>,
}

/// A machine's configuration as shown.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Config {
    /// The image.
    #[serde(default)]
    pub(super) image: Option<String>,
    /// The size.
    #[serde(default)]
    pub(super) guest: Option<Guest>,
    /// What is written on it.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) metadata: BTreeMap<String, String>,
    /// What leads to it.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) services: Vec<Service>,
    /// What is mounted into it.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) mounts: Vec<Mount>,
    /// How it starts.
    #[serde(default)]
    pub(super) init: Option<Init>,
    /// Files it is given.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) files: Vec<Value>,
}

/// The size of a machine.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Guest {
    /// The kind of its processors.
    #[serde(default)]
    pub(super) cpu_kind: Option<String>,
    /// How many.
    #[serde(default)]
    pub(super) cpus: Option<u32>,
    /// Memory in MiB.
    #[serde(default)]
    pub(super) memory_mb: Option<u64>,
    /// The kind of its GPUs.
    #[serde(default)]
    pub(super) gpu_kind: Option<String>,
    /// How many.
    #[serde(default)]
    pub(super) gpus: Option<u32>,
}

/// A service of a machine.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Service {
    /// The port inside.
    #[serde(default)]
    pub(super) internal_port: u16,
    /// The ports outside.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ports: Vec<Port>,
    /// What idleness does: a word, or whether it stops.
    #[serde(default)]
    pub(super) autostop: Option<Autostop>,
    /// Whether a connection starts it.
    #[serde(default)]
    pub(super) autostart: Option<bool>,
}

/// What idleness does, as answers spell it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Autostop {
    /// Whether it stops.
    Flag(bool),
    /// In a word.
    Word(String),
}

impl Autostop {
    /// The word for it.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Flag(false) => "off",
            Self::Flag(true) => "stop",
            Self::Word(word) => word,
        }
    }
}

/// A port of a service.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Port {
    /// Its number; a range has none.
    #[serde(default)]
    pub(super) port: Option<u16>,
}

/// A mounted volume.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mount {
    /// Its id.
    #[serde(default)]
    pub(super) volume: String,
    /// Where it appears.
    #[serde(default)]
    pub(super) path: String,
}

/// How a machine starts.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Init {
    /// Swap in MiB.
    #[serde(default)]
    pub(super) swap_size_mb: Option<u64>,
}

/// A volume, alone or on an organization's page.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Volume {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    #[serde(default)]
    pub(super) name: String,
    /// The app it belongs to; only pages tell.
    #[serde(default)]
    pub(super) app_name: Option<String>,
    /// Its state.
    #[serde(default)]
    pub(super) state: String,
    /// How much it holds.
    #[serde(default)]
    pub(super) size_gb: u64,
    /// Where it is.
    #[serde(default)]
    pub(super) region: String,
    /// The machine it is mounted into.
    #[serde(default)]
    pub(super) attached_machine_id: Option<String>,
    /// How its host is.
    #[serde(default)]
    pub(super) host_status: Option<String>,
}

impl Volume {
    /// Whether it is as good as gone: deleting is soft, and takes a day.
    pub(super) fn is_gone(&self) -> bool {
        [
            "scheduling_destroy",
            "fork_cleanup",
            "waiting_for_detach",
            "pending_destroy",
            "destroying",
            "destroyed",
        ]
        .contains(&self.state.as_str())
    }
}

/// A page of an organization's machines or volumes; what can't be read of it says so alone.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Page {
    /// Machines.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) machines: Vec<Value>,
    /// Volumes.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) volumes: Vec<Value>,
    /// Apps.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) apps: Vec<Value>,
    /// Where the next page begins.
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
    /// Regions that didn't answer, so that what is there is missing here.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) error_regions: Vec<String>,
}

/// An app.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct App {
    /// Its name.
    #[serde(default)]
    pub(super) name: String,
    /// Its private network.
    #[serde(default)]
    pub(super) network: Option<String>,
    /// The organization it is in.
    #[serde(default)]
    pub(super) organization: Option<Organization>,
}

impl App {
    /// The name of its organization, where it is told.
    pub(super) fn organization(&self) -> Option<&str> {
        let slug = self.organization.as_ref().map(|one| one.slug.as_str());
        slug.filter(|slug| !slug.is_empty())
    }
}

/// The organization of an app.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Organization {
    /// Its name in addresses.
    #[serde(default)]
    pub(super) slug: String,
}

/// An app's addresses.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Addresses {
    /// Them.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ips: Vec<Assigned>,
}

/// An address of an app.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Assigned {
    /// It.
    #[serde(default)]
    pub(super) ip: String,
    /// Whether other apps have it too.
    #[serde(default)]
    pub(super) shared: Option<bool>,
}

/// What changing secrets came to.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SecretsSet {
    /// The version with which they are there.
    #[serde(default)]
    pub(super) version: Option<i64>,
    /// Those that were set, or all.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) secrets: Vec<SecretSeen>,
}

/// The secrets of an app.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Secrets {
    /// Them.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) secrets: Vec<SecretSeen>,
}

/// A secret as it is shown: never with its value.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SecretSeen {
    /// Its name.
    #[serde(default)]
    pub(super) name: String,
    /// What Fly.io says of its value; how it comes to it is Fly's own business.
    #[serde(default)]
    pub(super) digest: Option<String>,
}

/// A lease, flat as the specification has it or wrapped as servers answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum LeaseAnswer {
    /// Wrapped.
    Wrapped {
        /// It.
        data: Lease,
    },
    /// Flat.
    Flat(Lease),
}

impl LeaseAnswer {
    /// The lease.
    pub(super) fn into_lease(self) -> Lease {
        match self {
            Self::Wrapped { data } => data,
            Self::Flat(lease) => lease,
        }
    }
}

/// A lease of a machine.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Lease {
    /// What proves that it is ours.
    #[serde(default)]
    pub(super) nonce: Option<String>,
    /// Who has it.
    #[serde(default)]
    pub(super) owner: Option<String>,
    /// What for.
    #[serde(default)]
    pub(super) description: Option<String>,
}

/// What a command came to.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Executed {
    /// Its exit code.
    #[serde(default)]
    pub(super) exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(default)]
    pub(super) exit_signal: Option<i32>,
    /// What it printed.
    #[serde(default)]
    pub(super) stdout: Option<String>,
    /// What else it printed.
    #[serde(default)]
    pub(super) stderr: Option<String>,
}

/// What tokens may do.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Tokens {
    /// Each of them.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) tokens: Vec<Token>,
}

/// A token.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Token {
    /// The organization it is for.
    #[serde(default)]
    pub(super) org_slug: Option<String>,
    /// The apps it is for; all where there are none.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) apps: Vec<String>,
    /// Whose it is.
    #[serde(default)]
    pub(super) user: Option<String>,
    /// The machine it is for.
    #[serde(default)]
    pub(super) restricted_to_machine: Option<String>,
}

/// Where there is room.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Placements {
    /// By region.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) regions: Vec<Placement>,
}

/// The room of a region.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Placement {
    /// How many machines find room.
    #[serde(default)]
    pub(super) count: i64,
}

/// Servers written in Go answer null for what is empty.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
