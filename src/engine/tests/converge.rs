//! An apply ends in what is desired, in an order that respects every edge.

use proptest::prelude::*;
use proptest::sample::Index;

use super::ground::{Ground, run};
use crate::desired::sample::{Shape, edit, shape};
use crate::plan::Options;
use crate::provider::fake::{Call, Verb};

/// The calls of one round: none begins before what its resource depends on has ended.
fn in_order(ground: &Ground, shape: &Shape) -> Result<(), TestCaseError> {
    let calls = ground.fakes.calls();
    let makes = |call: &&Call| matches!(call.verb, Verb::Create | Verb::Update | Verb::Deliver);
    for wanted in shape.desired().resources() {
        let mine = calls
            .iter()
            .filter(makes)
            .filter(|c| c.address.as_ref() == Some(&wanted.address));
        for call in mine {
            for on in &wanted.dependencies {
                let theirs = calls
                    .iter()
                    .filter(makes)
                    .filter(|c| c.address.as_ref() == Some(on));
                for before in theirs {
                    prop_assert!(
                        before.ended.is_some_and(|ended| ended < call.begun),
                        "{} began before {on} had ended",
                        wanted.address
                    );
                }
            }
        }
    }
    prop_assert!(ground.fakes.most_at_once() <= ground.parallelism);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn apply_ends_in_what_is_desired(
        (before, after) in edit(4, true), parallelism in 1_usize..6, latency in prop::option::of(1_u64..50),
    ) {
        run(async {
            let mut ground = Ground::new();
            ground.parallelism = parallelism;
            ground.fakes.change(|world| world.latency = latency);
            for shape in [&before, &after] {
                ground.fakes.change(|world| world.calls.clear());
                let planned = ground.plan(shape, &Options::default()).await;
                let summary = ground.round(shape, &Options::default()).await.unwrap();
                prop_assert!(summary.is_clean(), "{summary:#?}");
                prop_assert_eq!(summary.done, planned.totals());
                in_order(&ground, shape)?;
                prop_assert!(ground.journal.state.pending.is_empty());
                let next = ground.plan(shape, &Options::default()).await;
                prop_assert!(next.is_empty(), "{:#?}", next.changes);
                prop_assert!(next.drift.is_empty(), "{:#?}", next.drift);
                prop_assert_eq!(ground.standing(), ground.expected(shape));
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_second_apply_calls_nobody(shape in shape(4, true)) {
        run(async {
            let mut ground = Ground::new();
            ground.round(&shape, &Options::default()).await.unwrap();
            let (acts, commits) = (ground.fakes.acts(), ground.journal.commits);
            ground.round(&shape, &Options::default()).await.unwrap();
            prop_assert_eq!(ground.fakes.acts(), acts);
            prop_assert_eq!(ground.journal.commits, commits);
            Ok(())
        })?;
    }

    #[test]
    fn drift_is_healed(shape in shape(4, true), meddling in prop::collection::vec((any::<Index>(), 0..3_u8), 1..4)) {
        run(async {
            let mut ground = Ground::new();
            ground.round(&shape, &Options::default()).await.unwrap();
            for (which, how) in meddling {
                let standing = ground.standing();
                if standing.is_empty() {
                    break;
                }
                let address = &standing[which.index(standing.len())];
                match how {
                    0 => ground.fakes.remove(address),
                    1 => ground.fakes.set_attribute(address, "memory", "77GB"),
                    _ => ground.fakes.set_attribute(address, "cpus", 77),
                };
            }
            let summary = ground.round(&shape, &Options::default()).await.unwrap();
            prop_assert!(summary.is_clean(), "{summary:#?}");
            let next = ground.plan(&shape, &Options::default()).await;
            prop_assert!(next.is_empty() && next.drift.is_empty(), "{:#?}", next.changes);
            prop_assert_eq!(ground.standing(), ground.expected(&shape));
            Ok(())
        })?;
    }

    #[test]
    fn a_destroy_leaves_nothing_but_kept_volumes(shape in shape(4, true), volumes: bool) {
        run(async {
            let mut ground = Ground::new();
            ground.round(&shape, &Options::default()).await.unwrap();
            let options = Options { destroy: true, delete_volumes: volumes, ..Options::default() };
            let summary = ground.round(&shape, &options).await.unwrap();
            prop_assert!(summary.is_clean(), "{summary:#?}");
            let recorded: Vec<_> = ground.journal.state.resources.keys().cloned().collect();
            prop_assert_eq!(&ground.standing(), &recorded);
            prop_assert!(!volumes || recorded.is_empty(), "{recorded:?}");
            // What was kept is taken again.
            let summary = ground.round(&shape, &Options::default()).await.unwrap();
            prop_assert!(summary.is_clean(), "{summary:#?}");
            prop_assert!(ground.plan(&shape, &Options::default()).await.is_empty());
            prop_assert_eq!(ground.standing(), ground.expected(&shape));
            Ok(())
        })?;
    }
}
