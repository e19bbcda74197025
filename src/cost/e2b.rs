//! E2B's prices: by the second while a sandbox runs, nothing while it is paused.

use super::estimate::{Cost, Estimate, HOURS_PER_MONTH, Part, Usd};
use crate::config::Machine;
use crate::resource::Size;

/// A processor for an hour: 0.000014 a second.
const PROCESSOR: Usd = Usd::micros(50_400);
/// A gibibyte of memory for an hour: 0.0000045 a second.
const MEMORY: Usd = Usd::micros(16_200);

/// What a sandbox gets that says nothing of it.
const CPUS: u32 = 2;
const RAM: Size = Size::gib(2);

/// What a sandbox costs that runs all month.
pub(super) fn estimate(machine: &Machine) -> Estimate {
    let cpus = machine.cpus.unwrap_or(CPUS);
    let memory = machine.memory.unwrap_or(RAM);
    let hour = hour(cpus, memory);
    Estimate::Monthly(Cost::of(
        vec![Part {
            what: format!("{cpus} vCPU with {memory} at ${:.4} an hour", dollars(hour)),
            monthly: hour * HOURS_PER_MONTH,
            always: false,
        }],
        "the plan's own fee",
    ))
}

fn hour(cpus: u32, memory: Size) -> Usd {
    let mib = memory.as_bytes() / Size::mib(1).as_bytes();
    let memory = u64::try_from(u128::from(mib) * u128::from(MEMORY.as_micros()) / 1024);
    PROCESSOR * u64::from(cpus) + Usd::micros(memory.unwrap_or(u64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "an hour's price is small")]
fn dollars(amount: Usd) -> f64 {
    amount.as_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures are those of E2B's own explanation of its prices.
    #[test]
    fn what_e2b_publishes_comes_out() {
        assert_eq!(format!("{:.3}", dollars(hour(2, Size::mib(512)))), "0.109");
        assert_eq!(format!("{:.4}", dollars(hour(2, Size::gib(4)))), "0.1656");
        let month = hour(2, Size::gib(4)) * HOURS_PER_MONTH;
        assert_eq!(month.to_string(), "$120.89");
    }
}
