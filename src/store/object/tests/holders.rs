//! Many holders with clocks that disagree and long pauses: whatever was acknowledged stays.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::faulty::Faulty;
use crate::state::Serial;
use crate::store::contract_tests::{NOW, intent, read};
use crate::store::object::Object;
use crate::store::{Locked, Store, StoreError};
use crate::sys::{Clock, World};

/// What one of the holders does next.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Takes the lock, if it is free or seems to have run out.
    Take,
    Commit,
    Compact,
    /// Gives it back.
    Leave,
    /// Somebody takes the lock from whoever has it.
    Force,
    /// Everybody sleeps for so many seconds.
    Sleep(u8),
}

fn deed() -> impl Strategy<Value = (usize, Deed)> {
    let deed = prop_oneof![
        4 => Just(Deed::Take),
        6 => Just(Deed::Commit),
        2 => Just(Deed::Compact),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Force),
        2 => any::<u8>().prop_map(Deed::Sleep),
    ];
    (0..HOLDERS, deed)
}

const HOLDERS: usize = 4;

/// How many seconds the holders' clocks are off.
const SKEW: [i64; HOLDERS] = [0, 47, -90, 3];

fn store_at(client: &Arc<Faulty>, seconds: i64) -> Store {
    let world = World {
        clock: Clock::Fixed(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + seconds)),
        ..World::real()
    };
    let client = Arc::clone(client) as Arc<dyn object_store::ObjectStore>;
    let medium = Object::new(client, "dev", "memory://bucket/dev").unwrap();
    Store::on(Arc::new(medium), &world)
}

fn play(deeds: &[(usize, Deed)]) {
    let client = Arc::new(Faulty::new());
    let mut first = store_at(&client, 0).lock(NOW, &mut |_| {}).unwrap();
    first.initialise("dev").unwrap();
    drop(first);
    let mut holders: [Option<Locked>; HOLDERS] = [const { None }; HOLDERS];
    let mut acknowledged: Vec<u64> = Vec::new();
    let mut now = 0;
    for (number, (who, deed)) in (0..).zip(deeds.iter().copied()) {
        match deed {
            Deed::Sleep(seconds) => now += i64::from(seconds),
            Deed::Take => {
                if holders[who].is_none() {
                    let store = store_at(&client, now + SKEW[who]);
                    match store.lock(NOW, &mut |_| {}) {
                        Ok(locked) => holders[who] = Some(locked),
                        Err(StoreError::Held(_)) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            Deed::Force => {
                let store = store_at(&client, -900_000);
                if let Err(StoreError::Held(info)) = store.lock(NOW, &mut |_| {}) {
                    store.force_unlock(&info.id).unwrap();
                }
            }
            Deed::Leave => holders[who] = None,
            Deed::Commit => {
                if let Some(locked) = &mut holders[who] {
                    match locked.commit(intent(number)) {
                        Ok(()) => acknowledged.push(number),
                        Err(StoreError::Lost(_)) => holders[who] = None,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            Deed::Compact => {
                if let Some(locked) = &mut holders[who]
                    && let Err(error) = locked.compact()
                {
                    assert!(matches!(error, StoreError::Lost(_)), "{error:?}");
                    holders[who] = None;
                }
            }
        }
        let state = read(&store_at(&client, now));
        let there: Vec<u64> = state.pending.iter().map(|one| one.generation).collect();
        assert_eq!(there, acknowledged, "after {number}: {deed:?} by {who}");
        assert_eq!(state.serial, Serial(acknowledged.len() as u64));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_acknowledged_stays_whoever_believes_to_hold_the_lock(
        deeds in proptest::collection::vec(deed(), 1..60)
    ) {
        play(&deeds);
    }
}
