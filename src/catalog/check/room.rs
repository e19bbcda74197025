//! Disk, memory and time of everything together, against the machine.

use std::time::Duration;

use crate::address::{Address, Name};
use crate::catalog::ground::{Ground, Room};
use crate::catalog::resolve::Resolution;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::Size;

/// From which part of a limit on it is near: four fifths.
const NEAR: (u64, u64) = (4, 5);

/// What of a resolution doesn't fit the machine, or only just.
///
/// Disk and time add up. Memory doesn't: tools run one at a time, so the largest counts, and of
/// services, which run side by side, the sum.
pub(in crate::catalog) fn room(resolution: &Resolution, ground: &Ground) -> Diagnostics {
    let mut found = Vec::new();
    found.extend(disk(resolution, ground));
    found.extend(memory(resolution, ground));
    found.extend(time(resolution, ground));
    if let Some(machine) = &ground.machine {
        for one in &mut found {
            one.address = Some(Address::Machine(machine.clone()));
        }
    }
    found
}

fn disk(resolution: &Resolution, ground: &Ground) -> Option<Diagnostic> {
    let sizes = sizes(resolution, |of| of.disk);
    let needed = Size::bytes(sizes.iter().map(|(_, size)| size.as_bytes()).sum());
    let room = ground.disk?;
    let found = against(
        "catalog::disk",
        &format!("the extensions take {} of disk", rounded(needed)),
        needed,
        room,
    )?;
    Some(
        found
            .because(format!("the largest are {}", largest(sizes)))
            .help("make the volume larger, or drop what isn't needed"),
    )
}

fn memory(resolution: &Resolution, ground: &Ground) -> Option<Diagnostic> {
    let room = ground.memory?;
    let most = sizes(resolution, |of| of.memory)
        .into_iter()
        .max_by_key(|(_, size)| *size)?;
    let services: u64 = resolution
        .extensions
        .iter()
        .filter(|one| one.manifest.service.as_ref().is_some_and(|s| s.enabled))
        .filter_map(|one| one.manifest.requirements.memory)
        .map(Size::as_bytes)
        .sum();
    let services = Size::bytes(services);
    let found = if services > most.1 {
        let text = format!("the services want {} of memory", rounded(services));
        against("catalog::memory", &text, services, room)?
    } else {
        let text = format!("`{}` wants {} of memory", most.0, most.1);
        // One that fits just fits.
        if most.1 <= room.size {
            return None;
        }
        against("catalog::memory", &text, most.1, room)?
    };
    Some(found.help("set `deployment.resources.memory`, or drop what isn't needed"))
}

fn time(resolution: &Resolution, ground: &Ground) -> Option<Diagnostic> {
    let lifetime = ground.lifetime?;
    let total: Duration = resolution
        .extensions
        .iter()
        .filter_map(|one| one.manifest.requirements.install_time)
        .sum();
    if total <= lifetime {
        return None;
    }
    let minutes = |time: Duration| time.as_secs().div_ceil(60);
    Some(
        Diagnostic::warning(
            Code::new("catalog::install-time"),
            format!(
                "installing takes about {} min; without a renewal the machine lives {} min",
                minutes(total),
                minutes(lifetime)
            ),
        )
        .help("set a longer `timeout` of the provider, or install fewer extensions"),
    )
}

/// The finding about a limit: beyond it an error where it is enforced, near it a warning.
fn against(code: &'static str, what: &str, needed: Size, room: Room) -> Option<Diagnostic> {
    let there = room.size;
    let code = Code::new(code);
    if needed > there {
        let text = format!("{what}; the machine has {there}");
        return Some(if room.enforced {
            Diagnostic::error(code, text).allowable()
        } else {
            Diagnostic::warning(code, text)
        });
    }
    let near = u128::from(needed.as_bytes()) * u128::from(NEAR.1)
        > u128::from(there.as_bytes()) * u128::from(NEAR.0);
    (near && room.enforced)
        .then(|| Diagnostic::warning(code, format!("{what}, nearly all of the machine's {there}")))
}

fn sizes(
    resolution: &Resolution,
    of: impl Fn(&crate::catalog::manifest::Requirements) -> Option<Size>,
) -> Vec<(&Name, Size)> {
    resolution
        .extensions
        .iter()
        .filter_map(|one| Some((&one.manifest.name, of(&one.manifest.requirements)?)))
        .collect()
}

fn largest(mut sizes: Vec<(&Name, Size)>) -> String {
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let shown: Vec<String> = sizes
        .iter()
        .take(3)
        .map(|(name, size)| format!("`{name}` ({size})"))
        .collect();
    shown.join(", ")
}

/// A sum in whole GB from ten on, so that nobody reads more into it than there is.
fn rounded(size: Size) -> Size {
    let whole = size.as_bytes().div_ceil(Size::gib(1).as_bytes());
    if whole >= 10 { Size::gib(whole) } else { size }
}
