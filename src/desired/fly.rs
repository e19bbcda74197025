//! What a machine on Fly.io comes to: sizes that are sold, regions there are, what idleness does.

use crate::config::{self, CpuKind, Machine, Volume};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{FlyAutostop, FlyCpuKind, FlyGuest, FlySettings, Size, unknown_fly_regions};

/// The size of a volume that says nothing of it.
const VOLUME: Size = Size::gib(10);
/// The largest volume.
const LARGEST: u64 = 500;

/// The machine's size, what it leaves out filled in.
pub(super) fn guest(machine: &Machine, settings: &config::FlySettings) -> FlyGuest {
    let kind = match settings.cpu_kind {
        CpuKind::Shared => FlyCpuKind::Shared,
        CpuKind::Performance => FlyCpuKind::Performance,
    };
    FlyGuest::of(kind, machine.cpus, machine.memory)
}

/// The settings as the machine is made with them.
pub(super) fn settings(machine: &Machine, settings: &config::FlySettings) -> FlySettings {
    let guest = guest(machine, settings);
    FlySettings {
        region: settings.region.clone(),
        organization: settings.organization.clone(),
        cpu_kind: guest.kind,
        autostop: match (settings.auto_stop_machines, sleepless(machine, settings)) {
            (false, _) => FlyAutostop::Off,
            (true, Some(_)) => FlyAutostop::Stop,
            (true, None) => FlyAutostop::Suspend,
        },
        autostart: settings.auto_start_machines,
        ssh_port: settings.ssh_port,
        swap: settings.swap,
    }
}

/// The size of a volume, which Fly.io wants to know.
pub(super) fn volume_size(volume: &Volume) -> Size {
    volume.size.unwrap_or(VOLUME)
}

/// Why a machine can't be suspended; none if it can.
fn sleepless(machine: &Machine, settings: &config::FlySettings) -> Option<String> {
    let memory = guest(machine, settings).memory;
    FlyGuest::sleepless(memory, settings.swap, machine.gpu.is_some())
}

/// What Fly.io wouldn't make of it.
pub(super) fn findings(machine: &Machine, settings: &config::FlySettings) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let name = &machine.name;
    if let Err(error) = guest(machine, settings).check() {
        findings.push(
            Diagnostic::error(Code::new("fly::size"), format!("machine `{name}`: {error}")).help(
                format!(
                    "{}; set `deployment.resources`, or `providers.fly.cpuKind`",
                    error.instead()
                ),
            ),
        );
    }
    let unknown = unknown_fly_regions(&settings.region);
    if !unknown.is_empty() {
        let mut found = Diagnostic::error(
            Code::new("fly::region"),
            format!(
                "machine `{name}`: Fly.io has no region `{}`",
                unknown.join("`, `")
            ),
        )
        .help(format!(
            "its regions are {}; there may be a new one",
            crate::resource::FLY_REGIONS.join(", ")
        ));
        found.allowable = true;
        findings.push(found);
    }
    if settings.auto_stop_machines
        && let Some(why) = sleepless(machine, settings)
    {
        findings.push(
            Diagnostic::warning(
                Code::new("fly::stops"),
                format!("machine `{name}` stops when idle instead of falling asleep: {why}"),
            )
            .help(
                "what runs in it ends then; its disk stays. `autoStopMachines: false` keeps it running",
            ),
        );
    }
    if settings.high_availability && machine.volumes.is_empty() {
        findings.push(
            Diagnostic::warning(
                Code::new("fly::standby-host"),
                format!(
                    "machine `{name}` and the one that stands by for it may come to lie on one host"
                ),
            )
            .help("only volumes can be kept on different hosts: give the machine one"),
        );
    }
    for finding in &mut findings {
        finding.place.clone_from(&machine.place);
    }
    findings.extend(volumes(machine));
    findings
}

fn volumes(machine: &Machine) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for (at, volume) in machine.volumes.iter().enumerate() {
        let mut say = |code, text: String, help: &str| {
            let mut found = Diagnostic::error(Code::new(code), text).help(help);
            found.place.clone_from(&volume.place);
            findings.push(found);
        };
        if at > 0 {
            say(
                "fly::one-volume",
                format!(
                    "machine `{}`: Fly.io mounts one volume into a machine, `{}` is another",
                    machine.name, volume.name
                ),
                "keep one volume and let directories of it do for the rest",
            );
        }
        let size = volume_size(volume);
        let gigabytes = size.as_bytes() / Size::gib(1).as_bytes();
        if size != Size::gib(gigabytes) || !(1..=LARGEST).contains(&gigabytes) {
            say(
                "fly::volume-size",
                format!(
                    "volume `{}` of machine `{}`: {size} isn't a size that Fly.io makes",
                    volume.name, machine.name
                ),
                "write whole gigabytes, 1GB to 500GB",
            );
        }
    }
    findings
}
