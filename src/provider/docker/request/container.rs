//! The requests that make and change a container.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, ContainerUpdateBody, DeviceMapping, DeviceRequest, EndpointSettings,
    HostConfig, Mount, MountBindOptions, MountType, MountVolumeOptions, NetworkingConfig,
    PortBinding, PortMap, RestartPolicy, RestartPolicyNameEnum,
};

use super::volume::Part;
use super::{Nesting, nesting};
use crate::address::{Address, Name};
use crate::diagnostic::Code;
use crate::provider::docker::features::Features;
use crate::provider::docker::label;
use crate::provider::{Class, CreateRequest, ProviderError};
use crate::resource::{
    DockerNetwork, DockerSettings, GpuSpec, GpuVendor, MachineSpec, PortMapping, Protocol,
    RestartPolicy as Restart, Settings, Size,
};

/// What keeps a container up whatever its image would run: it waits, and ends at once when told to.
///
/// It replaces the image's entrypoint, so that any image with `/bin/sh` is a machine; what shall run
/// in the machine is started in it, like everything else.
///
/// It also closes the secrets' folder to everybody but root, and starts what extensions have left to
/// be started with the machine.
pub(in crate::provider::docker) const KEEPER: &str = "chmod 700 /run/secrets; \
    for b in /var/lib/sindri/start \"$HOME/.local/state/sindri/start\"; do \
    if [ -f \"$b\" ]; then sh \"$b\" </dev/null >/dev/null 2>&1 & break; fi; done; \
    trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; [ $? -eq 127 ] && exit 127; done";

const NANO: i64 = 1_000_000_000;

fn invalid(code: &'static str, message: impl Into<String>) -> ProviderError {
    ProviderError::new(Class::Invalid, Code::new(code), message)
}

/// The Docker settings of a machine.
pub(in crate::provider::docker) fn settings(
    machine: &MachineSpec,
) -> Result<&DockerSettings, ProviderError> {
    match &machine.settings {
        Settings::Docker(settings) => Ok(settings),
        Settings::Local(_) | Settings::E2b(_) | Settings::Fly(_) => Err(invalid(
            "docker::foreign-settings",
            format!(
                "the machine `{}` has settings of another provider",
                machine.name
            ),
        )),
    }
}

/// The machine's name in its address.
pub(in crate::provider::docker) fn machine_name(
    request: &CreateRequest,
) -> Result<&Name, ProviderError> {
    request.address.machine().ok_or_else(|| {
        invalid(
            "docker::foreign-address",
            format!("`{}` is no machine", request.address),
        )
    })
}

/// The image id the machine's pin holds, where it depends on one.
pub(in crate::provider::docker) fn pinned_image(request: &CreateRequest) -> Option<&str> {
    let pin = Address::Image(request.address.machine()?.clone());
    let pin = request.dependencies.get(&pin)?;
    pin.attributes
        .get("imageId")
        .and_then(|id| id.as_str())
        .or(Some(pin.id.as_str()))
}

/// The body that makes a machine's container; with `init`, a tiny init process reaps zombies.
pub(in crate::provider::docker) fn body(
    request: &CreateRequest,
    machine: &MachineSpec,
    engine: &Features,
    init: bool,
) -> Result<ContainerCreateBody, ProviderError> {
    let name = machine_name(request)?;
    let settings = settings(machine)?;
    let nesting = nesting(settings, engine);
    let image = pinned_image(request)
        .or(machine.image.as_deref())
        .ok_or_else(|| {
            invalid(
                "docker::image-missing",
                format!("the machine `{name}` has no image"),
            )
        })?;
    let network = network(request, machine, settings)?;
    let endpoints = network.clone().map(|id| {
        let endpoint = EndpointSettings {
            aliases: Some(vec![name.to_string()]),
            ..Default::default()
        };
        NetworkingConfig {
            endpoints_config: Some(HashMap::from([(id, endpoint)])),
        }
    });
    let host = HostConfig {
        init: Some(init),
        network_mode: Some(network.unwrap_or_else(|| {
            match settings.network {
                DockerNetwork::Bridge => "bridge",
                DockerNetwork::Host => "host",
                DockerNetwork::None => "none",
            }
            .to_owned()
        })),
        memory: machine.memory.map(|size| signed(size.as_bytes())),
        memory_swap: machine
            .memory
            .filter(|_| engine.limits_swap)
            .map(|size| signed(size.as_bytes())),
        nano_cpus: machine.cpus.map(|cpus| i64::from(cpus) * NANO),
        restart_policy: Some(restart(settings.restart)),
        port_bindings: some(port_bindings(&settings.ports)),
        extra_hosts: some(settings.extra_hosts.clone()),
        privileged: nesting.privileged.then_some(true),
        runtime: nesting.runtime.map(ToOwned::to_owned),
        mounts: Some(mounts(request, machine, &nesting, engine)?),
        device_requests: machine.gpu.as_ref().and_then(gpu_request),
        devices: machine.gpu.as_ref().and_then(gpu_devices),
        ..Default::default()
    };
    Ok(ContainerCreateBody {
        hostname: (settings.network != DockerNetwork::Host).then(|| name.to_string()),
        image: Some(image.to_owned()),
        entrypoint: Some(vec![
            "/bin/sh".to_owned(),
            "-c".to_owned(),
            KEEPER.to_owned(),
        ]),
        cmd: Some(Vec::new()),
        user: Some("0".to_owned()),
        env: nesting
            .driver
            .map(|driver| vec![format!("DOCKER_DRIVER={driver}")]),
        exposed_ports: some(
            settings
                .ports
                .iter()
                .map(|port| inner_port(port.container, port.protocol))
                .collect(),
        ),
        labels: Some(label::of(request)),
        host_config: Some(host),
        networking_config: endpoints,
        ..Default::default()
    })
}

/// The body that changes a container in place to what is wanted, at the paths that differ.
///
/// An Engine can't lift a limit, only move it: where none is wanted any more, it becomes the whole
/// host.
pub(in crate::provider::docker) fn update(
    machine: &MachineSpec,
    paths: &[String],
    engine: &Features,
) -> Result<ContainerUpdateBody, ProviderError> {
    let mut body = ContainerUpdateBody::default();
    for path in paths {
        match path.as_str() {
            "memory" => {
                let bytes = machine.memory.map_or(engine.memory, Size::as_bytes);
                body.memory = Some(signed(bytes));
                // Memory can't pass its swap limit, so both move together.
                body.memory_swap = engine.limits_swap.then(|| signed(bytes));
            }
            "cpus" => {
                let cpus = machine.cpus.map_or(engine.cpus, u64::from);
                body.nano_cpus = Some(signed(cpus).saturating_mul(NANO));
            }
            "docker.restart" => {
                body.restart_policy = Some(restart(settings(machine)?.restart));
            }
            // Calls of their own.
            "power" | "name" => {}
            other => {
                return Err(invalid(
                    "docker::not-in-place",
                    format!("a container's `{other}` can't be changed in place"),
                ));
            }
        }
    }
    Ok(body)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn some<T: IntoIterator + Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

fn restart(policy: Restart) -> RestartPolicy {
    let name = match policy {
        Restart::No => RestartPolicyNameEnum::NO,
        Restart::Always => RestartPolicyNameEnum::ALWAYS,
        Restart::OnFailure => RestartPolicyNameEnum::ON_FAILURE,
        Restart::UnlessStopped => RestartPolicyNameEnum::UNLESS_STOPPED,
    };
    RestartPolicy {
        name: Some(name),
        maximum_retry_count: None,
    }
}

/// The container's side of a published port, as the Engine writes it.
pub(in crate::provider::docker) fn inner_port(port: u16, protocol: Protocol) -> String {
    match protocol {
        Protocol::Tcp => format!("{port}/tcp"),
        Protocol::Udp => format!("{port}/udp"),
    }
}

fn port_bindings(ports: &[PortMapping]) -> PortMap {
    let mut bindings = PortMap::new();
    for port in ports {
        bindings
            .entry(inner_port(port.container, port.protocol))
            .or_default()
            .get_or_insert_default()
            .push(PortBinding {
                host_ip: port.address.clone(),
                host_port: Some(port.host.to_string()),
            });
    }
    bindings
}

/// The id of the state's network the machine joins; `None` on the host's network or none.
fn network(
    request: &CreateRequest,
    machine: &MachineSpec,
    settings: &DockerSettings,
) -> Result<Option<String>, ProviderError> {
    let (DockerNetwork::Bridge, Some(scope)) = (settings.network, &machine.network) else {
        return Ok(None);
    };
    let address = Address::Network(scope.clone());
    let network = request.dependencies.get(&address).ok_or_else(|| {
        invalid(
            "docker::dependency-missing",
            format!("the machine `{}` waits for `{address}`", machine.name),
        )
    })?;
    Ok(Some(network.id.to_string()))
}

fn mounts(
    request: &CreateRequest,
    machine: &MachineSpec,
    nesting: &Nesting,
    engine: &Features,
) -> Result<Vec<Mount>, ProviderError> {
    let name = machine_name(request)?;
    let mut mounts = Vec::new();
    for mount in &machine.mounts {
        let address = Address::Volume(name.clone(), mount.volume.clone());
        let volume = request.dependencies.get(&address).ok_or_else(|| {
            invalid(
                "docker::dependency-missing",
                format!("the machine `{name}` waits for `{address}`"),
            )
        })?;
        mounts.push(volume_mount(volume.id.as_str(), &mount.path, false));
    }
    let secrets = Part::Secrets.volume_of(&machine.name);
    mounts.push(volume_mount(&secrets, Part::Secrets.path(), true));
    if nesting.volume {
        let images = Part::Engine.volume_of(&machine.name);
        mounts.push(volume_mount(&images, Part::Engine.path(), false));
    }
    if nesting.socket {
        mounts.push(Mount {
            typ: Some(MountType::BIND),
            source: Some(engine.socket.clone()),
            target: Some("/var/run/docker.sock".to_owned()),
            bind_options: Some(MountBindOptions::default()),
            ..Default::default()
        });
    }
    Ok(mounts)
}

/// A volume's mount; `bare` keeps what the image has at its path out of a new volume.
fn volume_mount(volume: &str, path: &str, bare: bool) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(volume.to_owned()),
        target: Some(path.to_owned()),
        volume_options: bare.then(|| MountVolumeOptions {
            no_copy: Some(true),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn gpu_request(gpu: &GpuSpec) -> Option<Vec<DeviceRequest>> {
    match gpu.vendor {
        GpuVendor::Nvidia => Some(vec![DeviceRequest {
            count: Some(i64::from(gpu.count)),
            capabilities: Some(vec![vec!["gpu".to_owned()]]),
            ..Default::default()
        }]),
        GpuVendor::Amd => None,
    }
}

/// AMD's GPUs are plain devices; the Engine can't count them out.
fn gpu_devices(gpu: &GpuSpec) -> Option<Vec<DeviceMapping>> {
    match gpu.vendor {
        GpuVendor::Nvidia => None,
        GpuVendor::Amd => Some(
            ["/dev/kfd", "/dev/dri"]
                .into_iter()
                .map(|device| DeviceMapping {
                    path_on_host: Some(device.to_owned()),
                    path_in_container: Some(device.to_owned()),
                    cgroup_permissions: Some("rwm".to_owned()),
                })
                .collect(),
        ),
    }
}
