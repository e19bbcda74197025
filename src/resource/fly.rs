//! What Fly.io sells, and the settings of a machine there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Size;
use super::policy::{Policy, spec};

spec! {
    /// Settings of the `fly` provider.
    pub struct FlySettings {
        /// The region, a list of them, or `any`.
        region ("region"): String => Policy::Replace,
        /// The organization; the token's own where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization ("organization"): Option<String> => Policy::Ignore,
        /// Shared or dedicated processors.
        cpu_kind ("cpuKind"): FlyCpuKind => Policy::InPlace,
        /// What becomes of it when nobody is connected.
        autostop ("autostop"): FlyAutostop => Policy::InPlace,
        /// Whether a connection starts it.
        autostart ("autostart"): bool => Policy::InPlace,
        /// The public port of ssh.
        ssh_port ("sshPort"): u16 => Policy::InPlace,
        /// Swap; none where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        swap ("swap"): Option<Size> => Policy::InPlace,
    }
}

/// Fly's kinds of processors.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FlyCpuKind {
    /// Shared with others.
    #[default]
    Shared,
    /// Dedicated.
    Performance,
}

impl FlyCpuKind {
    /// Fly's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Performance => "performance",
        }
    }

    /// The counts of processors that are sold.
    pub fn counts(self) -> &'static [u32] {
        match self {
            Self::Shared => &[1, 2, 4, 6, 8],
            Self::Performance => &[1, 2, 4, 6, 8, 10, 12, 14, 16],
        }
    }

    /// The least and the most memory of one processor, and the step between two sizes, in MiB.
    fn memory(self) -> (u64, u64, u64) {
        match self {
            Self::Shared => (256, 2048, 256),
            Self::Performance => (2048, 8192, 2048),
        }
    }
}

/// What becomes of an idle machine.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FlyAutostop {
    /// It goes on running.
    #[default]
    Off,
    /// It stops.
    Stop,
    /// It falls asleep, its memory kept.
    Suspend,
}

impl FlyAutostop {
    /// Fly's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Stop => "stop",
            Self::Suspend => "suspend",
        }
    }
}

/// The size of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlyGuest {
    /// Shared or dedicated processors.
    #[serde(rename = "cpuKind")]
    pub kind: FlyCpuKind,
    /// How many.
    pub cpus: u32,
    /// Memory.
    pub memory: Size,
}

/// Why a size isn't sold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlySizeError {
    /// No machine has so many processors.
    #[error("Fly.io sells no machine with {cpus} {kind} processors")]
    Cpus {
        /// How many were asked for.
        cpus: u32,
        /// Of which kind.
        kind: FlyCpuKind,
    },
    /// No machine with these processors has so much memory.
    #[error("Fly.io sells no machine with {} {} processors and {} of memory", .0.cpus, .0.kind, .0.memory)]
    Memory(FlyGuest),
}

impl fmt::Display for FlyCpuKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FlyGuest {
    /// How many processors a machine gets that says nothing of them.
    pub const CPUS: u32 = 2;
    /// The memory of a machine that says nothing of it, where its processors take so little.
    pub const MEMORY: Size = Size::gib(2);
    /// The most memory with which suspending is dependable.
    pub const SUSPENDS: Size = Size::gib(2);

    /// Why such a machine can't be suspended; nothing where it can.
    pub fn sleepless(memory: Size, swap: Option<Size>, gpu: bool) -> Option<String> {
        if let Some(swap) = swap {
            return Some(format!("a machine with swap ({swap}) can't be suspended"));
        }
        if gpu {
            return Some("a machine with a GPU can't be suspended".to_owned());
        }
        (memory > Self::SUSPENDS).then(|| {
            format!(
                "a machine with {memory} of memory can't be suspended dependably, the most is {}",
                Self::SUSPENDS
            )
        })
    }

    /// The size of a machine that says only some of it.
    pub fn of(kind: FlyCpuKind, cpus: Option<u32>, memory: Option<Size>) -> Self {
        let cpus = cpus.unwrap_or(Self::CPUS);
        let (least, most, _) = kind.memory();
        let bound = |each: u64| Size::mib(each.saturating_mul(u64::from(cpus)).min(1 << 30));
        Self {
            kind,
            cpus,
            memory: memory.unwrap_or_else(|| {
                Self::MEMORY
                    .max(bound(least))
                    .min(bound(most).max(bound(least)))
            }),
        }
    }

    /// Checks that this size is sold.
    pub fn check(self) -> Result<(), FlySizeError> {
        if !self.kind.counts().contains(&self.cpus) {
            return Err(FlySizeError::Cpus {
                cpus: self.cpus,
                kind: self.kind,
            });
        }
        if self.around() == (Some(self.memory), Some(self.memory)) {
            Ok(())
        } else {
            Err(FlySizeError::Memory(self))
        }
    }

    /// The next sizes of memory sold with these processors: the one below or equal, the one above
    /// or equal.
    fn around(self) -> (Option<Size>, Option<Size>) {
        let (least, most, step) = self.kind.memory();
        let cpus = u64::from(self.cpus);
        let mut below = None;
        let mut at = least * cpus;
        while at <= most * cpus {
            let size = Size::mib(at);
            if size >= self.memory {
                return (
                    if size == self.memory {
                        Some(size)
                    } else {
                        below
                    },
                    Some(size),
                );
            }
            below = Some(size);
            at += step;
        }
        (below, None)
    }
}

impl FlySizeError {
    /// The next sizes that are sold.
    pub fn instead(&self) -> String {
        match self {
            Self::Cpus { cpus, kind } => {
                let counts = kind.counts();
                let below = counts.iter().rev().find(|count| *count < cpus);
                let above = counts.iter().find(|count| *count > cpus);
                either(below, above, &format!(" {kind} processors"))
            }
            Self::Memory(guest) => {
                let (below, above) = guest.around();
                either(below.as_ref(), above.as_ref(), " of memory")
            }
        }
    }
}

fn either<T: fmt::Display>(below: Option<&T>, above: Option<&T>, what: &str) -> String {
    match (below, above) {
        (Some(below), Some(above)) => format!("the next sizes are {below} and {above}{what}"),
        (Some(most), None) => format!("the most is {most}{what}"),
        (None, Some(least)) => format!("the least is {least}{what}"),
        (None, None) => "no size is near".to_owned(),
    }
}

/// Fly's regions.
pub const FLY_REGIONS: [&str; 18] = [
    "ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad", "jnb", "lax", "lhr", "nrt",
    "ord", "sin", "sjc", "syd", "yyz",
];

/// Names that stand for several regions.
const WIDE: [&str; 2] = ["any", "us"];

/// The regions of a setting that Fly doesn't have, as they are written.
pub fn unknown_fly_regions(setting: &str) -> Vec<&str> {
    setting
        .split(',')
        .map(str::trim)
        .filter(|one| !FLY_REGIONS.contains(one) && !WIDE.contains(one))
        .collect()
}

/// The first region of a setting that is one and no name for several.
pub fn first_fly_region(setting: &str) -> Option<&str> {
    setting
        .split(',')
        .map(str::trim)
        .find(|one| !one.is_empty() && !WIDE.contains(one))
}

/// Whether a setting leaves a machine where it is.
pub fn is_in_fly_region(setting: &str, region: &str) -> bool {
    setting
        .split(',')
        .map(str::trim)
        .any(|one| one == region || WIDE.contains(&one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(kind: FlyCpuKind, cpus: u32, memory: Size) -> FlyGuest {
        FlyGuest { kind, cpus, memory }
    }

    #[test]
    fn what_lies_between_two_sizes_names_both() {
        use FlyCpuKind::{Performance, Shared};
        for (kind, cpus, memory, instead) in [
            (
                Shared,
                2,
                Size::mib(700),
                "the next sizes are 512MB and 768MB of memory",
            ),
            (
                Shared,
                3,
                Size::gib(2),
                "the next sizes are 2 and 4 shared processors",
            ),
            (Shared, 1, Size::gib(4), "the most is 2GB of memory"),
            (Shared, 9, Size::gib(4), "the most is 8 shared processors"),
            (
                Performance,
                2,
                Size::gib(5),
                "the next sizes are 4GB and 6GB of memory",
            ),
            (Performance, 2, Size::gib(2), "the least is 4GB of memory"),
            (
                Performance,
                3,
                Size::gib(8),
                "the next sizes are 2 and 4 performance processors",
            ),
        ] {
            let error = guest(kind, cpus, memory).check().unwrap_err();
            assert_eq!(error.instead(), instead, "{error}");
        }
    }

    #[test]
    fn what_is_sold_is_taken() {
        for (kind, cpus, memory) in [
            (FlyCpuKind::Shared, 1, Size::mib(256)),
            (FlyCpuKind::Shared, 8, Size::gib(16)),
            (FlyCpuKind::Performance, 1, Size::gib(2)),
            (FlyCpuKind::Performance, 16, Size::gib(128)),
        ] {
            assert_eq!(guest(kind, cpus, memory).check(), Ok(()));
        }
    }

    #[test]
    fn a_machine_that_says_nothing_gets_a_size_that_is_sold() {
        for kind in [FlyCpuKind::Shared, FlyCpuKind::Performance] {
            for cpus in kind.counts() {
                assert_eq!(FlyGuest::of(kind, Some(*cpus), None).check(), Ok(()));
            }
        }
        let plain = FlyGuest::of(FlyCpuKind::Shared, None, None);
        assert_eq!((plain.cpus, plain.memory), (2, Size::gib(2)));
    }

    #[test]
    fn regions_may_be_a_list() {
        assert!(unknown_fly_regions("iad, ord").is_empty());
        assert_eq!(unknown_fly_regions("iad,atlantis"), ["atlantis"]);
        assert!(is_in_fly_region("iad,ord", "ord"));
        assert!(is_in_fly_region("any", "syd"));
        assert!(!is_in_fly_region("iad", "syd"));
        assert_eq!(first_fly_region("any, ord"), Some("ord"));
        assert_eq!(first_fly_region("us"), None);
    }
}
