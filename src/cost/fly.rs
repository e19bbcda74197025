//! Fly.io's prices.
//!
//! Processors and memory are paid by the second while a machine runs, at the markup of its region;
//! volumes always. The rates are those of Fly's own calculator, and reproduce the figures that it
//! publishes.

use super::estimate::{Cost, Estimate, Part, Usd, unknown};
use crate::config::{CpuKind, FlySettings, Machine};
use crate::resource::Size;

/// A shared processor for a month, before markup.
const SHARED: Usd = Usd::micros(695_000);
/// A dedicated processor for a month, before markup.
const PERFORMANCE: Usd = Usd::micros(21_000_000);
/// A gigabyte of memory for a month, before markup.
const MEMORY: Usd = Usd::micros(5_000_000);
/// A gigabyte of a volume for a month.
const VOLUME: Usd = Usd::micros(150_000);
/// An IPv4 address of one's own for a month: ssh speaks no HTTP, so the shared one can't lead to it.
const ADDRESS: Usd = Usd::micros(2_000_000);

/// What the regions ask of processors and memory, in millionths.
const MARKUPS: [(&str, u64); 18] = [
    ("ams", 1_038_462),
    ("arn", 1_038_462),
    ("bom", 1_076_923),
    ("cdg", 1_134_615),
    ("dfw", 1_250_000),
    ("ewr", 1_000_000),
    ("fra", 1_153_846),
    ("gru", 1_615_385),
    ("iad", 1_000_000),
    ("jnb", 1_302_885),
    ("lax", 1_199_519),
    ("lhr", 1_134_615),
    ("nrt", 1_307_692),
    ("ord", 1_250_000),
    ("sin", 1_269_231),
    ("sjc", 1_192_308),
    ("syd", 1_269_231),
    ("yyz", 1_115_385),
];

/// What a machine gets that says nothing of it.
const CPUS: u32 = 2;
const RAM: Size = Size::gib(2);
const DISK: Size = Size::gib(10);

/// What a machine on Fly.io costs.
pub(super) fn estimate(machine: &Machine, settings: &FlySettings) -> Estimate {
    if machine.gpu.is_some() {
        return unknown("Fly.io withdrew its GPUs on 2026-08-01");
    }
    let Some((_, markup)) = MARKUPS
        .iter()
        .find(|(region, _)| *region == settings.region)
    else {
        return unknown(&format!(
            "there is no price of region `{}`",
            settings.region
        ));
    };
    let cpus = u64::from(machine.cpus.unwrap_or(CPUS));
    let memory = machine.memory.unwrap_or(RAM);
    let (kind, processor) = match settings.cpu_kind {
        CpuKind::Shared => ("shared", SHARED),
        CpuKind::Performance => ("performance", PERFORMANCE),
    };
    let guest = (processor * cpus + gigabytes(MEMORY, memory)).times_micros(*markup);
    let mut parts = vec![Part {
        what: format!("{kind}-cpu-{cpus}x with {memory} in {}", settings.region),
        monthly: guest,
        always: false,
    }];
    let sizes = machine.volumes.iter().map(|one| one.size.unwrap_or(DISK));
    let total = sizes.map(Size::as_bytes).fold(0, u64::saturating_add);
    if total > 0 {
        let total = Size::bytes(total);
        parts.push(Part {
            what: format!("{total} of volumes"),
            monthly: gigabytes(VOLUME, total),
            always: true,
        });
    }
    // One that stands by is reached at the address of the other.
    if machine.stands_by.is_none() {
        parts.push(Part {
            what: "an IPv4 address for ssh".to_owned(),
            monthly: ADDRESS,
            always: true,
        });
    }
    Estimate::Monthly(Cost::of(
        parts,
        "traffic, snapshots beyond 10GB, and while asleep $0.15 per GB of the root file system",
    ))
}

fn gigabytes(price: Usd, size: Size) -> Usd {
    price.times_micros(micros_of_gigabytes(size))
}

/// A size in millionths of a gigabyte.
fn micros_of_gigabytes(size: Size) -> u64 {
    let micros = u128::from(size.as_bytes()) * 1_000_000 / u128::from(Size::gib(1).as_bytes());
    u64::try_from(micros).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(processor: Usd, cpus: u64, memory: Size, region: &str) -> String {
        let (_, markup) = MARKUPS.iter().find(|(name, _)| *name == region).unwrap();
        (processor * cpus + gigabytes(MEMORY, memory))
            .times_micros(*markup)
            .to_string()
    }

    /// The figures are Fly's own, of its pages on cost management and pricing.
    #[test]
    fn what_fly_publishes_comes_out() {
        assert_eq!(guest(SHARED, 1, Size::mib(256), "sjc"), "$2.32");
        assert_eq!(guest(SHARED, 1, Size::mib(256), "ams"), "$2.02");
        assert_eq!(guest(SHARED, 1, Size::mib(512), "ams"), "$3.32");
        assert_eq!(guest(PERFORMANCE, 1, Size::gib(2), "ams"), "$32.19");
        assert_eq!(guest(SHARED, 2, Size::gib(2), "iad"), "$11.39");
        assert_eq!(guest(SHARED, 4, Size::gib(4), "iad"), "$22.78");
        assert_eq!(guest(SHARED, 8, Size::gib(8), "iad"), "$45.56");
        assert_eq!(guest(PERFORMANCE, 2, Size::gib(8), "iad"), "$82.00");
        assert_eq!(gigabytes(VOLUME, Size::gib(10)).to_string(), "$1.50");
    }

    #[test]
    fn regions_stand_in_order_once() {
        assert!(MARKUPS.windows(2).all(|two| two[0].0 < two[1].0));
    }
}
