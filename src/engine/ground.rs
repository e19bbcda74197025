//! What of a machine its extensions stand on, as the configuration tells it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::{self, GPUS_ELSEWHERE, Ground, Need, Network, Room, no_gpus};
use crate::config::{Distro, Machine, ProviderSettings};
use crate::cost;
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::{DockerNetwork, Size};

/// What a machine's extensions stand on.
pub(super) fn ground(machine: &Machine) -> Ground {
    let mut ground = Ground::on(machine.provider);
    ground.machine = Some(machine.name.clone());
    ground.cost = cost::estimate(machine);
    if let Some(gpu) = &machine.gpu {
        ground.gpus = gpu.count;
        ground.gpu_vendor = Some(gpu.vendor);
        ground.gpu_memory = gpu.memory;
    }
    let secrets = machine.secrets.iter().map(|one| one.name.to_string());
    ground.secrets = Some(secrets.collect::<BTreeSet<String>>());
    let room = |size: Option<Size>, enforced| size.map(|size| Room { size, enforced });
    let volumes = volumes(machine);
    // A volume of an Engine or of this host is as large as the disk below it.
    let (memory, disk) = match &*machine.settings {
        ProviderSettings::Local(_) | ProviderSettings::Devpod(_) => (None, None),
        ProviderSettings::Docker(docker) => {
            ground.network.open = docker.network != DockerNetwork::None;
            let inner = docker.dind.is_some();
            if inner || docker.privileged {
                ground.lacks.remove(&Need::Docker);
                ground.lacks.remove(&Need::Privileged);
            }
            (room(machine.memory, true), None)
        }
        ProviderSettings::Fly(_) | ProviderSettings::Kubernetes(_) => {
            (room(machine.memory, true), room(volumes, true))
        }
        ProviderSettings::E2b(e2b) => {
            ground.lifetime = Some(Duration::from_secs(u64::from(e2b.timeout)));
            ground.network = Network {
                open: e2b.internet_access,
                allowed: e2b.allowed_domains.clone(),
                blocked: e2b.blocked_domains.clone(),
            };
            (room(machine.memory, true), None)
        }
        ProviderSettings::Runpod(runpod) => {
            let both = runpod.container_disk.as_bytes() + runpod.volume_size.as_bytes();
            (
                room(machine.memory, true),
                room(Some(Size::bytes(both)), true),
            )
        }
        ProviderSettings::Northflank(_) => (room(machine.memory, true), room(volumes, true)),
    };
    ground.memory = memory;
    ground.disk = disk;
    ground.distro = match &*machine.settings {
        // The host is what it is, unless it is made to be one, as an image is.
        ProviderSettings::Local(local) if !local.whole_host => None,
        ProviderSettings::Local(_)
        | ProviderSettings::Docker(_)
        | ProviderSettings::Fly(_)
        | ProviderSettings::Kubernetes(_)
        | ProviderSettings::E2b(_)
        | ProviderSettings::Devpod(_)
        | ProviderSettings::Runpod(_)
        | ProviderSettings::Northflank(_) => Some(distro(machine.distro)),
    };
    ground
}

/// What the volumes hold together; none where one's size isn't said.
fn volumes(machine: &Machine) -> Option<Size> {
    let sizes: Option<Vec<u64>> = machine
        .volumes
        .iter()
        .map(|volume| volume.size.map(Size::as_bytes))
        .collect();
    let total: u64 = sizes?.iter().sum();
    (total > 0).then(|| Size::bytes(total))
}

fn distro(distro: Distro) -> catalog::Distro {
    match distro {
        Distro::Ubuntu => catalog::Distro::Ubuntu,
        Distro::Debian => catalog::Distro::Debian,
        Distro::Fedora => catalog::Distro::Fedora,
        Distro::Opensuse => catalog::Distro::Opensuse,
    }
}

/// A GPU asked for where the provider has none to sell.
pub(super) fn gpu_not_sold(machine: &Machine) -> Option<Diagnostic> {
    machine.gpu.as_ref()?;
    let reason = no_gpus(machine.provider)?;
    let mut found = Diagnostic::error(
        Code::new("provider::no-gpu"),
        format!(
            "machine `{}` asks for a GPU, and {} has none to sell",
            machine.name, machine.provider
        ),
    )
    .because(reason)
    .help(GPUS_ELSEWHERE)
    .on(crate::address::Address::Machine(machine.name.clone()))
    .allowable();
    found.place.clone_from(&machine.place);
    Some(found)
}
