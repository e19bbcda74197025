//! Moving a state between stores, ended after every step.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use object_store::memory::InMemory;
use zeroize::Zeroizing;

use super::contract_tests::{Ground, NOW, begun, intent, read, take};
use super::medium::{
    Abilities, Document, Group, Holding, Keeping, Kept, Medium, Names, Ready, Room, Start,
};
use super::object::Object;
use super::{
    LockInfo, LockRequest, MigrateError, Migrated, Place, Sealing, Store, StoreError, TransitError,
};
use crate::diagnostic::Diagnose;
use crate::digest::Fingerprint;
use crate::state::{Lineage, Location, Serial, State, Transit, Version};
use crate::sys::{Environment, World};

/// How many writes happen before everything ends, in all places together.
#[derive(Clone, Debug)]
struct Steps {
    left: Arc<AtomicUsize>,
    /// Whether the last one is done, but its answer never heard.
    unheard: bool,
}

impl Steps {
    fn step(&self, act: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let ended = || StoreError::Poisoned(PathBuf::from("ended"));
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(ended());
        }
        self.left.store(left - 1, Ordering::SeqCst);
        act()?;
        if left == 1 && self.unheard {
            return Err(ended());
        }
        Ok(())
    }
}

/// A store whose process ends at some write.
#[derive(Debug)]
struct Ending {
    inner: Arc<dyn Medium>,
    steps: Steps,
}

#[derive(Debug)]
struct Held {
    inner: Box<dyn Holding>,
    steps: Steps,
}

impl Medium for Ending {
    fn names(&self) -> &Names {
        self.inner.names()
    }

    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    fn room(&self, document: u64) -> Room {
        self.inner.room(document)
    }

    fn load(&self) -> Result<Option<Kept>, StoreError> {
        self.inner.load()
    }

    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.inner.key()
    }

    fn versions(&self, lineage: &Lineage) -> Result<Vec<Version>, StoreError> {
        self.inner.versions(lineage)
    }

    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        self.inner.version(lineage, serial)
    }

    fn keeping(&self) -> Keeping {
        self.inner.keeping()
    }

    fn hold(
        &self,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Box<dyn Holding>, StoreError> {
        Ok(Box::new(Held {
            inner: self.inner.hold(world, request, waiting)?,
            steps: self.steps.clone(),
        }))
    }

    fn without_lock(&self, world: &World) -> Result<Box<dyn Holding>, StoreError> {
        self.inner.without_lock(world)
    }

    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.inner.force_unlock(id)
    }
}

impl Holding for Held {
    fn resume(&mut self, start: Start) -> Result<Ready, StoreError> {
        self.inner.resume(start)
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.inner.usable()
    }

    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        self.steps.step(|| self.inner.append(group))
    }

    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.steps.step(|| self.inner.create(document))
    }

    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.steps.step(|| self.inner.replace(document))
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.steps.step(|| self.inner.put_key(bytes))
    }

    fn drop_backups(&mut self) -> Result<(), StoreError> {
        self.steps.step(|| self.inner.drop_backups())
    }

    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError> {
        self.inner.has_version(lineage, serial)
    }

    fn keep_version(
        &mut self,
        version: &Version,
        document: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        self.steps
            .step(|| self.inner.keep_version(version, document))
    }

    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError> {
        self.steps.step(|| self.inner.drop_version(lineage, serial))
    }
}

/// One of two places between which a state is moved.
struct Side {
    place: Place,
    world: World,
    sealing: Option<Sealing>,
    /// The bucket it is in place of a server's.
    bucket: Option<InMemory>,
    /// A directory of this host for versions that the place has no room for.
    beside: Option<PathBuf>,
}

impl Side {
    fn open(&self) -> Store {
        let store = match &self.bucket {
            None => self.place.open(&self.world).unwrap(),
            Some(bucket) => {
                let medium = Object::new(Arc::new(bucket.clone()), "dev", "memory://b/dev");
                Store::on(Arc::new(medium.unwrap()), &self.world)
            }
        };
        let store = store.remembering(&self.place.location());
        let store = match &self.beside {
            Some(beside) => store.beside(beside),
            None => store,
        };
        match &self.sealing {
            Some(sealing) => store.sealed(sealing),
            None => store,
        }
    }

    /// The store in a process that ends after some steps.
    fn ending(&self, steps: &Steps) -> Store {
        let whole = self.open();
        let medium = Ending {
            inner: Arc::clone(&whole.medium),
            steps: steps.clone(),
        };
        Store {
            medium: Arc::new(medium),
            ..whole
        }
    }

    /// Whether its state counts: reading and writing must agree.
    fn counts(&self) -> bool {
        let reads = self.open().read().is_ok_and(|state| state.is_some());
        let writes = take(&self.open()).is_ok_and(|locked| !locked.is_new());
        assert_eq!(reads, writes);
        reads
    }
}

/// What the command does.
fn migrate(
    source: &Store,
    target: &Store,
    from: &Location,
    to: &Location,
) -> Result<Migrated, MigrateError> {
    match source.read() {
        Err(StoreError::Transit(TransitError::Moved {
            to: there,
            migration,
            lineage,
            ..
        })) if there == *to => target.finish(&migration, &lineage, NOW, &mut |_| {}),
        _ => {
            let mut locked = take(source)?;
            let receiving = target.receive(NOW, &mut |_| {})?;
            locked.migrate(receiving, from, to)
        }
    }
}

/// Drops all but two versions, so that each move takes as many along; gives their numbers.
fn keep_two_versions(side: &Side, content: &State) -> Vec<Serial> {
    let mut locked = take(&side.open()).unwrap();
    let versions = side.open().versions(&content.lineage).unwrap();
    for old in versions.iter().skip(2) {
        let dropped = locked.holding.drop_version(&old.lineage, old.serial);
        dropped.unwrap();
    }
    let kept: Vec<Serial> = versions
        .iter()
        .take(2)
        .map(|version| version.serial)
        .collect();
    assert_eq!(kept.len(), 2);
    kept
}

/// Moves with an end after so many steps, and once more; whether it came to its end by itself.
fn with_an_end(from: &Side, to: &Side, steps: usize, unheard: bool, content: &State) -> bool {
    let ends = (from.place.location(), to.place.location());
    let kept = keep_two_versions(from, content);
    let steps = Steps {
        left: Arc::new(AtomicUsize::new(steps)),
        unheard,
    };
    let first = migrate(&from.ending(&steps), &to.ending(&steps), &ends.0, &ends.1);
    // At any moment exactly one counts; looking at it by writing settles nothing that isn't so.
    let counting: Vec<bool> = [from, to]
        .map(|side| side.open().read().is_ok_and(|state| state.is_some()))
        .into();
    assert_eq!(counting.iter().filter(|counts| **counts).count(), 1);
    if unheard {
        assert_eq!([from, to].map(Side::counts).to_vec(), counting);
    }
    let again = migrate(&from.open(), &to.open(), &ends.0, &ends.1).unwrap();
    assert_eq!(again.resources, content.resources.len());
    assert_eq!([from, to].map(Side::counts), [false, true]);
    let state = read(&to.open());
    assert_eq!(state.serial, again.serial);
    assert_eq!(
        (&state.resources, &state.transit),
        (&content.resources, &None)
    );
    assert_eq!(state.lineage, content.lineage);
    // What was kept before came along.
    let versions = to.open().versions(&state.lineage).unwrap();
    assert_eq!(again.versions, versions.len());
    // The move itself is one too, also where it was ended just before that.
    assert!(versions.iter().any(|one| one.serial == again.serial));
    assert_eq!(again.earlier, versions.len() - 1);
    for serial in kept {
        assert!(versions.iter().any(|version| version.serial == serial));
        let version = to.open().version(&state.lineage, serial).unwrap().unwrap();
        assert_eq!(version.lineage, content.lineage);
    }
    first.is_ok()
}

pub(super) fn a_state_moves_there_and_back_whatever_ends_it(ground: &Ground) {
    let room = tempfile::tempdir().unwrap();
    for sealed in [false, true] {
        let world = ground.world.clone();
        let world = remembering(world, &room);
        let sealing = sealed.then(|| {
            let variable = ("SINDRI_STATE_PASSPHRASE".to_owned(), "one".to_owned());
            let environment = Arc::new(Environment::of([variable]));
            let world = World {
                environment,
                ..World::real()
            };
            Sealing::new(&world, room.path(), None)
        });
        let beside = Side {
            place: Place::Local(room.path().join(format!("sealed-{sealed}"))),
            world: world.clone(),
            sealing: sealing.clone(),
            bucket: None,
            beside: None,
        };
        let here = Side {
            place: ground.place.clone(),
            world,
            sealing,
            bucket: None,
            beside: Some(room.path().join("beside")),
        };
        if sealed {
            // The state in the ground is plain by now: only between two directories of this host.
            let other = Side {
                place: Place::Local(room.path().join("other")),
                ..here
            };
            there_and_back(&beside, &other);
        } else {
            there_and_back(&here, &beside);
        }
    }
}

fn there_and_back(here: &Side, beside: &Side) {
    let (content, print) = filled(here);
    for unheard in [false, true] {
        let mut done = false;
        for steps in 0.. {
            if done {
                break;
            }
            assert!(steps < 40);
            done = with_an_end(here, beside, steps, unheard, &content);
            done &= with_an_end(beside, here, steps, unheard, &content);
        }
    }
    let key = here.open().fingerprint_key().unwrap().unwrap();
    assert_eq!(key.fingerprint("A", b"v"), print);
}

/// The same credentials on a host that remembers: only such a one asks servers.
fn remembering(world: World, room: &tempfile::TempDir) -> World {
    let names = [
        "TF_HTTP_USERNAME",
        "SINDRI_HTTP_PASSWORD",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_STORAGE_ACCOUNT_NAME",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "PGUSER",
        "PGPASSWORD",
    ];
    let given = names.iter().filter_map(|name| {
        let value = world.environment.get(name)?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    let home = room.path().join("home").display().to_string();
    let home = ("XDG_STATE_HOME".to_owned(), home);
    World {
        environment: Arc::new(Environment::of(given.chain([home]))),
        ..world
    }
}

fn local(room: &tempfile::TempDir, name: &str) -> Side {
    Side {
        place: Place::Local(room.path().join(name)),
        world: remembering(World::real(), room),
        sealing: None,
        bucket: None,
        beside: None,
    }
}

/// A state with some content; gives it, and a fingerprint under its key.
fn filled(here: &Side) -> (State, Fingerprint) {
    let mut locked = begun(&here.open());
    for group in crate::state::sample::history(&(0..=40).collect::<Vec<u8>>()) {
        locked.commit(group).unwrap();
    }
    let settled = State {
        serial: locked.state().serial.next(),
        pending: Vec::new(),
        ..locked.state().clone()
    };
    locked.replace(settled).unwrap();
    assert!(!locked.state().resources.is_empty());
    let print = locked.fingerprint_key().fingerprint("A", b"v");
    (locked.state().clone(), print)
}

#[test]
fn a_state_moves_into_a_bucket_whatever_ends_it() {
    for (steps, unheard) in (0..18).flat_map(|steps| [(steps, false), (steps, true)]) {
        let room = tempfile::tempdir().unwrap();
        let here = local(&room, "here");
        let there = Side {
            place: Place::parse("s3://b/dev", room.path()).unwrap(),
            bucket: Some(InMemory::new()),
            ..local(&room, "there")
        };
        let (content, print) = filled(&here);
        let done = with_an_end(&here, &there, steps, unheard, &content);
        assert!(done || steps < 17);
        let key = there.open().fingerprint_key().unwrap().unwrap();
        assert_eq!(key.fingerprint("A", b"v"), print);
    }
}

fn refused(from: &Side, to: &Side) -> String {
    let ends = (from.place.location(), to.place.location());
    let error = migrate(&from.open(), &to.open(), &ends.0, &ends.1).unwrap_err();
    error.diagnose()[0].code.as_str().to_owned()
}

/// A state with a write of its own in each of the places given.
fn copies(of: &Side, to: &[&Side], serials: &[u64]) {
    let mut locked = begun(&of.open());
    let state = State {
        serial: Serial(5),
        ..locked.state().clone()
    };
    locked.replace(state.clone()).unwrap();
    for (side, serial) in to.iter().zip(serials) {
        let serial = Serial(*serial);
        let mut locked = take(&side.open()).unwrap();
        locked
            .replace(State {
                serial,
                ..state.clone()
            })
            .unwrap();
    }
}

#[test]
fn what_lies_in_the_target_has_its_own_refusal_each() {
    let room = tempfile::tempdir().unwrap();
    let [here, older, newer, same, stranger] =
        ["here", "older", "newer", "same", "stranger"].map(|name| local(&room, name));
    copies(&here, &[&older, &newer, &same], &[4, 6, 5]);
    drop(begun(&stranger.open()));
    assert_eq!(refused(&here, &older), "state::target-older");
    assert_eq!(refused(&here, &newer), "state::target-newer");
    assert_eq!(refused(&here, &stranger), "state::other-lineage");
    assert!(here.counts() && newer.counts() && older.counts());
    // The same write with the same content is as good as our own copy.
    let ends = (here.place.location(), same.place.location());
    migrate(&here.open(), &same.open(), &ends.0, &ends.1).unwrap();
    assert_eq!([&here, &same].map(Side::counts), [false, true]);
    // What was moved is moved once; elsewhere it can't be moved from here.
    assert_eq!(refused(&here, &older), "store::moved");
}

#[test]
fn other_content_under_the_same_number_is_refused() {
    let room = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|name| local(&room, name));
    copies(&here, &[&there], &[4]);
    let mut locked = take(&there.open()).unwrap();
    locked
        .replace(State {
            serial: Serial(5),
            project: "other".into(),
            ..locked.state().clone()
        })
        .unwrap();
    drop(locked);
    assert_eq!(refused(&here, &there), "state::target-differs");
}

#[test]
fn an_open_operation_keeps_a_state_where_it_is() {
    let room = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|name| local(&room, name));
    let mut locked = begun(&here.open());
    locked.commit(intent(1)).unwrap();
    drop(locked);
    assert_eq!(refused(&here, &there), "state::open");
    assert_eq!(there.open().read().unwrap(), None);
    assert!(here.counts());
}

#[test]
fn a_copy_whose_origin_is_gone_does_not_count_and_is_brought_to_its_end_from_there() {
    let room = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|name| local(&room, name));
    drop(begun(&here.open()));
    let ends = (here.place.location(), there.place.location());
    for steps in 1.. {
        let left = Steps {
            left: Arc::new(AtomicUsize::new(steps)),
            unheard: false,
        };
        migrate(&here.ending(&left), &there.ending(&left), &ends.0, &ends.1).unwrap_err();
        if matches!(here.open().read(), Err(StoreError::Transit(_))) {
            break;
        }
    }
    // The project was moved to another directory in between.
    let elsewhere = local(&room, "elsewhere");
    std::fs::rename(room.path().join("here"), room.path().join("elsewhere")).unwrap();
    let error = there.open().read().unwrap_err();
    assert_eq!(error.diagnose()[0].code.as_str(), "store::arriving");
    migrate(&elsewhere.open(), &there.open(), &ends.0, &ends.1).unwrap();
    assert_eq!([&elsewhere, &there].map(Side::counts), [false, true]);
    // Gone from there too: the old place says so.
    std::fs::remove_dir_all(room.path().join("there")).unwrap();
    assert_eq!(
        migrate(&elsewhere.open(), &there.open(), &ends.0, &ends.1)
            .unwrap_err()
            .diagnose()[0]
            .code
            .as_str(),
        "state::not-there"
    );
}

#[test]
fn a_tombstone_is_read_as_one_and_holds_nothing_else() {
    let room = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|name| local(&room, name));
    copies(&here, &[], &[]);
    let ends = (here.place.location(), there.place.location());
    migrate(&here.open(), &there.open(), &ends.0, &ends.1).unwrap();
    let bytes = std::fs::read(room.path().join("here/state.json")).unwrap();
    let state = crate::state::read_document(&bytes).unwrap();
    assert!(matches!(state.transit, Some(Transit::Moved { to, .. }) if to == ends.1));
    assert!(state.resources.is_empty());
    let backup = std::fs::read(room.path().join("here/state.json.backup")).unwrap();
    assert_eq!(backup, bytes);
}
