//! Providers that fail, stall and lie: the state stays sound, and what is mended converges.

use std::time::Duration;

use proptest::prelude::*;

use super::ground::{Ground, run};
use crate::address::Kind;
use crate::desired::sample::{Machine, Shape, edit};
use crate::plan::Options;
use crate::provider::Class;
use crate::provider::fake::{Effect, Failure, Fault, Verb};
use crate::state::{StepKind, violations};

pub(super) fn class() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::Retryable),
        Just(Class::Throttled(Duration::from_millis(5))),
        Just(Class::Conflict),
        Just(Class::Denied),
        Just(Class::Invalid),
        Just(Class::Ambiguous),
        Just(Class::Failed),
    ]
}

pub(super) fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        3 => class().prop_map(|class| Effect::Fail(Failure::new(class, "it failed"))),
        3 => class().prop_map(|class| Effect::FailAfter(Failure::new(class, "nobody heard"))),
        2 => (1_u64..5000).prop_map(Effect::Delay),
    ]
}

pub(super) fn fault(effect: impl Strategy<Value = Effect>) -> impl Strategy<Value = Fault> {
    let verb = prop::sample::select(vec![
        Verb::Create,
        Verb::Update,
        Verb::Delete,
        Verb::Deliver,
        Verb::Withdraw,
        Verb::Exec,
    ]);
    let kind = prop::option::of(prop::sample::select(vec![
        Kind::Network,
        Kind::Volume,
        Kind::Machine,
        Kind::Image,
        Kind::Secret,
    ]));
    (prop::option::of(verb), kind, 1_u32..4, effect).prop_map(|(verb, kind, times, effect)| {
        let mut fault = Fault::new(effect).times(times);
        fault.verb = verb.or(Some(Verb::Create));
        fault.kind = kind;
        fault
    })
}

/// A defect in the code of a provider is one operation's end, not everybody's: the others end as
/// they do, what became of it is found out by the next run, and a person is told.
#[test]
fn a_provider_that_panics_costs_one_operation_and_nothing_is_lost() {
    run(async {
        let machine = Machine {
            wanted: true,
            on_docker: true,
            image: 0,
            memory: 1,
            cpus: 1,
            volumes: vec![Some(1)],
            secrets: 1,
            extensions: Vec::new(),
            create_first: false,
            depends_on: Vec::new(),
        };
        let shape = Shape {
            machines: vec![machine.clone(), machine],
            needs: Vec::new(),
        };
        let options = Options::default();
        let mut ground = Ground::new();
        let mut fault = Fault::new(Effect::Panic).times(1);
        (fault.verb, fault.kind) = (Some(Verb::Create), Some(Kind::Machine));
        ground.fakes.change(|world| world.faults = vec![fault]);
        let summary = ground.round(&shape, &options).await.unwrap();
        let told = summary.failed.iter().flat_map(|(_, found)| found);
        assert!(
            told.into_iter()
                .any(|found| found.code.as_str() == "engine::panic"),
            "{:#?}",
            summary.failed
        );
        assert_eq!(ground.journal.state.pending.len(), 1);
        assert_eq!(violations(&ground.journal.state), Vec::new());
        let summary = ground.round(&shape, &options).await.unwrap();
        assert!(summary.is_clean(), "{summary:#?}");
        assert_eq!(ground.standing(), ground.expected(&shape));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_mended_converges_in_one_apply(
        (before, after) in edit(3, true), faults in prop::collection::vec(fault(effect()), 1..4),
        early: bool, parallelism in 1_usize..5,
    ) {
        run(async {
            let options = Options::default();
            let mut ground = Ground::new();
            ground.parallelism = parallelism;
            if !early {
                ground.round(&before, &options).await.unwrap();
            }
            ground.fakes.change(|world| world.faults.clone_from(&faults));
            let shape = if early { &before } else { &after };
            ground.round(shape, &options).await.unwrap();
            prop_assert_eq!(violations(&ground.journal.state), Vec::new());
            // Only a create of which nobody knows stays open.
            let open = &ground.journal.state.pending;
            prop_assert!(open.iter().all(|intent| intent.step == StepKind::Create), "{open:?}");
            ground.fakes.change(|world| world.faults.clear());
            let summary = ground.round(shape, &options).await.unwrap();
            prop_assert!(ground.journal.state.pending.is_empty());
            prop_assert!(summary.is_clean(), "{summary:#?}");
            let next = ground.plan(shape, &options).await;
            prop_assert!(next.is_empty() && next.drift.is_empty(), "{:#?}", next.changes);
            prop_assert_eq!(ground.standing(), ground.expected(shape));
            Ok(())
        })?;
    }

    #[test]
    fn a_liar_is_found_out(
        (before, after) in edit(3, true),
        lies in prop::collection::vec(fault(Just(Effect::Pretend)), 1..3),
    ) {
        run(async {
            let options = Options::default();
            let mut ground = Ground::new();
            ground.round(&before, &options).await.unwrap();
            let mut lies = lies;
            // What is inside a machine isn't looked at without being asked to.
            lies.retain(|lie| !matches!(lie.verb, Some(Verb::Deliver | Verb::Withdraw | Verb::Exec)));
            ground.fakes.change(|world| world.faults = lies);
            ground.round(&after, &options).await.unwrap();
            prop_assert_eq!(violations(&ground.journal.state), Vec::new());
            ground.fakes.change(|world| world.faults.clear());
            // What still stands after a deletion that never was is taken over as it is, and only
            // the plan after that sees how it differs.
            for _ in 0..2 {
                ground.round(&after, &options).await.unwrap();
            }
            let next = ground.plan(&after, &options).await;
            prop_assert!(next.is_empty() && next.drift.is_empty(), "{:#?}", next.changes);
            // What a lie about a deletion leaves where nothing is wanted is no longer recorded.
            let (mut standing, expected) = (ground.standing(), ground.expected(&after));
            standing.retain(|address| expected.contains(address));
            prop_assert_eq!(standing, expected);
            Ok(())
        })?;
    }
}
