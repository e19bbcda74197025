//! A process that ends at any commit loses nothing and doubles nothing.

use proptest::prelude::*;
use proptest::sample::Index;

use super::ground::{End, Ground, run};
use crate::desired::sample::edit;
use crate::plan::Options;

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Before), Just(End::After), Just(End::Refused)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_next_apply_goes_on_from_any_commit(
        (before, after) in edit(3, true), end in end(), parallelism in 1_usize..5,
        latency in prop::option::of(1_u64..20),
        some in prop::collection::vec(any::<Index>(), 4),
    ) {
        run(async {
            let options = Options::default();
            // How many commits the whole change takes.
            let commits = {
                let mut ground = Ground::new();
                ground.parallelism = parallelism;
                ground.round(&before, &options).await.unwrap();
                let made = ground.journal.commits;
                ground.round(&after, &options).await.unwrap();
                (made, ground.journal.commits)
            };
            // Every commit of a small change, some of a large one.
            let mut chosen: Vec<usize> = (commits.0..commits.1).collect();
            if chosen.len() > 6 {
                chosen = some.iter().map(|index| *index.get(&chosen)).collect();
            }
            for at in chosen {
                let mut ground = Ground::new();
                ground.parallelism = parallelism;
                ground.fakes.change(|world| world.latency = latency);
                ground.round(&before, &options).await.unwrap();
                ground.journal.end = Some((at, end));
                let ended = ground.round(&after, &options).await;
                prop_assert_eq!(ended.is_none(), end != End::Refused);
                ground.journal.end = None;
                // Readers see in memory what writers are going to settle.
                let _read = ground.plan(&after, &options).await;
                let summary = ground.round(&after, &options).await.unwrap();
                prop_assert!(summary.is_clean(), "after {end:?} at {at}: {summary:#?}");
                prop_assert!(ground.journal.state.pending.is_empty());
                let next = ground.plan(&after, &options).await;
                prop_assert!(next.is_empty(), "after {end:?} at {at}: {:#?}", next.changes);
                prop_assert_eq!(ground.standing(), ground.expected(&after), "after {:?} at {}", end, at);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_destroy_goes_on_from_any_commit((shape, _) in edit(2, true), end in end()) {
        run(async {
            let destroy = Options { destroy: true, delete_volumes: true, ..Options::default() };
            let mut at = 0;
            loop {
                let mut ground = Ground::new();
                ground.round(&shape, &Options::default()).await.unwrap();
                let made = ground.journal.commits;
                ground.journal.end = Some((made + at, end));
                ground.round(&shape, &destroy).await;
                let whole = ground.journal.commits;
                ground.journal.end = None;
                let summary = ground.round(&shape, &destroy).await.unwrap();
                prop_assert!(summary.is_clean(), "after {end:?} at {at}: {summary:#?}");
                prop_assert!(ground.journal.state.resources.is_empty());
                prop_assert_eq!(ground.standing(), Vec::new());
                if whole < made + at {
                    return Ok(());
                }
                at += 1;
            }
        })?;
    }
}
