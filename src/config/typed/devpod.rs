//! `providers.devpod` and its seven backends.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::providers::{Choice, Settle};
use super::scalar::{At, Gigabytes, Port};
use super::section::{Typed, section};
use super::word::BackendKind;
use crate::config::reading::Reading;
use crate::config::tree::Node;
use crate::config::{
    DevpodAws, DevpodAzure, DevpodBackend, DevpodDigitalOcean, DevpodDocker, DevpodGcp,
    DevpodKubernetes, DevpodSettings, DevpodSsh, GcpDisk, ProviderSettings,
};
use crate::resource::Size;

section! {
    /// Settings of the `devpod` provider.
    Devpod in "providers.devpod" {
        /// The backend.
        "type" => kind: Option<At<BackendKind>> = None, required;
        /// Where built images are pushed.
        "buildRepository" => build_repository: Option<String> = None;
        /// Options of the backend `aws`.
        "aws" => aws: Option<Aws> = None;
        /// Options of the backend `gcp`.
        "gcp" => gcp: Option<Gcp> = None;
        /// Options of the backend `azure`.
        "azure" => azure: Option<Azure> = None;
        /// Options of the backend `digitalocean`.
        "digitalocean" => digital_ocean: Option<DigitalOcean> = None;
        /// Options of the backend `kubernetes`.
        "kubernetes" => kubernetes: Option<PodOptions> = None;
        /// Options of the backend `ssh`.
        "ssh" => ssh: Option<Ssh> = None;
        /// Options of the backend `docker`.
        "docker" => docker: Option<EngineOptions> = None;
    }
}

section! {
    /// Options of DevPod's `aws` backend.
    Aws in "providers.devpod.aws" {
        /// The region.
        "region" => region: String = "us-west-2".to_owned();
        /// The instance type.
        "instanceType" => instance_type: String = "c5.xlarge".to_owned();
        /// The disk, in GB.
        "diskSize" => disk_size: Gigabytes = Gigabytes(Size::gib(40));
        /// Whether a spot instance is wanted.
        "useSpot" => use_spot: bool = false;
        /// The subnet.
        "subnetId" => subnet_id: Option<String> = None;
        /// The security group.
        "securityGroupId" => security_group_id: Option<String> = None;
    }
}

section! {
    /// Options of DevPod's `gcp` backend.
    Gcp in "providers.devpod.gcp" {
        /// The project; the credentials' default where absent.
        "project" => project: Option<String> = None;
        /// The zone.
        "zone" => zone: String = "us-central1-a".to_owned();
        /// The machine type.
        "machineType" => machine_type: String = "e2-standard-4".to_owned();
        /// The disk, in GB.
        "diskSize" => disk_size: Gigabytes = Gigabytes(Size::gib(40));
        /// The disk's kind.
        "diskType" => disk_type: GcpDisk = GcpDisk::default();
    }
}

section! {
    /// Options of DevPod's `azure` backend.
    Azure in "providers.devpod.azure" {
        /// The subscription; the credentials' default where absent.
        "subscription" => subscription: Option<String> = None;
        /// The resource group.
        "resourceGroup" => resource_group: String = "devpod-resources".to_owned();
        /// The location.
        "location" => location: String = "eastus".to_owned();
        /// The machine's size.
        "vmSize" => vm_size: String = "Standard_D4s_v3".to_owned();
        /// The disk, in GB.
        "diskSize" => disk_size: Gigabytes = Gigabytes(Size::gib(40));
    }
}

section! {
    /// Options of DevPod's `digitalocean` backend.
    DigitalOcean in "providers.devpod.digitalocean" {
        /// The region.
        "region" => region: String = "nyc3".to_owned();
        /// The droplet's size.
        "size" => size: String = "s-4vcpu-8gb".to_owned();
        /// The disk, in GB; the droplet's own where absent.
        "diskSize" => disk_size: Option<Gigabytes> = None;
    }
}

section! {
    /// Options of DevPod's `kubernetes` backend.
    PodOptions in "providers.devpod.kubernetes" {
        /// The namespace.
        "namespace" => namespace: String = "devpod".to_owned();
        /// The storage class; the cluster's default where absent.
        "storageClass" => storage_class: Option<String> = None;
        /// The kubeconfig's context; the current one where absent.
        "context" => context: Option<String> = None;
        /// Labels a node must carry.
        "nodeSelector" => node_selector: BTreeMap<String, String> = BTreeMap::new();
    }
}

section! {
    /// Options of DevPod's `ssh` backend.
    Ssh in "providers.devpod.ssh" {
        /// The host.
        "host" => host: Option<String> = None, required;
        /// The user.
        "user" => user: String = "root".to_owned();
        /// The port.
        "port" => port: Port<1> = Port(22);
        /// The private key's file.
        "keyPath" => key_path: String = "~/.ssh/id_rsa".to_owned();
    }
}

section! {
    /// Options of DevPod's `docker` backend.
    EngineOptions in "providers.devpod.docker" {
        /// The Engine's address; the environment's where absent.
        "dockerHost" => docker_host: Option<String> = None;
    }
}

impl Settle for Devpod {
    fn settle(self, reading: &mut Reading<'_>) -> Option<Choice> {
        let kind = self.kind.as_ref()?;
        let empty = Node::map(Vec::new(), kind.span);
        let backend = match kind.value {
            BackendKind::Aws => aws(or_default(self.aws, &empty, reading)?),
            BackendKind::Gcp => gcp(or_default(self.gcp, &empty, reading)?),
            BackendKind::Azure => azure(or_default(self.azure, &empty, reading)?),
            BackendKind::DigitalOcean => {
                let typed = or_default(self.digital_ocean, &empty, reading)?;
                DevpodBackend::DigitalOcean(DevpodDigitalOcean {
                    region: typed.region,
                    size: typed.size,
                    disk_size: typed.disk_size.map(|disk| disk.0),
                })
            }
            BackendKind::Kubernetes => {
                let typed = or_default(self.kubernetes, &empty, reading)?;
                DevpodBackend::Kubernetes(DevpodKubernetes {
                    namespace: typed.namespace,
                    storage_class: typed.storage_class,
                    context: typed.context,
                    node_selector: typed.node_selector,
                })
            }
            BackendKind::Ssh => {
                let typed = or_default(self.ssh, &empty, reading)?;
                DevpodBackend::Ssh(DevpodSsh {
                    host: typed.host?,
                    user: typed.user,
                    port: typed.port.0,
                    key_path: typed.key_path,
                })
            }
            BackendKind::Docker => DevpodBackend::Docker(DevpodDocker {
                docker_host: or_default(self.docker, &empty, reading)?.docker_host,
            }),
        };
        Some(Choice::of(ProviderSettings::Devpod(DevpodSettings {
            backend,
            build_repository: self.build_repository,
        })))
    }
}

fn or_default<T: Typed>(
    written: Option<T>,
    empty: &Arc<Node>,
    reading: &mut Reading<'_>,
) -> Option<T> {
    written.or_else(|| T::decode(empty, reading))
}

fn aws(typed: Aws) -> DevpodBackend {
    DevpodBackend::Aws(DevpodAws {
        region: typed.region,
        instance_type: typed.instance_type,
        disk_size: typed.disk_size.0,
        use_spot: typed.use_spot,
        subnet_id: typed.subnet_id,
        security_group_id: typed.security_group_id,
    })
}

fn gcp(typed: Gcp) -> DevpodBackend {
    DevpodBackend::Gcp(DevpodGcp {
        project: typed.project,
        zone: typed.zone,
        machine_type: typed.machine_type,
        disk_size: typed.disk_size.0,
        disk_type: typed.disk_type,
    })
}

fn azure(typed: Azure) -> DevpodBackend {
    DevpodBackend::Azure(DevpodAzure {
        subscription: typed.subscription,
        resource_group: typed.resource_group,
        location: typed.location,
        vm_size: typed.vm_size,
        disk_size: typed.disk_size.0,
    })
}
