//! `devcontainer.json`: a machine as a container that an editor makes on the person's own host.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::ApplyInside;
use super::fly::proxies;
use super::mark::{Artifact, Origin};
use crate::config::{HOME, Machine, ProviderSettings};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::resource::{
    DindMode, DockerNetwork, DockerRuntime, DockerSettings, GpuVendor, PortMapping, Protocol,
    SecretSource, Size, StorageDriver,
};

/// Where the state of what is applied inside lies: outside the project, whose own state is about
/// machines elsewhere, and where every user may write: whose home it is isn't known here.
const STATE: &str = "/var/tmp/sindri-state";

/// What the container is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An image, by its reference.
    Image(String),
    /// A stage of a Dockerfile.
    Build {
        /// The Dockerfile, relative to the folder of the `devcontainer.json`.
        dockerfile: String,
        /// The folder that is sent to be built, relative likewise.
        context: String,
        /// The stage.
        target: String,
    },
}

/// A `devcontainer.json`; the order of its fields is that of the file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Devcontainer {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<Build>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_user: Option<&'static str>,
    init: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    privileged: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mounts: Vec<Mount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forward_ports: Vec<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    container_env: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    remote_env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    run_args: Vec<String>,
    #[serde(skip_serializing_if = "HostRequirements::is_none")]
    host_requirements: HostRequirements,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_create_command: Option<String>,
    customizations: Customizations,
}

#[derive(Debug, Serialize)]
struct Build {
    dockerfile: String,
    context: String,
    target: String,
}

#[derive(Debug, Serialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: &'static str,
    source: String,
    target: String,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct HostRequirements {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu: Option<Gpu>,
}

impl HostRequirements {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Any GPU, or one with so much memory.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Gpu {
    Any(bool),
    Of { memory: String },
}

#[derive(Debug, Serialize)]
struct Customizations {
    sindri: Rendered,
}

/// That the file was rendered, and of what.
#[derive(Debug, Serialize)]
struct Rendered {
    machine: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
}

/// Renders the `devcontainer.json` of a machine, wherever that machine lives.
///
/// `inside` is what is applied in the container; nothing where it couldn't be.
pub fn devcontainer(machine: &Machine, base: Base, inside: Option<&ApplyInside>) -> Artifact {
    let mut findings = Diagnostics::new();
    let mut file = Devcontainer {
        name: machine.real_name.clone(),
        image: None,
        build: None,
        remote_user: None,
        // Without one nobody reaps what an installation leaves behind.
        init: true,
        privileged: false,
        mounts: mounts(machine),
        forward_ports: Vec::new(),
        container_env: proxies(&machine.outbound),
        remote_env: secrets(machine, &mut findings),
        run_args: limits(machine),
        host_requirements: requirements(machine),
        post_create_command: inside.map(ApplyInside::command),
        customizations: Customizations {
            sindri: Rendered {
                machine: machine.name.to_string(),
                digest: None,
            },
        },
    };
    match base {
        Base::Image(image) => {
            file.image = Some(image);
            // As in a machine, whatever user the image names.
            file.remote_user = Some("root");
        }
        Base::Build {
            dockerfile,
            context,
            target,
        } => {
            file.build = Some(Build {
                dockerfile,
                context,
                target,
            });
        }
    }
    if inside.is_some() {
        file.container_env.insert("SINDRI_STATE", STATE.to_owned());
    }
    if let ProviderSettings::Docker(settings) = &*machine.settings {
        as_on_docker(&mut file, machine, settings, &mut findings);
    }
    let place = &machine.place;
    for finding in &mut findings {
        finding.place = finding.place.take().or_else(|| place.clone());
    }
    file.customizations.sindri.digest = Some(digest(&serde_json::json!(file)));
    // Plain structs with text keys always serialise.
    let text = serde_json::to_string_pretty(&file).unwrap_or_default() + "\n";
    Artifact {
        text,
        findings,
        next: Vec::new(),
    }
}

/// Whose a file is that may be a `devcontainer.json`.
pub fn origin_of_devcontainer(text: &str) -> Origin {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return Origin::Foreign;
    };
    let mark = value
        .pointer_mut("/customizations/sindri")
        .and_then(Value::as_object_mut)
        .and_then(|mark| mark.remove("digest"));
    match mark {
        Some(Value::String(written)) if written == digest(&value).as_str() => Origin::Rendered,
        Some(_) => Origin::Edited,
        None => Origin::Foreign,
    }
}

/// The digest of what a file says, however its lines are broken.
fn digest(without: &Value) -> Digest {
    Digest::of(without)
}

/// The volumes, as ones of the container's own: those of a machine belong to that machine.
fn mounts(machine: &Machine) -> Vec<Mount> {
    machine
        .volumes
        .iter()
        .map(|volume| Mount {
            kind: "volume",
            source: own_volume(machine, volume.name.as_str()),
            target: match volume.path.strip_prefix("~/") {
                Some(path) => format!("{HOME}/{path}"),
                None if volume.path.starts_with('/') => volume.path.clone(),
                None => format!("{HOME}/{}", volume.path),
            },
        })
        .collect()
}

fn own_volume(machine: &Machine, name: &str) -> String {
    format!("{}-{name}-${{devcontainerId}}", machine.real_name)
}

/// The secrets that come from the person's environment, by reference; the others are told.
fn secrets(machine: &Machine, findings: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for secret in machine.secrets.iter() {
        let name = secret.name.as_str();
        match secret.source {
            SecretSource::Env { .. } => {
                variables.insert(name.to_owned(), format!("${{localEnv:{name}}}"));
            }
            SecretSource::File { .. } | SecretSource::Vault { .. } | SecretSource::S3 { .. } => {
                let mut found = Diagnostic::warning(
                    Code::new("artifact::secret-left-out"),
                    format!(
                        "`{name}` isn't in the dev container: its value comes from `{}`",
                        secret.source.as_str()
                    ),
                )
                .help("only what the editor has in its own environment gets there (`source: env`)");
                found.place.clone_from(&secret.place);
                findings.push(found);
            }
        }
    }
    variables
}

/// The limits of the machine, which an Engine enforces.
fn limits(machine: &Machine) -> Vec<String> {
    let mut arguments = Vec::new();
    if let Some(cpus) = machine.cpus {
        arguments.push(format!("--cpus={cpus}"));
    }
    if let Some(memory) = machine.memory {
        arguments.push(format!("--memory={}", size(memory)));
    }
    if machine
        .gpu
        .as_ref()
        .is_some_and(|gpu| gpu.vendor == GpuVendor::Amd)
    {
        // Plain devices, which can't be counted out.
        arguments.extend(["/dev/kfd", "/dev/dri"].map(|device| format!("--device={device}")));
    }
    arguments
}

/// What the host must have. A GPU of NVIDIA's is handed over by whoever reads this, all there are.
fn requirements(machine: &Machine) -> HostRequirements {
    let nvidia = machine
        .gpu
        .as_ref()
        .filter(|gpu| gpu.vendor == GpuVendor::Nvidia);
    HostRequirements {
        cpus: machine.cpus,
        memory: machine.memory.map(|memory| size(memory) + "b"),
        gpu: nvidia.map(|gpu| match gpu.memory {
            Some(memory) => Gpu::Of {
                memory: size(memory) + "b",
            },
            None => Gpu::Any(true),
        }),
    }
}

/// A size in Docker's words: `512m`, `4g`.
fn size(size: Size) -> String {
    let mebibytes = size.as_bytes() / Size::mib(1).as_bytes();
    if mebibytes.is_multiple_of(1024) {
        format!("{}g", mebibytes / 1024)
    } else {
        format!("{mebibytes}m")
    }
}

/// What only a machine on Docker says.
fn as_on_docker(
    file: &mut Devcontainer,
    machine: &Machine,
    settings: &DockerSettings,
    findings: &mut Diagnostics,
) {
    file.privileged = settings.privileged;
    for port in &settings.ports {
        match port.protocol {
            Protocol::Tcp => file.forward_ports.push(port.container),
            // An editor forwards TCP only.
            Protocol::Udp => file.run_args.push(published(port)),
        }
    }
    match settings.network {
        DockerNetwork::Bridge => {}
        DockerNetwork::Host => file.run_args.push("--network=host".to_owned()),
        DockerNetwork::None => file.run_args.push("--network=none".to_owned()),
    }
    let hosts = settings.extra_hosts.iter();
    file.run_args
        .extend(hosts.map(|host| format!("--add-host={host}")));
    let mut runtime = match settings.runtime {
        DockerRuntime::Auto => None,
        DockerRuntime::Runc => Some("runc"),
        DockerRuntime::SysboxRunc => Some("sysbox-runc"),
    };
    if let Some(dind) = settings.dind {
        match dind.mode {
            DindMode::Sysbox => runtime = Some("sysbox-runc"),
            DindMode::Auto if runtime == Some("sysbox-runc") => {}
            DindMode::Auto | DindMode::Privileged => {
                file.privileged = true;
                file.mounts.push(Mount {
                    kind: "volume",
                    source: own_volume(machine, "engine"),
                    target: "/var/lib/docker".to_owned(),
                });
            }
            DindMode::Socket => file.mounts.push(Mount {
                kind: "bind",
                source: "/var/run/docker.sock".to_owned(),
                target: "/var/run/docker.sock".to_owned(),
            }),
        }
        if dind.mode == DindMode::Auto && file.privileged && !settings.privileged {
            findings.push(
                Diagnostic::warning(
                    Code::new("artifact::privileged"),
                    "the dev container is privileged, for Docker inside: whether its Engine has sysbox isn't known here",
                )
                .help("set `dind.mode` to `sysbox`, `socket` or `privileged`"),
            );
        }
        let driver = match dind.storage_driver {
            // The host's Engine has its own.
            _ if dind.mode == DindMode::Socket => None,
            StorageDriver::Auto => None,
            StorageDriver::Overlay2 => Some("overlay2"),
            StorageDriver::FuseOverlayfs => Some("fuse-overlayfs"),
            StorageDriver::Vfs => Some("vfs"),
        };
        if let Some(driver) = driver {
            file.container_env
                .insert("DOCKER_DRIVER", driver.to_owned());
        }
    }
    file.run_args
        .extend(runtime.map(|runtime| format!("--runtime={runtime}")));
}

fn published(port: &PortMapping) -> String {
    let address = port.address.as_ref();
    let address = address.map_or(String::new(), |address| format!("{address}:"));
    format!("--publish={address}{}:{}/udp", port.host, port.container)
}
