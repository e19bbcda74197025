//! The saved plan: a plan with everything that apply needs, and no secret value.
//!
//! It embeds the resources wanted and the manifests, so that it applies from another checkout
//! without the configuration. A checksum tells a damaged file from a sound one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Observed, PLAN_FORMAT, Plan};
use crate::address::{Name, NameRule};
use crate::catalog::{Catalog, Folder, Folders, Manifests};
use crate::desired::Transitions;
use crate::desired::{Desired, Wanted};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::resource::Outbound;

/// A plan and what it was made from.
#[derive(Clone, Debug)]
pub struct PlanFile {
    /// The plan.
    pub plan: Plan,
    /// What was wanted, so that the same questions can be asked again.
    pub wanted: Vec<Wanted>,
    /// What was said of what is recorded or stands already.
    pub transitions: Transitions,
    /// The manifests of the extensions wanted.
    pub manifests: Manifests,
    /// How machines reach the network, where that isn't plainly.
    pub outbound: BTreeMap<Name, Arc<Outbound>>,
    /// What the providers showed, so that a stale plan can say what moved.
    pub observed: Observed,
    /// The lock it goes with.
    pub lock: SavedLock,
}

/// A lock as a saved plan relies on it, and as applying the plan leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLock {
    /// The digest of the file's bytes; none where there was no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// The text that is to be written.
    pub after: String,
}

impl Default for SavedLock {
    fn default() -> Self {
        Self {
            before: None,
            after: crate::catalog::Lock::default().render(),
        }
    }
}

/// Why a saved plan can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// Not a plan.
    #[error("this isn't a saved plan, or it is cut off")]
    Malformed(#[source] serde_json::Error),
    /// The checksum doesn't match.
    #[error("the saved plan doesn't match its own checksum")]
    Checksum,
    /// Written by a newer version.
    #[error("the saved plan has format {0}, which is newer than this version of sindri knows")]
    Newer(u32),
    /// A manifest in it can't be read.
    #[error("the saved plan holds a manifest that can't be read")]
    Manifest(Diagnostics),
    /// What it wants is no graph.
    #[error(transparent)]
    Graph(#[from] crate::desired::GraphError),
}

impl Diagnose for PlanFileError {
    fn diagnose(&self) -> Diagnostics {
        let found = Diagnostic::error(Code::new("plan::file"), self.to_string())
            .help("make a new one with `sindri plan --out FILE`");
        match self {
            Self::Malformed(source) => vec![found.because(source.to_string())],
            Self::Manifest(findings) => {
                let mut all = vec![found];
                all.extend(findings.iter().cloned());
                all
            }
            Self::Checksum | Self::Newer(_) | Self::Graph(_) => vec![found],
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    sindri_plan: u32,
    check: Digest,
    #[serde(borrow)]
    body: &'a serde_json::value::RawValue,
}

#[derive(Deserialize)]
struct FormatOnly {
    sindri_plan: u32,
}

#[derive(Serialize, Deserialize)]
struct Body {
    plan: Plan,
    project: String,
    wanted: Vec<Wanted>,
    #[serde(default)]
    transitions: Transitions,
    extensions: BTreeMap<String, Folder>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    outbound: BTreeMap<String, Outbound>,
    #[serde(default)]
    observed: Observed,
    #[serde(default)]
    lock: SavedLock,
}

impl PlanFile {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = Body {
            plan: self.plan.clone(),
            project: self.plan.header.project.clone(),
            wanted: self.wanted.clone(),
            transitions: self.transitions.clone(),
            extensions: self
                .manifests
                .iter()
                .map(|manifest| {
                    let first = self.manifests.first(&manifest.name);
                    let alone = first.is_some_and(|first| first.content == manifest.content);
                    let key = if alone {
                        manifest.name.to_string()
                    } else {
                        format!("{} {}", manifest.name, manifest.content.short())
                    };
                    (key, Folder::clone(&manifest.folder))
                })
                .collect(),
            outbound: self
                .outbound
                .iter()
                .map(|(name, outbound)| (name.to_string(), Outbound::clone(outbound)))
                .collect(),
            observed: self.observed.clone(),
            lock: self.lock.clone(),
        };
        let body = serde_json::value::to_raw_value(&body)?;
        let mut bytes = serde_json::to_vec(&Envelope {
            sindri_plan: PLAN_FORMAT,
            check: Digest::of_bytes(body.get().as_bytes()),
            body: &body,
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanFileError> {
        let FormatOnly { sindri_plan } =
            serde_json::from_slice(bytes).map_err(PlanFileError::Malformed)?;
        if sindri_plan > PLAN_FORMAT {
            return Err(PlanFileError::Newer(sindri_plan));
        }
        let envelope: Envelope<'_> =
            serde_json::from_slice(bytes).map_err(PlanFileError::Malformed)?;
        if Digest::of_bytes(envelope.body.get().as_bytes()) != envelope.check {
            return Err(PlanFileError::Checksum);
        }
        let body: Body =
            serde_json::from_str(envelope.body.get()).map_err(PlanFileError::Malformed)?;
        Ok(Self {
            plan: body.plan,
            wanted: body.wanted,
            transitions: body.transitions,
            manifests: unpack(body.extensions)?,
            outbound: body
                .outbound
                .into_iter()
                .filter_map(|(name, outbound)| {
                    let name = Name::parse(NameRule::Label, &name).ok()?;
                    Some((name, Arc::new(outbound)))
                })
                .collect(),
            observed: body.observed,
            lock: body.lock,
        })
    }

    /// What was wanted, as a graph.
    pub fn desired(&self) -> Result<Desired, PlanFileError> {
        let mut desired = Desired::new(&self.plan.header.project, self.wanted.clone())?;
        desired.transitions = self.transitions.clone();
        Ok(desired)
    }
}

fn unpack(extensions: BTreeMap<String, Folder>) -> Result<Manifests, PlanFileError> {
    let unusable = |what: &str| {
        PlanFileError::Manifest(vec![Diagnostic::error(
            Code::new("plan::file"),
            format!("`{what}` in the saved plan is damaged"),
        )])
    };
    // A name stands before its other contents.
    let mut manifests = Manifests::default();
    for (key, folder) in extensions {
        let name = key.split(' ').next().unwrap_or_default();
        let name = Name::parse(NameRule::Extension, name).map_err(|_| unusable(&key))?;
        let folders = Folders {
            extensions: BTreeMap::from([(name.clone(), folder)]),
            ..Folders::default()
        };
        let manifest = Catalog::new(Arc::new(folders))
            .manifest(&name)
            .map_err(PlanFileError::Manifest)?
            .ok_or_else(|| unusable(&key))?;
        manifests.insert(manifest);
    }
    Ok(manifests)
}
