//! What is asked of a provider and what it answers: plain values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::UnboundedReceiver;
use zeroize::Zeroizing;

use crate::address::{Address, Kind, Name};
use crate::resource::{Attributes, FileTarget, Spec};
use crate::state::{Lineage, Object, ObjectId, OperationId};

/// What to look for: every resource of one provider at once.
#[derive(Clone, Debug, Serialize)]
pub struct Query {
    /// Whose objects count as ours.
    pub lineage: Lineage,
    /// The resources asked about.
    pub questions: Vec<Question>,
}

impl Query {
    /// Whether resources of a kind are asked about.
    pub fn asks(&self, kind: Kind) -> bool {
        self.questions.iter().any(|one| one.address.kind() == kind)
    }
}

/// One resource asked about.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// The resource.
    pub address: Address,
    /// What is wanted of it, else what is recorded.
    pub spec: Arc<Spec>,
    /// The recorded id.
    pub id: Option<ObjectId>,
    /// The address whose label the recorded object carries, where it was renamed since.
    pub made_at: Option<Address>,
    /// Whether it is wanted, so that a check may find its name or port taken.
    pub wanted: bool,
}

/// Asks for an object to be made.
#[derive(Clone, Debug, Serialize)]
pub struct CreateRequest {
    /// Whose it will be.
    pub lineage: Lineage,
    /// The resource it stands for.
    pub address: Address,
    /// The operation it carries as a label.
    pub operation: OperationId,
    /// How many objects this address has had, this one included.
    pub generation: u64,
    /// What it shall be.
    pub spec: Arc<Spec>,
    /// The objects it depends on.
    pub dependencies: BTreeMap<Address, Arc<Object>>,
}

/// Asks for an object to be changed in place.
#[derive(Clone, Debug, Serialize)]
pub struct UpdateRequest {
    /// What it shall be, as for a creation.
    pub wanted: CreateRequest,
    /// What is recorded of it.
    pub current: Arc<Object>,
    /// The paths that differ.
    pub paths: Vec<String>,
}

/// Asks for an object to be deleted; one that is gone already is a success.
#[derive(Clone, Debug, Serialize)]
pub struct DeleteRequest {
    /// Whose it is; an object that carries another lineage is never touched.
    pub lineage: Lineage,
    /// The resource it stands for.
    pub address: Address,
    /// What is recorded of it.
    pub current: Arc<Object>,
}

/// An object as made or changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The provider's id.
    pub id: ObjectId,
    /// What it tells beyond the specification: digests, addresses.
    pub attributes: Attributes,
    /// A machine's root file system.
    pub incarnation: Option<String>,
}

/// A machine to work in.
#[derive(Clone, Debug, Serialize)]
pub struct MachineRef {
    /// Its name in the addresses.
    pub name: Name,
    /// The provider's id of it.
    pub id: ObjectId,
    /// What it was made to be.
    pub spec: Arc<Spec>,
}

impl MachineRef {
    /// Makes the reference of a recorded machine.
    pub fn of(name: &Name, object: &Object) -> Self {
        Self {
            name: name.clone(),
            id: object.id.clone(),
            spec: Arc::clone(&object.spec),
        }
    }
}

/// A command to run in a machine, without a terminal.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// What it reads; nothing if absent.
    #[serde(skip)]
    pub stdin: Option<Vec<u8>>,
    /// Environment on top of the machine's own.
    pub env: BTreeMap<String, String>,
    /// Where it runs; the machine's home if absent.
    pub directory: Option<String>,
    /// When it is killed.
    pub timeout: Option<Duration>,
    /// Whether the machine's secrets are in its environment.
    pub secrets: bool,
}

/// Which stream bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A command's result, its output collected (at most 1 MiB a stream, the rest dropped).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code; a signal counts as 128 + its number.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// A file to be put into a machine; missing directories are made.
#[derive(Clone, Debug)]
pub struct File {
    /// The absolute path; on `local`, below the machine's root.
    pub path: String,
    /// Its content.
    pub content: Arc<[u8]>,
    /// Its permissions, such as `0o600`.
    pub mode: u32,
}

/// A secret on its way into a machine; wiped when dropped, never printed.
pub struct Delivery {
    /// Its name, and so the variable it is exported as.
    pub name: Name,
    /// Its value.
    pub value: Zeroizing<Vec<u8>>,
    /// A file of its own, besides the one in `/run/secrets`.
    pub target: Option<FileTarget>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("name", &self.name)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// How far a long call has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is going on: lower case, no trailing period.
    pub text: String,
    /// How much is done of how much, where known.
    pub share: Option<(u64, u64)>,
}

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// A person's session in a machine.
pub struct Interactive {
    /// The command line for the machine's shell; a login shell if absent.
    pub command: Option<String>,
    /// What is recorded of the machine, the key of its way in among it.
    pub known: Attributes,
    /// The terminal's size; no terminal if absent.
    pub terminal: Option<TerminalSize>,
    /// Changes of the terminal's size.
    pub resized: UnboundedReceiver<TerminalSize>,
    /// What the person types.
    pub stdin: Box<dyn AsyncRead + Send + Unpin>,
    /// What the person sees.
    pub stdout: Box<dyn AsyncWrite + Send + Unpin>,
    /// What the person sees too.
    pub stderr: Box<dyn AsyncWrite + Send + Unpin>,
}
