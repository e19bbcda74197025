//! Settings of the `devpod` provider and of its seven backends.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::resource::Size;

/// Settings of the `devpod` provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodSettings {
    /// The backend and its options.
    pub backend: DevpodBackend,
    /// Where built images are pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_repository: Option<String>,
}

/// A DevPod backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DevpodBackend {
    /// AWS EC2.
    Aws(DevpodAws),
    /// Google Compute Engine.
    Gcp(DevpodGcp),
    /// Azure virtual machines.
    Azure(DevpodAzure),
    /// DigitalOcean droplets.
    DigitalOcean(DevpodDigitalOcean),
    /// Pods of a cluster.
    Kubernetes(DevpodKubernetes),
    /// Any host with ssh.
    Ssh(DevpodSsh),
    /// A Docker Engine.
    Docker(DevpodDocker),
}

/// Options of the `aws` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodAws {
    /// The region.
    pub region: String,
    /// The instance type.
    pub instance_type: String,
    /// The disk.
    pub disk_size: Size,
    /// Whether a spot instance is wanted.
    pub use_spot: bool,
    /// The subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// The security group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_id: Option<String>,
}

/// Options of the `gcp` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodGcp {
    /// The project; the credentials' default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The zone.
    pub zone: String,
    /// The machine type.
    pub machine_type: String,
    /// The disk.
    pub disk_size: Size,
    /// The disk's kind.
    pub disk_type: GcpDisk,
}

/// Google's kinds of disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum GcpDisk {
    /// Spinning.
    #[serde(rename = "pd-standard")]
    Standard,
    /// In between.
    #[default]
    #[serde(rename = "pd-balanced")]
    Balanced,
    /// Solid state.
    #[serde(rename = "pd-ssd")]
    Ssd,
}

/// Options of the `azure` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodAzure {
    /// The subscription; the credentials' default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// The resource group.
    pub resource_group: String,
    /// The location.
    pub location: String,
    /// The machine's size.
    pub vm_size: String,
    /// The disk.
    pub disk_size: Size,
}

/// Options of the `digitalocean` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodDigitalOcean {
    /// The region.
    pub region: String,
    /// The droplet's size.
    pub size: String,
    /// The disk; the size's own where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_size: Option<Size>,
}

/// Options of the `kubernetes` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodKubernetes {
    /// The namespace.
    pub namespace: String,
    /// The storage class; the cluster's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// The kubeconfig's context; the current one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Labels a node must carry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
}

/// Options of the `ssh` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodSsh {
    /// The host.
    pub host: String,
    /// The user.
    pub user: String,
    /// The port.
    pub port: u16,
    /// The private key's file.
    pub key_path: String,
}

/// Options of the `docker` backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevpodDocker {
    /// The Engine's address; the environment's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_host: Option<String>,
}
