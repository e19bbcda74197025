//! Which provider a machine lives on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The providers a `sindri.yaml` may name.
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
pub enum ProviderKind {
    /// The host Sindri runs on.
    Local,
    /// A Docker Engine, or what speaks its API.
    Docker,
    /// Fly.io Machines.
    Fly,
    /// A Kubernetes cluster.
    Kubernetes,
    /// E2B sandboxes.
    E2b,
    /// DevPod workspaces.
    Devpod,
    /// RunPod pods.
    Runpod,
    /// Northflank services.
    Northflank,
}

impl ProviderKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Local,
        Self::Docker,
        Self::Fly,
        Self::Kubernetes,
        Self::E2b,
        Self::Devpod,
        Self::Runpod,
        Self::Northflank,
    ];

    /// The name as written in `sindri.yaml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Docker => "docker",
            Self::Fly => "fly",
            Self::Kubernetes => "kubernetes",
            Self::E2b => "e2b",
            Self::Devpod => "devpod",
            Self::Runpod => "runpod",
            Self::Northflank => "northflank",
        }
    }

    /// Whether its machines are on this host, or on an Engine as near: handing a file over costs them
    /// less than fetching it. Those elsewhere have the better way to the network.
    pub fn is_beside(self) -> bool {
        match self {
            Self::Local | Self::Docker => true,
            Self::Fly
            | Self::Kubernetes
            | Self::E2b
            | Self::Devpod
            | Self::Runpod
            | Self::Northflank => false,
        }
    }

    /// Whether it tells which image a reference leads to, so that a pin holds it: others fetch the
    /// image themselves and say no more of it.
    pub fn identifies_images(self) -> bool {
        match self {
            Self::Local | Self::Docker => true,
            Self::Fly
            | Self::Kubernetes
            | Self::E2b
            | Self::Devpod
            | Self::Runpod
            | Self::Northflank => false,
        }
    }

    /// Reads a name as written in `sindri.yaml`; `docker-compose` is v3's other word for `docker`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "docker-compose" {
            return Some(Self::Docker);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether this version can plan and apply on it, or only validate a file that names it.
    pub fn is_built(self) -> bool {
        match self {
            Self::Local | Self::Docker | Self::Fly | Self::E2b => true,
            Self::Kubernetes | Self::Devpod | Self::Runpod | Self::Northflank => false,
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
