//! Ways to a server that are open, and those that aren't.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

fn with(ground: &Ground, variables: &[(&str, &str)]) -> Ground {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let world = World {
        environment: Arc::new(Environment::of(variables.iter().map(owned))),
        ..World::real()
    };
    Ground::on(ground.place.clone(), world)
}

/// What reading and locking both say, as code and kind.
fn refusal(ground: &Ground) -> PostgresError {
    let store = ground.open();
    drop(store.read().unwrap_err());
    let error = take(&store).unwrap_err();
    let finding = &error.diagnose()[0];
    assert!(finding.code.as_str().starts_with("store::"));
    assert!(!format!("{error:?} {finding:?}").contains("canary"));
    match error {
        StoreError::Postgres(error) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_password_is_refused_and_never_shown() {
    let ground = ground();
    for password in [Some("canary"), None] {
        let mut variables = vec![("PGUSER", "sindri")];
        variables.extend(password.map(|password| ("PGPASSWORD", password)));
        let error = refusal(&with(&ground, &variables));
        assert!(matches!(error, PostgresError::Login { .. }), "{error:?}");
    }
    let first = [
        ("PGUSER", "sindri"),
        ("PGPASSWORD", "canary"),
        ("SINDRI_POSTGRES_PASSWORD", "test"),
    ];
    drop(begun(&with(&ground, &first).open()));
}

#[test]
fn a_database_that_is_not_there_says_so() {
    let address = format!("postgres://{}/missing/dev", server());
    let place = Place::parse(&address, "/".as_ref()).unwrap();
    let error = refusal(&Ground::on(place, world()));
    assert!(
        matches!(error, PostgresError::NoDatabase { .. }),
        "{error:?}"
    );
}

#[test]
fn a_server_that_is_not_there_says_so() {
    let ground = ground_at("127.0.0.1:9", "");
    for error in [
        ground.open().read().unwrap_err(),
        take(&ground.open()).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    }
}

/// Whoever may not make the tables may use them where they are there.
#[test]
fn rights_that_are_missing_are_named() {
    let user = format!("u_{}", fresh_name());
    let schema = format!("x_{}", fresh_name());
    sql(&format!("CREATE ROLE {user} LOGIN PASSWORD 'test'")).unwrap();
    let ground = with(
        &ground_at(&server(), &format!("schema={schema}")),
        &[("PGUSER", &user), ("PGPASSWORD", "test")],
    );
    let store = ground.open();
    assert_eq!(store.read().unwrap(), None);
    let error = take(&store).unwrap_err();
    assert_eq!(error.diagnose()[0].code.as_str(), "store::no-right");
    drop(begun(&Ground::on(ground.place.clone(), world()).open()));
    let error = refusal(&ground);
    assert!(matches!(error, PostgresError::NoRight { .. }), "{error:?}");
    sql(&format!("GRANT USAGE ON SCHEMA {schema} TO {user}")).unwrap();
    sql(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
    ))
    .unwrap();
    let mut locked = take(&store).unwrap();
    locked.commit(intent(1)).unwrap();
    locked.compact().unwrap();
    assert!(store.unkept().is_none());
    // As it is where the tables were made before there were versions.
    sql(&format!("DROP TABLE {schema}.versions")).unwrap();
    locked.commit(intent(2)).unwrap();
    locked.compact().unwrap();
    let code = |error: &StoreError| error.diagnose()[0].code.to_string();
    let unkept = store.unkept().unwrap();
    assert_eq!(code(&unkept), "store::no-right", "{unkept:?}");
    assert_eq!(code(&locked.back_up().unwrap_err()), "store::no-right");
    let state = locked.state().clone();
    assert_eq!(store.versions(&state.lineage).unwrap(), []);
    drop(locked);
    let mut maker = take(&Ground::on(ground.place.clone(), world()).open()).unwrap();
    maker.back_up().unwrap();
    drop(maker);
    assert_eq!(read(&store), state);
    let error = store.versions(&state.lineage).unwrap_err();
    assert_eq!(code(&error), "store::no-right");
    sql(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
    ))
    .unwrap();
    assert_eq!(store.versions(&state.lineage).unwrap().len(), 1);
    sql(&format!(
        "ALTER ROLE {user} SET default_transaction_read_only = on"
    ))
    .unwrap();
    let error = take(&ground.open()).unwrap_err();
    assert_eq!(error.diagnose()[0].code.as_str(), "store::read-only");
    sql(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
    sql(&format!("DROP ROLE {user}")).unwrap();
}

/// In a session that a pooler gives to somebody else after each statement, no lock holds.
#[test]
fn a_pooler_of_transactions_is_refused() {
    let ground = ground_at(&variable("SINDRI_TEST_POSTGRES_POOLED"), "sslmode=disable");
    let error = take(&ground.open()).unwrap_err();
    assert_eq!(error.diagnose()[0].code.as_str(), "store::pooled");
    // Nothing is left behind that others would wait for.
    drop(begun(&by_way_of(&ground, &server()).open()));
}

#[test]
fn a_connection_is_encrypted_as_it_is_asked_for() {
    let room = variable("SINDRI_TEST_POSTGRES_ROOM");
    let port = server().rsplit_once(':').unwrap().1.to_owned();
    let trusting = format!("sslmode=verify-full&sslrootcert={room}/server.crt");
    let named = format!("localhost:{port}");
    let encrypted = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    for (server, query, expected) in [
        (&named, trusting.as_str(), "true"),
        (&named, "sslmode=require", "true"),
        (&named, "sslmode=prefer", "true"),
        (&named, "", "true"),
        (&named, "sslmode=disable", "false"),
    ] {
        let ground = ground_at(server, query);
        assert_eq!(sql_at(&ground, encrypted).unwrap(), [expected], "{query}");
    }
    drop(begun(&ground_at(&named, &trusting).open()));
    for ground in [
        ground_at(&named, "sslmode=verify-full"),
        ground_at(&server(), &trusting),
    ] {
        let error = refusal(&ground);
        assert!(matches!(error, PostgresError::Tls { .. }), "{error:?}");
    }
    let missing = ground_at(&named, "sslmode=verify-full&sslrootcert=/missing.pem");
    let error = missing.place.open(&missing.world).unwrap_err();
    assert_eq!(error.diagnose()[0].code.as_str(), "store::certificates");
}

#[test]
fn a_socket_serves_too() {
    let room = variable("SINDRI_TEST_POSTGRES_ROOM");
    let port = server().rsplit_once(':').unwrap().1.to_owned();
    let ground = ground_at(
        &format!(":{port}"),
        &format!("host={room}&sslmode=verify-full"),
    );
    let ground = with(&ground, &[("PGUSER", "sindri")]);
    let mut locked = begun(&ground.open());
    locked.commit(intent(1)).unwrap();
    assert_eq!(read(&ground.open()), *locked.state());
}

/// A server that says it is another version; it ends with the process.
fn serve_version(version: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut hello = b"R\0\0\0\x08\0\0\0\0S".to_vec();
    let parameter = format!("server_version\0{version}\0");
    hello.extend(u32::try_from(parameter.len() + 4).unwrap().to_be_bytes());
    hello.extend(parameter.as_bytes());
    hello.extend(b"Z\0\0\0\x05I");
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _length = client.read(&mut [0; 1024]);
            client.write_all(&hello).unwrap();
            let _length = client.read(&mut [0; 1024]);
        }
    });
    address
}

#[test]
fn a_server_that_is_too_old_is_refused() {
    for version in ["9.6.24", "10.23 (Debian 10.23-1)"] {
        let error = refusal(&ground_at(&serve_version(version), "sslmode=disable"));
        assert!(matches!(error, PostgresError::TooOld { .. }), "{error:?}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ground = ground_at(&listener.local_addr().unwrap().to_string(), "");
    let error = ground.open().read().unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
}

#[test]
fn nothing_shows_a_password() {
    let place = PostgresPlace::parse("postgres://h/d/n").unwrap();
    let environment = Environment::of([("PGPASSWORD".to_owned(), "canary".to_owned())]);
    let server = place.server(&environment).unwrap();
    assert!(!format!("{server:?} {place:?} {environment:?}").contains("canary"));
}
