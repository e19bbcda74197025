//! What every store owes, run against each of them.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::migrate_tests::a_state_moves_there_and_back_whatever_ends_it;
use super::version_tests::{
    a_document_found_without_a_version_is_kept_before_it_is_replaced,
    a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept,
    every_compaction_keeps_a_dated_version_and_the_oldest_go, kept, version,
};
use super::{LockInfo, LockRequest, Locked, Opening, Place, Rekeyed, Sealing, Store, StoreError};
use crate::state::sample::history;
use crate::state::{Event, Intent, OperationId, Serial, State, StepKind, Version};
use crate::sys::{Environment, World};

/// A place of its own for one test, that any number of writers can open.
pub(super) struct Ground {
    pub(super) place: Place,
    pub(super) world: World,
    /// What lies on this host: the store, or what is kept beside one elsewhere.
    room: tempfile::TempDir,
}

impl Ground {
    fn local() -> Self {
        let room = tempfile::tempdir().unwrap();
        Self {
            place: Place::Local(room.path().join(".sindri")),
            world: World::real(),
            room,
        }
    }

    /// A prefix of its own on the S3 server that `golden-tests/run` starts.
    pub(super) fn s3() -> Self {
        Self::s3_at("SINDRI_TEST_S3", "test", "test")
    }

    /// The same on an S3 that ignores the conditions of writes.
    pub(super) fn careless_s3() -> Self {
        Self::s3_at("SINDRI_TEST_CARELESS_S3", "S3RVER", "S3RVER")
    }

    fn s3_at(variable: &str, id: &str, secret: &str) -> Self {
        let variables = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)];
        Self::prefix("s3", variable, &variables)
    }

    /// The same on Microsoft's emulator of Azure Blob Storage.
    pub(super) fn azure() -> Self {
        let variables = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "sindri"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "dGVzdA=="),
        ];
        Self::prefix("az", "SINDRI_TEST_AZURE", &variables)
    }

    /// A prefix of its own on the server that a variable names.
    fn prefix(scheme: &str, variable: &str, variables: &[(&str, &str)]) -> Self {
        let environment = Environment::of_process();
        let Some(server) = environment.get(variable) else {
            panic!("{variable} names no server: run the tests with `golden-tests/run`");
        };
        let prefix = crate::digest::hex(&World::real().random.bytes::<8>());
        let address = format!("{scheme}://sindri-test/{prefix}/dev?endpoint={server}");
        let variables = variables.iter().chain(&[("USER", "ada")]);
        let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let world = World {
            environment: Arc::new(Environment::of(owned)),
            ..World::real()
        };
        Self::on(Place::parse(&address, "/".as_ref()).unwrap(), world)
    }

    pub(super) fn on(place: Place, world: World) -> Self {
        Self {
            place,
            world,
            room: tempfile::tempdir().unwrap(),
        }
    }

    /// The store, as another process would open it.
    pub(super) fn open(&self) -> Store {
        self.open_on("here")
    }

    /// The store, as a process on another host would open it.
    pub(super) fn open_on(&self, host: &str) -> Store {
        let store = self.place.open(&self.world).unwrap();
        store.beside(&self.room.path().join(host))
    }
}

pub(super) const NOW: LockRequest<'_> = LockRequest {
    operation: "apply",
    timeout: Duration::ZERO,
    given_up: None,
};

pub(super) const PATIENTLY: LockRequest<'_> = LockRequest {
    operation: "destroy",
    timeout: Duration::from_mins(5),
    given_up: None,
};

pub(super) fn take(store: &Store) -> Result<Locked, StoreError> {
    store.lock(NOW, &mut |_| {})
}

pub(super) fn begun(store: &Store) -> Locked {
    let mut locked = take(store).unwrap();
    locked.initialise("dev").unwrap();
    locked
}

pub(super) fn read(store: &Store) -> State {
    store.read().unwrap().unwrap()
}

/// An intent that stays open, so that whoever reads the state sees it.
pub(super) fn intent(number: u64) -> Vec<Event> {
    vec![Event::Begin(Intent {
        operation: operation(number),
        address: "machine.dev".parse().unwrap(),
        step: StepKind::Create,
        spec: None,
        generation: number,
        dependencies: Vec::new(),
    })]
}

pub(super) fn operation(number: u64) -> OperationId {
    OperationId::from_random(number.to_be_bytes())
}

pub(super) fn groups() -> Vec<Vec<Event>> {
    history(&(0..=80).collect::<Vec<u8>>())
}

fn reading_writes_nothing(ground: &Ground) {
    let store = ground.open();
    assert_eq!(store.read().unwrap(), None);
    assert!(store.fingerprint_key().unwrap().is_none());
    assert!(take(&store).unwrap().is_new());
}

fn a_state_begins_once_and_stays_what_it_is(ground: &Ground) {
    let store = ground.open();
    let mut locked = take(&store).unwrap();
    assert!(matches!(
        locked.commit(intent(1)),
        Err(StoreError::NotBegun(_))
    ));
    locked.initialise("dev").unwrap();
    let state = locked.state().clone();
    assert_eq!((state.project.as_str(), state.serial), ("dev", Serial(0)));
    let print = locked.fingerprint_key().fingerprint("A", b"v");
    drop(locked);
    let other = ground.open();
    let mut again = take(&other).unwrap();
    again.initialise("other").unwrap();
    assert_eq!(*again.state(), state);
    assert_eq!(again.fingerprint_key().fingerprint("A", b"v"), print);
    let key = store.fingerprint_key().unwrap().unwrap();
    assert_eq!(key.fingerprint("A", b"v"), print);
    assert_eq!(read(&store), state);
}

fn what_is_committed_is_read_by_anybody(ground: &Ground) {
    let (store, other) = (ground.open(), ground.open());
    let mut locked = begun(&store);
    for (number, group) in groups().into_iter().enumerate() {
        locked.commit(group).unwrap();
        assert_eq!(read(&other), *locked.state());
        if number % 5 == 4 {
            locked.compact().unwrap();
            assert_eq!(read(&other), *locked.state());
        }
    }
    let last = locked.state().clone();
    drop(locked);
    assert_eq!(*take(&other).unwrap().state(), last);
}

fn events_that_contradict_the_state_are_not_written(ground: &Ground) {
    let store = ground.open();
    let mut locked = begun(&store);
    locked.commit(intent(1)).unwrap();
    let before = locked.state().clone();
    assert!(matches!(
        locked.commit(intent(1)),
        Err(StoreError::Contradiction(_))
    ));
    assert_eq!((locked.state(), &read(&store)), (&before, &before));
    locked.commit(intent(2)).unwrap();
    assert_eq!(read(&store).serial, Serial(2));
}

fn a_second_writer_is_told_who_writes_and_waits(ground: &Ground) {
    let (store, other) = (ground.open(), ground.open());
    let mut first = begun(&store);
    let (StoreError::Held(info)
    | StoreError::HeldWithoutEnd(info)
    | StoreError::HeldUntilGone(info)) = take(&other).unwrap_err()
    else {
        panic!("it isn't held")
    };
    assert_eq!(
        (info.operation.as_str(), info.pid),
        ("apply", std::process::id())
    );
    let mut told: Vec<LockInfo> = Vec::new();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let waited = other.lock(PATIENTLY, &mut |holder| told.push(holder.clone()));
            waited.unwrap().state().serial
        });
        std::thread::sleep(Duration::from_millis(300));
        first.commit(intent(1)).unwrap();
        drop(first);
        assert_eq!(waiter.join().unwrap(), Serial(1));
    });
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].id, info.id);
}

fn fifty_writers_come_one_at_a_time_and_none_is_lost(ground: &Ground) {
    drop(begun(&ground.open()));
    let inside = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for number in 0..50 {
            let inside = &inside;
            scope.spawn(move || {
                let store = ground.open();
                let mut locked = store.lock(PATIENTLY, &mut |_| {}).unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                locked.commit(intent(number)).unwrap();
                locked.compact().unwrap();
                assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
            });
        }
    });
    let state = read(&ground.open());
    assert_eq!(state.serial, Serial(50));
    let mut open: Vec<u64> = state.pending.iter().map(|one| one.generation).collect();
    open.sort_unstable();
    assert_eq!(open, (0..50).collect::<Vec<u64>>());
}

fn a_reader_beside_compactions_never_goes_back(ground: &Ground) {
    let (store, other) = (ground.open(), ground.open());
    let mut locked = begun(&store);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = Serial(0);
            while !done.load(Ordering::Relaxed) {
                let state = read(&other);
                assert!(state.serial >= last, "{} after {last}", state.serial);
                last = state.serial;
            }
        });
        for number in 0..60 {
            locked.commit(intent(number)).unwrap();
            if number % 3 == 0 {
                locked.compact().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!(read(&other), *locked.state());
}

fn without_the_lock_what_is_written_counts(ground: &Ground) {
    let store = ground.open();
    let holder = begun(&store);
    let mut loose = ground.open().without_lock("apply").unwrap();
    loose.commit(intent(1)).unwrap();
    loose.compact().unwrap();
    assert_eq!(read(&store), *loose.state());
    drop(holder);
}

/// The keys of a person who has this passphrase now, and had that one before.
fn keys(now: Option<&str>, before: Option<&str>) -> Sealing {
    let named = |name: &str, text: Option<&str>| Some((name.to_owned(), text?.to_owned()));
    let variables = named("SINDRI_STATE_PASSPHRASE", now)
        .into_iter()
        .chain(named("SINDRI_STATE_OLD_PASSPHRASE", before));
    let world = World {
        environment: Arc::new(Environment::of(variables)),
        ..World::real()
    };
    Sealing::new(&world, std::path::Path::new(""), None)
}

fn everything_is_sealed_and_sealed_anew(ground: &Ground) {
    let open = |now, before| ground.open().sealed(&keys(now, before));
    let store = open(Some("one"), None);
    let mut locked = begun(&store);
    for (number, group) in groups().into_iter().enumerate() {
        locked.commit(group).unwrap();
        if number == 7 {
            locked.compact().unwrap();
        }
    }
    locked.back_up().unwrap();
    let last = locked.state().clone();
    let print = locked.fingerprint_key().fingerprint("A", b"v");
    drop(locked);
    let versions: Vec<Version> = kept(&store, &last);
    assert_eq!(versions.len(), 2);
    let other = open(Some("one"), None);
    let locked = take(&other).unwrap();
    assert_eq!(*locked.state(), last);
    assert_eq!(locked.fingerprint_key().fingerprint("A", b"v"), print);
    drop(locked);
    for wrong in [None, Some("two")] {
        let store = open(wrong, None);
        assert!(matches!(store.read(), Err(StoreError::Sealed { .. })));
        assert!(store.fingerprint_key().is_err());
        assert!(take(&store).is_err());
    }
    let rotating = open(Some("two"), Some("one"));
    let mut locked = rotating
        .lock_for(Opening::Rekeying, NOW, &mut |_| {})
        .unwrap();
    let sealing = keys(Some("two"), Some("one"));
    let done = locked.rekey(&sealing, &World::real(), false, None).unwrap();
    assert_eq!(done, (Rekeyed::Rotated, 0));
    drop(locked);
    assert!(open(Some("one"), None).read().is_err());
    let rotated = open(Some("two"), None);
    assert_eq!(read(&rotated).resources, last.resources);
    let locked = take(&rotated).unwrap();
    assert_eq!(locked.fingerprint_key().fingerprint("A", b"v"), print);
    // What can be gone back to is sealed anew too, and nothing of it is left under the old key.
    let all = kept(&rotated, &last);
    assert_eq!(all[1..], versions);
    for one in &all {
        let opened = rotated.version(&one.lineage, one.serial).unwrap().unwrap();
        assert_eq!(
            (opened.serial, opened.resources.len()),
            (one.serial, one.resources)
        );
        let old = open(Some("one"), None);
        assert!(old.version(&one.lineage, one.serial).is_err());
    }
    drop(locked);
    // A version that no key given opens goes.
    let mut locked = take(&rotated).unwrap();
    let stranger = keys(Some("three"), None).begin("x".as_ref()).unwrap();
    let bytes = crate::state::write_document(&last).unwrap();
    let bytes = stranger
        .encode(
            crate::seal::Kind::Document,
            &last.lineage,
            last.serial,
            bytes,
        )
        .unwrap();
    locked
        .holding
        .keep_version(&versions[0], Some(&bytes))
        .unwrap();
    drop(locked);
    let plain = open(None, Some("two"));
    let mut locked = plain.lock_for(Opening::Rekeying, NOW, &mut |_| {}).unwrap();
    let sealing = keys(None, Some("two"));
    let done = locked.rekey(&sealing, &World::real(), true, None).unwrap();
    assert_eq!(done, (Rekeyed::Decrypted, 1));
    drop(locked);
    let plain = open(None, None);
    for one in kept(&plain, &last) {
        assert_ne!(one.serial, versions[0].serial);
        assert!(version(&plain, &last, one.serial).is_some());
    }
}

fn holder(store: &Store) -> LockInfo {
    match take(store) {
        Err(StoreError::Held(info) | StoreError::HeldUntilGone(info)) => *info,
        other => panic!("{other:?} isn't held"),
    }
}

/// Where a lock is more than the system's: it can be taken away, and who lost it can't write.
fn a_holder_that_lost_its_lock_is_kept_from_writing(ground: &Ground) {
    let (store, other) = (ground.open(), ground.open());
    assert!(store.abilities().leased && store.abilities().fenced);
    // Whatever the later holder did, and however often it has compacted since.
    for (round, compacts) in (0_u64..).zip([false, true, true]) {
        let mut paused = begun(&store);
        paused.commit(intent(10 * round)).unwrap();
        let id = holder(&other).id;
        assert_refused(&other.force_unlock("nobody"), "another lock");
        assert_eq!(other.force_unlock(&id).unwrap().id, id);
        assert_refused(&other.force_unlock(&id), "nobody holds");
        let mut later = take(&other).unwrap();
        if round < 2 {
            later.commit(intent(10 * round + 1)).unwrap();
        }
        if compacts {
            later.compact().unwrap();
        }
        drop(later);
        let lost = paused.commit(intent(10 * round + 2));
        assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
        for result in [paused.commit(intent(99)), paused.compact()] {
            assert!(matches!(result, Err(StoreError::Lost(_))), "{result:?}");
        }
        drop(paused);
    }
    let open: Vec<u64> = read(&store).pending.iter().map(|p| p.generation).collect();
    assert_eq!(open, [0, 1, 10, 11, 20]);
    take(&store).unwrap().commit(intent(100)).unwrap();
}

fn assert_refused<T: Debug>(result: &Result<T, StoreError>, text: &str) {
    let error = result.as_ref().unwrap_err().to_string();
    assert!(error.contains(text), "{error}");
}

macro_rules! behaviours {
    ($store:ident: $ground:expr, $($behaviour:ident),* $(,)?) => {
        mod $store {
            use super::*;

            $(#[test]
            fn $behaviour() {
                super::$behaviour(&$ground);
            })*
        }
    };
}

behaviours!(
    local: Ground::local(),
    reading_writes_nothing,
    a_state_begins_once_and_stays_what_it_is,
    what_is_committed_is_read_by_anybody,
    events_that_contradict_the_state_are_not_written,
    a_second_writer_is_told_who_writes_and_waits,
    fifty_writers_come_one_at_a_time_and_none_is_lost,
    a_reader_beside_compactions_never_goes_back,
    without_the_lock_what_is_written_counts,
    everything_is_sealed_and_sealed_anew,
    a_state_moves_there_and_back_whatever_ends_it,
    every_compaction_keeps_a_dated_version_and_the_oldest_go,
    a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept,
    a_document_found_without_a_version_is_kept_before_it_is_replaced,
);

behaviours!(
    s3: Ground::s3(),
    reading_writes_nothing,
    a_state_begins_once_and_stays_what_it_is,
    what_is_committed_is_read_by_anybody,
    events_that_contradict_the_state_are_not_written,
    a_second_writer_is_told_who_writes_and_waits,
    fifty_writers_come_one_at_a_time_and_none_is_lost,
    a_reader_beside_compactions_never_goes_back,
    without_the_lock_what_is_written_counts,
    everything_is_sealed_and_sealed_anew,
    a_state_moves_there_and_back_whatever_ends_it,
    every_compaction_keeps_a_dated_version_and_the_oldest_go,
    a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept,
    a_document_found_without_a_version_is_kept_before_it_is_replaced,
    a_holder_that_lost_its_lock_is_kept_from_writing,
);

behaviours!(
    azure: Ground::azure(),
    reading_writes_nothing,
    a_state_begins_once_and_stays_what_it_is,
    what_is_committed_is_read_by_anybody,
    events_that_contradict_the_state_are_not_written,
    a_second_writer_is_told_who_writes_and_waits,
    fifty_writers_come_one_at_a_time_and_none_is_lost,
    a_reader_beside_compactions_never_goes_back,
    without_the_lock_what_is_written_counts,
    everything_is_sealed_and_sealed_anew,
    a_state_moves_there_and_back_whatever_ends_it,
    every_compaction_keeps_a_dated_version_and_the_oldest_go,
    a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept,
    a_document_found_without_a_version_is_kept_before_it_is_replaced,
    a_holder_that_lost_its_lock_is_kept_from_writing,
);

fn http_ground() -> Ground {
    super::http::tests::ground()
}

behaviours!(
    http: http_ground(),
    reading_writes_nothing,
    a_state_begins_once_and_stays_what_it_is,
    what_is_committed_is_read_by_anybody,
    events_that_contradict_the_state_are_not_written,
    a_second_writer_is_told_who_writes_and_waits,
    fifty_writers_come_one_at_a_time_and_none_is_lost,
    a_reader_beside_compactions_never_goes_back,
    without_the_lock_what_is_written_counts,
    everything_is_sealed_and_sealed_anew,
    a_state_moves_there_and_back_whatever_ends_it,
    every_compaction_keeps_a_dated_version_and_the_oldest_go,
    a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept,
    a_document_found_without_a_version_is_kept_before_it_is_replaced,
);

fn postgres_ground() -> Ground {
    super::postgres::tests::ground()
}

behaviours!(
    postgres: postgres_ground(),
    reading_writes_nothing,
    a_state_begins_once_and_stays_what_it_is,
    what_is_committed_is_read_by_anybody,
    events_that_contradict_the_state_are_not_written,
    a_second_writer_is_told_who_writes_and_waits,
    fifty_writers_come_one_at_a_time_and_none_is_lost,
    a_reader_beside_compactions_never_goes_back,
    without_the_lock_what_is_written_counts,
    everything_is_sealed_and_sealed_anew,
    a_state_moves_there_and_back_whatever_ends_it,
    every_compaction_keeps_a_dated_version_and_the_oldest_go,
    a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept,
    a_document_found_without_a_version_is_kept_before_it_is_replaced,
    a_holder_that_lost_its_lock_is_kept_from_writing,
);

/// The lock of the system can't be taken from a running process, and says so.
#[test]
fn a_lock_of_the_system_is_not_taken_away() {
    let ground = Ground::local();
    let store = ground.open();
    drop(begun(&store));
    assert_refused(&store.force_unlock("x"), "nobody holds");
    let locked = take(&store).unwrap();
    let id = holder(&ground.open()).id;
    assert_refused(&store.force_unlock("x"), "another lock");
    assert_refused(&store.force_unlock(&id), "only its end gives it back");
    drop(locked);
    let began = Instant::now();
    take(&store).unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
}
