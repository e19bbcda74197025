//! Which installations others wait for, and how long those take.

use std::time::Duration;

use crate::catalog::Manifests;
use crate::plan::{Plan, Step};
use crate::resource::Spec;
use crate::state::StepKind;

/// For each step of a plan, how long the longest chain of installations takes that waits for it.
///
/// As the manifests say: of two installations that want the same package manager, the one goes first
/// that more depends on.
pub(super) fn of_steps(
    plan: &Plan,
    dependents: &[Vec<u32>],
    manifests: &Manifests,
) -> Vec<Duration> {
    let own: Vec<Duration> = plan
        .steps
        .iter()
        .map(|step| takes(plan, step, manifests))
        .collect();
    longest_behind(dependents, &own)
}

/// How long a step installs.
fn takes(plan: &Plan, step: &Step, manifests: &Manifests) -> Duration {
    let change = &plan.changes[step.change as usize];
    let Some(spec @ Spec::Extension(_)) = change.desired.as_deref() else {
        return Duration::ZERO;
    };
    match step.kind {
        StepKind::Create | StepKind::Update => manifests
            .of(change.address.leaf(), Some(spec))
            .and_then(|manifest| manifest.requirements.install_time)
            .unwrap_or_default(),
        StepKind::Destroy | StepKind::Adopt | StepKind::Forget | StepKind::Retain => Duration::ZERO,
    }
}

/// The longest way through those that wait for each one, by what each of them takes itself.
fn longest_behind(dependents: &[Vec<u32>], own: &[Duration]) -> Vec<Duration> {
    let mut behind = vec![Duration::ZERO; own.len()];
    // From the last to the first each is met after all that wait for it.
    for index in in_turn(dependents).into_iter().rev() {
        let ways = dependents[index].iter().map(|after| {
            let after = *after as usize;
            own[after].saturating_add(behind[after])
        });
        behind[index] = ways.max().unwrap_or_default();
    }
    behind
}

/// An order in which each comes after those it waits for.
fn in_turn(dependents: &[Vec<u32>]) -> Vec<usize> {
    let mut missing = vec![0_usize; dependents.len()];
    for after in dependents.iter().flatten() {
        missing[*after as usize] += 1;
    }
    let mut order: Vec<usize> = (0..missing.len())
        .filter(|index| missing[*index] == 0)
        .collect();
    let mut next = 0;
    while let Some(index) = order.get(next).copied() {
        for after in &dependents[index] {
            let after = *after as usize;
            missing[after] -= 1;
            if missing[after] == 0 {
                order.push(after);
            }
        }
        next += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_chain_counts_and_not_the_number_of_those_who_wait() {
        // 3 is first; 0 and 1 wait for it, 2 for 1, 4 for both 2 and 0; nobody waits for 5.
        let dependents = [vec![4], vec![2], vec![4], vec![0, 1], vec![], vec![]];
        let own = [50, 1, 20, 7, 5, 90].map(Duration::from_secs);
        let behind = longest_behind(&dependents, &own);
        assert_eq!(behind, [5, 25, 5, 55, 0, 0].map(Duration::from_secs));
    }

    #[test]
    fn many_alike_in_a_row_add_up() {
        let dependents: Vec<Vec<u32>> = (1..=1000)
            .map(|next| if next < 1000 { vec![next] } else { vec![] })
            .collect();
        let behind = longest_behind(&dependents, &[Duration::from_secs(1); 1000]);
        assert_eq!(behind[0], Duration::from_secs(999));
        assert_eq!(behind[999], Duration::ZERO);
    }
}
