//! Object stores that answer badly, and holders that are out of step.

mod faulty;
mod gate;
mod holders;
mod interleavings;
mod versions;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use faulty::{Faulty, Trouble};
use futures_util::TryStreamExt;

use super::Object;
use crate::diagnostic::Diagnose;
use crate::store::contract_tests::{Ground, begun, intent, operation, read, take};
use crate::store::{Place, Store, StoreError};
use crate::sys::World;

fn store_on(client: &Arc<Faulty>) -> Store {
    let client = Arc::clone(client) as Arc<dyn object_store::ObjectStore>;
    let medium = Object::new(client, "team/dev", "memory://bucket/team/dev").unwrap();
    Store::on(Arc::new(medium), &World::real())
}

/// A write that came through counts once, however often its answer got lost.
#[test]
fn a_write_whose_answer_got_lost_counts_once() {
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    let mut locked = begun(&store);
    for number in 0..4 {
        client.give(&[Trouble::AnswerLost; 2]);
        locked.commit(intent(number)).unwrap();
        client.give(&[Trouble::RequestLost, Trouble::AnswerLost]);
        locked.compact().unwrap();
    }
    assert_eq!(read(&store), *locked.state());
    assert_eq!(locked.state().pending.len(), 4);
    client.give(&[Trouble::AnswerLost; 2]);
    drop(locked);
    client.give(&[Trouble::AnswerLost; 2]);
    take(&store).unwrap();
}

/// Nothing may be written after a write of which nobody knows what became; it still can't hurt.
#[test]
fn a_write_with_an_unknown_end_stops_the_holder() {
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    let mut locked = begun(&store);
    locked.commit(intent(0)).unwrap();
    let before = locked.state().clone();
    client.give(&[Trouble::RequestLost; 4]);
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(matches!(
        locked.commit(intent(1)),
        Err(StoreError::Poisoned(_))
    ));
    assert_eq!(*locked.state(), before);
    drop(locked);
    let mut later = take(&store).unwrap();
    assert_eq!(*later.state(), before);
    // The write could still arrive: its name is taken.
    let names = client.names();
    let fence = "team/dev/journal/00000000000000000002.1.jsonl";
    assert!(names.iter().any(|name| name == fence), "{names:?}");
    later.commit(intent(1)).unwrap();
    assert_eq!(read(&store), *later.state());
}

#[test]
fn a_server_that_ignores_conditions_is_refused() {
    let client = Arc::new(Faulty::new());
    client.ignores_conditions.store(true, Ordering::SeqCst);
    let store = store_on(&client);
    let error = take(&store).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
    assert_eq!(client.names(), Vec::<String>::new());
    let found = &error.diagnose()[0];
    assert_eq!(found.code.as_str(), "store::unsafe");
    // One that was safe and is another one now is looked at again.
    let client = Arc::new(Faulty::new());
    drop(begun(&store_on(&client)));
    client.ignores_conditions.store(true, Ordering::SeqCst);
    let other = Arc::clone(&client) as Arc<dyn object_store::ObjectStore>;
    let moved = Object::new(other, "team/dev", "memory://elsewhere/team/dev").unwrap();
    let error = take(&Store::on(Arc::new(moved), &World::real())).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
}

#[test]
fn a_real_server_that_ignores_conditions_is_refused_and_left_as_it_was() {
    let ground = Ground::careless_s3();
    for _ in 0..2 {
        let error = take(&ground.open()).unwrap_err();
        assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
        assert_eq!(error.diagnose()[0].code.as_str(), "store::unsafe");
        let Place::Object(place) = &ground.place else {
            unreachable!()
        };
        let client = place.client(&ground.world.environment).unwrap();
        let below = place.prefix.as_str().into();
        let background = crate::store::background::Background::start().unwrap();
        let listed = background.wait(async move {
            let listed: Result<Vec<_>, _> = client.list(Some(&below)).try_collect().await;
            listed
        });
        assert_eq!(listed.unwrap().unwrap(), []);
    }
}

#[test]
fn an_operation_costs_one_request() {
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    let constant = {
        drop(begun(&store));
        let before = client.requests.load(Ordering::SeqCst);
        let mut locked = begun(&store);
        locked.commit(intent(0)).unwrap();
        locked.compact().unwrap();
        drop(locked);
        client.requests.load(Ordering::SeqCst) - before
    };
    assert!(constant <= 15, "{constant}");
    let before = client.requests.load(Ordering::SeqCst);
    let mut locked = begun(&store);
    for number in 1..=200 {
        locked.commit(intent(number)).unwrap();
    }
    locked.compact().unwrap();
    drop(locked);
    let requests = client.requests.load(Ordering::SeqCst) - before;
    assert!(requests <= constant + 199, "{requests}");
}

#[test]
fn a_store_that_refuses_says_why() {
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    client.give(&[Trouble::Denied]);
    let error = take(&store).unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    assert_eq!(error.diagnose()[0].code.as_str(), "store::denied");
}

#[test]
fn a_store_that_is_not_there_says_so() {
    for ground in [Ground::s3(), Ground::azure()] {
        let Place::Object(mut place) = ground.place.clone() else {
            unreachable!()
        };
        place.bucket = "sindri-no-such-bucket".to_owned();
        let store = Place::Object(place.clone()).open(&ground.world).unwrap();
        for error in [store.read().unwrap_err(), take(&store).unwrap_err()] {
            assert!(matches!(error, StoreError::NoBucket(_)), "{error:?}");
        }
        place.endpoint = Some("http://127.0.0.1:9".to_owned());
        let store = Place::Object(place).open(&ground.world).unwrap();
        let error = store.read().unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    }
}

/// Microsoft's emulator looks at signatures, as the service does.
#[test]
fn another_key_than_the_account_s_is_refused_and_never_shown() {
    let ground = Ground::azure();
    drop(begun(&ground.open()));
    let canary = "Y2FuYXJ5LWtleS1vZi1zb21lYm9keS1lbHNl";
    let variables = [
        ("AZURE_STORAGE_ACCOUNT_NAME", "sindri"),
        ("AZURE_STORAGE_ACCOUNT_KEY", canary),
    ];
    let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let world = World {
        environment: Arc::new(crate::sys::Environment::of(owned)),
        ..World::real()
    };
    let store = ground.place.open(&world).unwrap();
    for error in [store.read().unwrap_err(), take(&store).unwrap_err()] {
        assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains(canary));
        assert_eq!(error.diagnose()[0].code.as_str(), "store::denied");
    }
}

/// What a killed holder leaves comes free when it runs out, and what it recorded is there.
#[test]
fn a_lock_whose_holder_is_gone_comes_free() {
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    let mut locked = begun(&store);
    locked.commit(intent(0)).unwrap();
    // As a killed process does: it says nothing any more.
    let held = client.copy();
    drop(locked);
    let store = store_on(&held);
    assert!(matches!(take(&store), Err(StoreError::Held(_))));
    let late = World {
        clock: crate::sys::Clock::Fixed(
            World::real().clock.now() + jiff::SignedDuration::from_secs(61),
        ),
        ..World::real()
    };
    let medium = Object::new(held, "team/dev", "memory://bucket/team/dev").unwrap();
    let store = Store::on(Arc::new(medium), &late);
    let locked = store
        .lock(crate::store::contract_tests::NOW, &mut |_| {})
        .unwrap();
    assert_eq!(locked.state().pending[0].operation, operation(0));
}

/// Renewing goes on beside the work, and a holder that can't renew finds out.
#[test]
fn a_lease_is_renewed_while_it_is_held() {
    let client = Arc::new(Faulty::new());
    let bucket = super::bucket::Bucket::new(client, "p", "memory://b/p");
    let background = Arc::new(crate::store::background::Background::start().unwrap());
    let world = World::real();
    let me = crate::store::LockInfo::of_this_process(&world, "apply");
    let life = Duration::from_millis(600);
    let attempt = |info: &crate::store::LockInfo| {
        let (bucket, info, clock) = (bucket.clone(), info.clone(), world.clock);
        let take = async move { super::lease::Lease::take(&bucket, clock, life, &info).await };
        background.wait(take).unwrap().unwrap()
    };
    let super::lease::Attempt::Taken(lease) = attempt(&me) else {
        panic!("it is free")
    };
    let held = super::holding::Held::new(bucket.clone(), Arc::clone(&background), Some(*lease), 1);
    let other = crate::store::LockInfo::of_this_process(&world, "destroy");
    let began = std::time::Instant::now();
    while began.elapsed() < 3 * life {
        let super::lease::Attempt::Held(info) = attempt(&other) else {
            panic!("it isn't held any more")
        };
        assert_eq!(info.id, me.id);
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(held);
    assert!(matches!(attempt(&other), super::lease::Attempt::Taken(_)));
}
