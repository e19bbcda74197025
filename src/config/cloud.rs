//! Settings of the providers in the cloud.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::resource::Size;

/// Settings of the `fly` provider; the GPU kind is part of [`super::Gpu`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlySettings {
    /// The region.
    pub region: String,
    /// Whether idle machines stop.
    pub auto_stop_machines: bool,
    /// Whether stopped machines start on a connection.
    pub auto_start_machines: bool,
    /// Shared or dedicated processors.
    pub cpu_kind: CpuKind,
    /// The public port of ssh.
    pub ssh_port: u16,
    /// The organization; the token's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Whether a second machine stands by.
    pub high_availability: bool,
    /// Swap; none where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<Size>,
}

/// Fly's kinds of processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CpuKind {
    /// Shared with others.
    #[default]
    Shared,
    /// Dedicated.
    Performance,
}

/// Settings of the `kubernetes` provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesSettings {
    /// The namespace.
    pub namespace: String,
    /// The storage class; the cluster's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// The ingress; none unless enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
}

/// A way in from outside the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ingress {
    /// The host name it answers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
}

/// Settings of the `e2b` provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct E2bSettings {
    /// The template's alias; the machine's name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_alias: Option<String>,
    /// Whether an existing template is used.
    pub reuse_template: bool,
    /// How long the sandbox lives without a renewal, in seconds.
    pub timeout: u32,
    /// Whether it pauses rather than ends.
    pub auto_pause: bool,
    /// Whether a connection resumes it.
    pub auto_resume: bool,
    /// Whether it reaches the internet.
    pub internet_access: bool,
    /// Domains it may reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
    /// Domains it may not reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_domains: Vec<String>,
    /// Whether its ports are public.
    pub public_access: bool,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The team; the key's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether each apply builds the template anew.
    pub build_on_deploy: bool,
}

/// Settings of the `runpod` provider; GPU kind and count are part of [`super::Gpu`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunpodSettings {
    /// The container's disk.
    #[serde(rename = "containerDiskGb", serialize_with = "super::show::gigabytes")]
    pub container_disk: Size,
    /// The volume's size.
    #[serde(rename = "volumeSizeGb", serialize_with = "super::show::gigabytes")]
    pub volume_size: Size,
    /// Where the volume is mounted.
    pub volume_mount_path: String,
    /// An existing network volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_volume_id: Option<String>,
    /// Whose machines.
    pub cloud_type: CloudType,
    /// The region; any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Exposed ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose_ports: Vec<u16>,
    /// Whether an interruptible pod is wanted.
    pub spot: bool,
    /// The highest bid per GPU and hour, in US dollars; none for the going price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_bid: Option<f64>,
    /// Whether ssh is started.
    pub start_ssh: bool,
    /// Whether a public address is asked for.
    pub public_ip: bool,
    /// Whether the pod has no GPU.
    pub cpu_only: bool,
    /// The kind of a pod without GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_instance_id: Option<String>,
    /// A template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
}

/// Whose machines RunPod rents out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CloudType {
    /// Data centres.
    Secure,
    /// Anyone's.
    #[default]
    Community,
}

/// Settings of the `northflank` provider; GPU kind and count are part of [`super::Gpu`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NorthflankSettings {
    /// The project.
    pub project_name: String,
    /// The service; the machine's name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// The plan.
    pub compute_plan: String,
    /// How many instances.
    pub instances: u32,
    /// The volume's size.
    #[serde(rename = "volumeSizeGb", serialize_with = "super::show::gigabytes")]
    pub volume_size: Size,
    /// Where the volume is mounted.
    pub volume_mount_path: String,
    /// The region; the project's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The name of the credentials for a private registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_credentials: Option<String>,
    /// Ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<NorthflankPort>,
    /// How its health is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// How it scales; none unless enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling: Option<AutoScaling>,
}

/// A port of a Northflank service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NorthflankPort {
    /// Its name.
    pub name: String,
    /// The container's port.
    pub internal_port: u16,
    /// Whether it is public.
    pub public: bool,
    /// The protocol.
    pub protocol: NorthflankProtocol,
}

/// The protocol of a Northflank port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NorthflankProtocol {
    /// HTTP.
    #[default]
    Http,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// How a service's health is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// What is asked.
    #[serde(rename = "type")]
    pub probe: HealthProbe,
    /// The path of an HTTP request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The delay before the first, in seconds.
    pub initial_delay_seconds: u32,
    /// The time between two, in seconds.
    pub period_seconds: u32,
    /// How many failures count as one.
    pub failure_threshold: u32,
}

/// What a health check asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthProbe {
    /// An HTTP request.
    Http,
    /// A TCP connection.
    #[default]
    Tcp,
    /// A command.
    Command,
}

/// How a service scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoScaling {
    /// The fewest instances.
    pub min_instances: u32,
    /// The most instances.
    pub max_instances: u32,
    /// The processor load aimed at, in percent.
    pub target_cpu_utilization: u32,
    /// The memory load aimed at, in percent.
    pub target_memory_utilization: u32,
}
