//! A store that is lost in the middle of an apply: nothing new starts, and nothing that ran is lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::ground::{Ground, run};
use crate::address::Address;
use crate::desired::sample::edit;
use crate::plan::Options;
use crate::provider::fake::Call;
use crate::state::{Event, Intent, violations};
use crate::store::shaky::{Fault, Faults};
use crate::store::{LockRequest, Locked, Store};
use crate::sys::World;

fn locked(store: &Store) -> Locked {
    let request = LockRequest {
        operation: "apply",
        timeout: Duration::ZERO,
        given_up: None,
    };
    let mut locked = store.lock(request, &mut |_| {}).unwrap();
    locked.initialise("team").unwrap();
    locked
}

fn spills(directory: &Path) -> usize {
    let names = std::fs::read_dir(directory).into_iter().flatten().flatten();
    names
        .filter(|entry| {
            let name = entry.file_name().into_string().unwrap();
            name.starts_with("spill-") && name.strip_suffix(".jsonl").is_some()
        })
        .count()
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Late),
        Just(Fault::Full),
        Just(Fault::Cut),
        Just(Fault::Taken),
        Just(Fault::Short),
        Just(Fault::Unheard),
    ]
}

/// Whether a call belongs to an operation that was open when the store was lost.
fn was_open(call: &Call, open: &[Intent]) -> bool {
    let Some(address) = &call.address else {
        return true;
    };
    let inside = |intent: &Intent| {
        let machine = intent.address.machine().cloned().map(Address::Machine);
        intent.address.lives_inside() && machine.as_ref() == Some(address)
    };
    open.iter()
        .any(|intent| intent.address == *address || inside(intent))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_store_lost_on_the_way_loses_and_doubles_nothing(
        (before, after) in edit(2, true), fault in fault(), at: Index, elsewhere: bool,
        parallelism in 1_usize..6, latency in prop::option::of(1_u64..40),
    ) {
        run(async {
            let options = Options::default();
            let commits = {
                let mut ground = Ground::new();
                ground.parallelism = parallelism;
                ground.round(&before, &options).await.unwrap();
                let made = ground.journal.commits;
                ground.round(&after, &options).await.unwrap();
                ground.journal.commits - made
            };
            let room = tempfile::tempdir().unwrap();
            let [here, there] = ["here", "there"].map(|name| room.path().join(name));
            let place = room.path().join("store");
            let world = World::real();
            let sound = |spills: &Path| Store::local(&place, &world).beside(spills);
            let mut ground = Ground::new();
            ground.parallelism = parallelism;
            ground.fakes.change(|world| world.latency = latency);
            ground.act(&mut locked(&sound(&here)), &before, &options).await.unwrap();

            // The store is lost.
            let begun = Arc::new(AtomicUsize::new(usize::MAX));
            let told = {
                let (begun, fakes) = (Arc::clone(&begun), ground.fakes.clone());
                move || begun.store(fakes.calls().len(), Ordering::Relaxed)
            };
            let faults = Faults { after: at.index(commits + 1), fault, told: Arc::new(told) };
            let shaky = Store::shaky(&place, &here, &world, faults);
            let ended = ground.act(&mut locked(&shaky), &after, &options).await;
            let lost = begun.load(Ordering::Relaxed) != usize::MAX && fault != Fault::Late;
            prop_assert_eq!(ended.is_err(), lost);
            if let Err(broken) = &ended {
                let calls = ground.fakes.calls();
                let open = sound(&here).read().unwrap().unwrap().pending;
                let late: Vec<_> = calls[begun.load(Ordering::Relaxed)..]
                    .iter().filter(|call| call.verb.acts() && !was_open(call, &open)).collect();
                prop_assert!(late.is_empty(), "begun after the loss: {late:?}");
                let kept = broken.diagnostics.iter()
                    .any(|found| found.code.as_str() == "engine::kept-here");
                prop_assert_eq!(kept, spills(&here) == 1);
            }

            // The next run, from here or from elsewhere.
            let from = if elsewhere { &there } else { &here };
            let recorded = sound(from).read().unwrap().unwrap();
            let had_spilled = spills(from) == 1;
            let mut again = locked(&sound(from));
            let spilled = again.spilled();
            prop_assert_eq!(spilled.len(), usize::from(had_spilled));
            for spilled in spilled {
                prop_assert_eq!(&spilled.aside, &None);
                // All that was kept is new, unless the write that failed had reached the store.
                prop_assert!(!spilled.recorded.is_empty() || fault == Fault::Unheard);
                let open = again.state().pending.len();
                prop_assert_eq!(open + spilled.recorded.len(), recorded.pending.len());
            }
            let summary = ground.act(&mut again, &after, &options).await.unwrap();
            prop_assert!(summary.is_clean(), "{summary:#?}");
            prop_assert!(again.state().pending.is_empty());
            prop_assert_eq!(violations(again.state()), Vec::new());
            ground.journal.state = again.state().clone();
            drop(again);
            let next = ground.plan(&after, &options).await;
            prop_assert!(next.is_empty() && next.drift.is_empty(), "{:#?}", next.changes);
            prop_assert_eq!(ground.standing(), ground.expected(&after));

            // What was kept here is stale by now, and changes nothing any more.
            let stale = locked(&sound(&here));
            prop_assert_eq!(spills(&here), 0);
            let resources = |state: &crate::state::State| state.resources.clone();
            prop_assert_eq!(resources(stale.state()), resources(&ground.journal.state));
            Ok(())
        })?;
    }
}

/// The outcomes of a history's last operations, kept and taken in by hand.
#[test]
fn a_spill_that_contradicts_the_state_is_set_aside() {
    let groups = crate::state::sample::history(&(0..=255).collect::<Vec<u8>>());
    let events: Vec<Event> = groups.into_iter().flatten().collect();
    let is_put = |event: &&Event| {
        matches!(
            event,
            Event::Succeeded {
                effect: crate::state::Effect::Put(_),
                ..
            }
        )
    };
    let first = events.iter().position(|event| is_put(&event)).unwrap();
    let outcome = events[first].clone();
    let room = tempfile::tempdir().unwrap();
    let store = Store::local(room.path(), &World::real());
    let mut held = locked(&store);
    held.commit(events[..first].to_vec()).unwrap();
    let before = held.state().clone();

    // A run elsewhere found that nothing had been made.
    let Event::Succeeded {
        operation, address, ..
    } = outcome.clone()
    else {
        unreachable!("it was found as one");
    };
    held.keep(std::slice::from_ref(&outcome)).unwrap().unwrap();
    let settled = Event::Succeeded {
        operation,
        address: address.clone(),
        effect: crate::state::Effect::Keep,
    };
    held.commit(vec![settled]).unwrap();
    let after = held.state().clone();
    drop(held);
    let mut held = locked(&store);
    let spilled = held.spilled().pop().unwrap();
    assert_eq!(spilled.recorded, []);
    let (aside, why) = spilled.aside.unwrap();
    assert_eq!(
        why.to_string(),
        format!("`{address}` was settled in another way since")
    );
    assert!(aside.exists() && !spilled.file.exists());
    assert_eq!(*held.state(), after);

    // Damaged and too new ones aren't believed either.
    let file = held.keep(std::slice::from_ref(&outcome)).unwrap().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    drop(held);
    let mut held = locked(&store);
    assert_eq!(
        held.spilled().pop().unwrap().aside.unwrap().1.to_string(),
        "it is damaged"
    );
    assert!(before.serial < held.state().serial);
}
