//! Sessions that end, answers that get lost, and servers that refuse.

mod doors;
mod proxy;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use proxy::{Proxy, Trouble};

use super::{PostgresError, PostgresPlace};
use crate::diagnostic::Diagnose;
use crate::store::background::Background;
use crate::store::contract_tests::{Ground, PATIENTLY, begun, intent, read, take};
use crate::store::{Place, StoreError};
use crate::sys::{Environment, World};

fn variable(name: &str) -> String {
    let environment = Environment::of_process();
    let Some(value) = environment.get(name) else {
        panic!("{name} names no server: run the tests with `golden-tests/run`");
    };
    value.to_owned()
}

fn server() -> String {
    variable("SINDRI_TEST_POSTGRES")
}

fn world() -> World {
    let variables = [
        ("USER", "ada"),
        ("PGUSER", "sindri"),
        ("PGPASSWORD", "test"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    World {
        environment: Arc::new(Environment::of(variables.map(owned))),
        ..World::real()
    }
}

fn fresh_name() -> String {
    crate::digest::hex(&World::real().random.bytes::<8>())
}

/// A state of its own on a server, or on what stands before it.
fn ground_at(server: &str, query: &str) -> Ground {
    let address = format!("postgres://{server}/sindri/{}?{query}", fresh_name());
    Ground::on(Place::parse(&address, "/".as_ref()).unwrap(), world())
}

/// A state of its own on the server that `golden-tests/run` starts.
pub(in crate::store) fn ground() -> Ground {
    ground_at(&server(), "")
}

/// The same state by another way.
fn by_way_of(ground: &Ground, host: &str) -> Ground {
    let Place::Postgres(place) = &ground.place else {
        unreachable!()
    };
    let address = format!(
        "postgres://{host}/{}/{}?sslmode=disable",
        place.database, place.name
    );
    Ground::on(Place::parse(&address, "/".as_ref()).unwrap(), world())
}

/// What the server says, in words.
fn sql(statement: &str) -> Result<Vec<String>, String> {
    sql_at(&ground(), statement)
}

fn sql_at(ground: &Ground, statement: &str) -> Result<Vec<String>, String> {
    let Place::Postgres(place) = &ground.place else {
        unreachable!()
    };
    let server = place.server(&ground.world.environment).unwrap();
    let statement = statement.to_owned();
    let background = Background::start().unwrap();
    let asked = background.wait(async move {
        match server.read(&statement, &[]).await {
            Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect()),
            Err(failure) => Err(format!("{failure:?}")),
        }
    });
    asked.unwrap()
}

fn name_of(ground: &Ground) -> String {
    let Place::Postgres(place) = &ground.place else {
        unreachable!()
    };
    place.name.clone()
}

/// Ends the session that holds a state, as an administrator does.
fn end_the_session_of(ground: &Ground) {
    let name = name_of(ground);
    let ended = sql(&format!(
        "SELECT pg_terminate_backend(split_part(session, ' ', 1)::integer)::text \
         FROM sindri.states WHERE name = '{name}'"
    ));
    assert_eq!(ended.unwrap(), ["true"]);
}

/// The lock goes with its session; whoever lost it is kept from writing by the next one's epoch.
#[test]
fn a_holder_whose_session_was_ended_is_refused_once_another_came() {
    let ground = ground();
    let (store, other) = (ground.open(), ground.open());
    for compacts in [false, true] {
        let mut cut_off = begun(&store);
        cut_off.commit(intent(u64::from(compacts))).unwrap();
        end_the_session_of(&ground);
        let mut later = other.lock(PATIENTLY, &mut |_| {}).unwrap();
        assert_eq!(later.state(), cut_off.state());
        for _ in 0..2 {
            let lost = cut_off.commit(intent(7));
            assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
        }
        later.commit(intent(10 + u64::from(compacts))).unwrap();
        if compacts {
            later.compact().unwrap();
        }
        let lost = cut_off.compact();
        assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
        drop(cut_off);
        later.commit(intent(20 + u64::from(compacts))).unwrap();
        assert_eq!(read(&store), *later.state());
    }
}

/// Where nobody came in between, it takes up its lock in a new session.
#[test]
fn a_holder_whose_session_was_ended_goes_on_where_nobody_came() {
    let ground = ground();
    let store = ground.open();
    let mut locked = begun(&store);
    for number in 0..3 {
        locked.commit(intent(number)).unwrap();
        end_the_session_of(&ground);
    }
    locked.compact().unwrap();
    assert_eq!(read(&store), *locked.state());
    assert!(matches!(
        take(&ground.open()),
        Err(StoreError::HeldUntilGone(_))
    ));
    drop(locked);
    assert_eq!(take(&ground.open()).unwrap().state().pending.len(), 3);
}

/// A connection cut before a write or after it: what was acknowledged is there, and once.
#[test]
fn a_write_counts_once_wherever_its_connection_is_cut() {
    use Trouble::{AnswerLost, RequestLost};
    let direct = ground();
    let proxy = Proxy::before(&server());
    let ground = by_way_of(&direct, &proxy.address.to_string());
    let store = ground.open();
    let mut locked = begun(&store);
    let troubles: [&[Trouble]; 5] = [
        &[RequestLost],
        &[AnswerLost],
        &[RequestLost, AnswerLost],
        &[AnswerLost, AnswerLost],
        &[RequestLost, RequestLost, AnswerLost],
    ];
    for (number, troubles) in (0..).zip(troubles) {
        proxy.give(troubles);
        locked.commit(intent(number)).unwrap();
        assert_eq!(read(&direct.open()), *locked.state());
        proxy.give(troubles);
        locked.compact().unwrap();
        assert_eq!(read(&direct.open()), *locked.state());
        // A document and its version are one write.
        let state = locked.state();
        let versions = direct.open().versions(&state.lineage).unwrap();
        assert_eq!(versions[0].serial, state.serial);
        assert_eq!(versions.len() as u64, number + 1);
        assert!(versions.iter().all(|version| version.written.is_some()));
    }
    let writes = proxy.writes.load(Ordering::SeqCst);
    locked.commit(intent(100)).unwrap();
    assert_eq!(proxy.writes.load(Ordering::SeqCst), writes + 1);
    drop(locked);
    let later = take(&direct.open()).unwrap();
    assert_eq!(later.state().pending.len(), 6);
}

/// Without the lock too: a write names the one that it follows.
#[test]
fn a_write_without_the_lock_counts_once() {
    let direct = ground();
    drop(begun(&direct.open()));
    let proxy = Proxy::before(&server());
    let ground = by_way_of(&direct, &proxy.address.to_string());
    let mut loose = ground.open().without_lock("apply").unwrap();
    for number in 0..3 {
        proxy.give(&[Trouble::AnswerLost, Trouble::RequestLost]);
        loose.commit(intent(number)).unwrap();
        loose.compact().unwrap();
    }
    assert!(proxy.is_done());
    assert_eq!(read(&direct.open()), *loose.state());
    let mut other = take(&direct.open()).unwrap();
    other.commit(intent(10)).unwrap();
    let lost = loose.commit(intent(11));
    assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
}

/// A holder that can't learn what became of its write stops; the next one reads what did.
#[test]
fn a_write_with_an_unknown_end_stops_the_holder() {
    let direct = ground();
    let proxy = Proxy::before(&server());
    let ground = by_way_of(&direct, &proxy.address.to_string());
    let mut locked = begun(&ground.open());
    proxy.give(&[Trouble::AnswerLost]);
    proxy.closed.store(true, Ordering::SeqCst);
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned(_)), "{error:?}");
    drop(locked);
    let mut later = direct.open().lock(PATIENTLY, &mut |_| {}).unwrap();
    assert_eq!(later.state().pending.len(), 1);
    later.commit(intent(2)).unwrap();
}

/// The tables are made by whoever comes first, also where many do.
#[test]
fn many_make_the_tables_at_once() {
    let schema = format!("x_{}", fresh_name());
    let grounds: Vec<Ground> = (0..12)
        .map(|_| ground_at(&server(), &format!("schema={schema}")))
        .collect();
    std::thread::scope(|scope| {
        for ground in &grounds {
            scope.spawn(move || {
                let store = ground.open();
                assert_eq!(store.read().unwrap(), None);
                let mut locked = begun(&store);
                locked.commit(intent(1)).unwrap();
            });
        }
    });
    let states = format!("SELECT count(*)::text FROM {schema}.states WHERE holder IS NULL");
    assert_eq!(sql(&states).unwrap(), ["12"]);
    sql(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
}

/// Of a row by a later version, nothing is touched.
#[test]
fn a_row_of_a_later_version_is_left_alone() {
    let ground = ground();
    drop(begun(&ground.open()));
    let name = name_of(&ground);
    sql(&format!(
        "UPDATE sindri.states SET format = 2 WHERE name = '{name}'"
    ))
    .unwrap();
    for error in [
        ground.open().read().unwrap_err(),
        take(&ground.open()).unwrap_err(),
    ] {
        assert!(
            matches!(error, StoreError::Newer { format: 2, .. }),
            "{error:?}"
        );
    }
}

/// What a killed command leaves noted holds nobody up, and there is nothing to take away.
#[test]
fn the_note_of_a_holder_that_is_gone_holds_nobody_up() {
    let ground = ground();
    let locked = begun(&ground.open());
    let Err(StoreError::HeldUntilGone(info)) = take(&ground.open()) else {
        panic!("it isn't held")
    };
    end_the_session_of(&ground);
    let store = ground.open();
    let gone = store.force_unlock(&info.id);
    assert!(matches!(gone, Err(StoreError::NotHeld(_))), "{gone:?}");
    drop(take(&store).unwrap());
    drop(locked);
}
