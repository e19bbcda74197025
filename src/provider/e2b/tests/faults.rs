//! What goes wrong between us and E2B: nothing is made twice, nothing is lost, and it is said.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::emulator::{Fault, KEY, Trouble};
use super::ground::{Ground, connect, lineage, machine, query, quiet, request};
use crate::plan::Observation;
use crate::provider::{Class, Provider, ProviderError, Query, Question, Reader};
use crate::state::ObjectId;

fn fault(method: &'static str, path: &'static str, times: usize, trouble: Trouble) -> Fault {
    Fault {
        method,
        path,
        times,
        trouble,
    }
}

/// Creates while something goes wrong; how it went, and how many sandboxes there are then.
async fn create_under(faults: Vec<Fault>, lag: usize) -> (Result<(), ProviderError>, usize) {
    let ground = Ground::furnished().await;
    {
        let mut world = ground.emulator.world();
        world.faults = faults;
        world.lag = lag;
    }
    let request = request(machine(&json!({})), 1);
    let created = ground.e2b.create(&request, &quiet).await.map(drop);
    let count = ground.emulator.world().sandboxes.len();
    (created, count)
}

#[tokio::test]
async fn whatever_becomes_of_the_answer_one_sandbox_is_made() {
    let path = "/v2/sandboxes";
    for trouble in [
        Trouble::After(500),
        Trouble::After(504),
        Trouble::Cut,
        Trouble::Page,
        Trouble::Odd("sandboxID", "sandboxNumber"),
    ] {
        for lag in [0, 3] {
            let told = format!("{trouble:?}, listed after {lag}");
            let faults = vec![fault("POST", path, 1, trouble.clone())];
            let (created, count) = create_under(faults, lag).await;
            assert!(created.is_ok(), "{told}: {created:?}");
            assert_eq!(count, 1, "{told}");
        }
    }
}

#[tokio::test]
async fn what_never_happened_is_tried_again_where_that_is_safe() {
    let path = "/v2/sandboxes";
    let throttled = fault("POST", path, 2, Trouble::Status(429, Some(0)));
    let (created, count) = create_under(vec![throttled], 0).await;
    assert!(created.is_ok(), "{created:?}");
    assert_eq!(count, 1);
    // A list may be asked for as often as need be.
    let busy = fault("GET", path, 3, Trouble::Status(503, None));
    let hung = fault("GET", "/templates", 1, Trouble::HangUp);
    let (created, count) = create_under(vec![busy, hung], 0).await;
    assert!(created.is_ok(), "{created:?}");
    assert_eq!(count, 1);
    // Nothing is there after a while: the engine asks again, and looks first.
    let failing = fault("POST", path, 1, Trouble::Status(500, None));
    let (created, count) = create_under(vec![failing], 0).await;
    assert_eq!(created.unwrap_err().class, Class::Ambiguous);
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_for_long_is_left_alone() {
    let throttled = fault("POST", "/v2/sandboxes", 9, Trouble::Status(429, Some(60)));
    let (created, count) = create_under(vec![throttled], 0).await;
    let class = created.unwrap_err().class;
    assert_eq!(class, Class::Throttled(Duration::from_mins(1)));
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_repeated_create_finds_what_the_first_one_made() {
    let ground = Ground::furnished().await;
    let request = request(machine(&json!({})), 1);
    let first = ground.e2b.create(&request, &quiet).await.unwrap();
    let again = connect(&ground.emulator, KEY).unwrap();
    assert_eq!(again.create(&request, &quiet).await.unwrap().id, first.id);
    assert_eq!(ground.emulator.world().count("POST /v2/sandboxes"), 1);
}

#[tokio::test]
async fn a_server_of_before_the_keys_is_understood() {
    let ground = Ground::furnished().await;
    ground.emulator.world().before_keys = true;
    let request = request(machine(&json!({})), 1);
    ground.e2b.create(&request, &quiet).await.unwrap();
    let world = ground.emulator.world();
    let sandbox = world.sandboxes.values().next().unwrap();
    assert_eq!(sandbox.wanted["secure"], true);
}

#[tokio::test]
async fn a_key_that_is_refused_is_said_with_what_to_do() {
    let ground = Ground::new();
    let stranger = connect(&ground.emulator, "e2b_wrong").unwrap();
    let request = request(machine(&json!({})), 1);
    let error = stranger.observe(&query(&request.spec, None)).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Denied, "e2b::key-refused")
    );
    assert!(error.help.unwrap().contains("E2B_API_KEY"));
    assert!(!format!("{stranger:?}").contains("e2b_wrong"));
}

#[tokio::test]
async fn a_plan_that_allows_less_is_said_in_seconds() {
    let ground = Ground::furnished().await;
    ground.emulator.world().longest = 3600;
    let request = request(machine(&json!({ "timeout": 7200 })), 1);
    let error = ground.e2b.create(&request, &quiet).await.unwrap_err();
    assert_eq!(error.code.as_str(), "e2b::timeout-refused");
    assert!(error.help.unwrap().contains("3600"));
}

#[tokio::test]
async fn one_sandbox_that_cannot_be_read_hides_no_other() {
    for (from, to) in [
        ("\"state\":\"running\"", "\"state\":\"melted\""),
        ("\"cpuCount\":2", "\"cpuCount\":\"two\""),
    ] {
        let ground = Ground::furnished().await;
        let (_, object) = ground.made(machine(&json!({}))).await;
        let odd = fault("GET", "/v2/sandboxes", 1, Trouble::Odd(from, to));
        ground.emulator.world().faults = vec![odd];
        let seen = ground.look(&object).await.unwrap();
        assert!(matches!(&seen, Observation::Unreadable(_)), "{seen:?}");
    }
}

#[tokio::test]
async fn a_list_that_is_no_list_is_an_error_and_no_empty_world() {
    for trouble in [Trouble::Page, Trouble::Cut, Trouble::Odd("[", "{")] {
        let ground = Ground::furnished().await;
        let (_, object) = ground.made(machine(&json!({}))).await;
        ground.emulator.world().faults = vec![fault("GET", "/v2/sandboxes", 9, trouble)];
        let error = ground.look(&object).await.unwrap_err();
        assert!(
            matches!(error.class, Class::Failed | Class::Retryable),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_sandbox_that_a_list_lacks_is_asked_for_by_its_id() {
    let ground = Ground::furnished().await;
    ground.emulator.world().lag = 5;
    let (_, object) = ground.made(machine(&json!({}))).await;
    assert_eq!(ground.seen(&object).await.id, object.id);
    ground.emulator.world().end(object.id.as_str());
    assert!(ground.look(&object).await.unwrap().is_gone());
}

#[tokio::test]
async fn only_of_what_is_gone_it_is_asked_when_it_ended() {
    let ground = Ground::furnished().await;
    let (_, object) = ground.made(machine(&json!({}))).await;
    ground.emulator.world().heard.clear();
    ground.seen(&object).await;
    assert_eq!(ground.emulator.world().heard.len(), 1);
    ground.emulator.world().end(object.id.as_str());
    ground.emulator.world().heard.clear();
    let seen = ground.look(&object).await.unwrap();
    assert!(matches!(seen, Observation::Ended(_)), "{seen:?}");
    assert_eq!(ground.emulator.world().heard.len(), 3, "list, look, ask");
}

#[tokio::test]
async fn a_time_that_nobody_tells_is_not_waited_for_and_fails_nothing() {
    let path = "/events/sandboxes";
    let troubles = [
        Trouble::Status(403, None),
        Trouble::Status(500, None),
        Trouble::Status(429, Some(60)),
        Trouble::Page,
        Trouble::Cut,
        Trouble::HangUp,
        Trouble::Odd("[", "{\"events\":["),
        Trouble::Odd("timestamp", "time"),
        Trouble::Odd("killed", "melted"),
    ];
    for trouble in troubles {
        let ground = Ground::furnished().await;
        let (_, object) = ground.made(machine(&json!({}))).await;
        ground.emulator.world().end(object.id.as_str());
        ground.emulator.world().faults = vec![fault("GET", path, 9, trouble.clone())];
        let seen = ground.look(&object).await.unwrap();
        assert_eq!(seen, Observation::Absent, "{trouble:?}");
    }
    // An older server has no such path, and who comes a week later comes too late.
    for forgetful in [true, false] {
        let ground = Ground::furnished().await;
        let (_, object) = ground.made(machine(&json!({}))).await;
        ground.emulator.world().end(object.id.as_str());
        ground.emulator.world().forgetful = forgetful;
        if !forgetful {
            ground.emulator.world().wait(7 * 24 * 3600 + 60);
        }
        assert_eq!(ground.look(&object).await.unwrap(), Observation::Absent);
    }
}

#[tokio::test]
async fn a_thousand_ends_are_not_asked_of_one_that_stays_silent() {
    let ground = Ground::furnished().await;
    let path = "/events/sandboxes";
    ground.emulator.world().faults = vec![fault("GET", path, 99, Trouble::Status(403, None))];
    let spec = request(machine(&json!({})), 1).spec;
    let questions = (0..100).map(|number| Question {
        address: format!("machine.m{number}").parse().unwrap(),
        spec: Arc::clone(&spec),
        id: Some(ObjectId::new(&format!("i{number}"))),
        made_at: None,
        wanted: true,
    });
    let query = Query {
        lineage: lineage(),
        questions: questions.collect(),
    };
    let seen = ground.e2b.observe(&query).await.unwrap();
    assert!(seen.values().all(|one| *one == Observation::Absent));
    let asked = ground.emulator.world().count("GET /events");
    assert!((1..=8).contains(&asked), "asked {asked} times");
}

#[tokio::test]
async fn what_cannot_be_reached_is_unreachable() {
    let ground = Ground::new();
    let mut nowhere = ground.emulator.address.clone();
    nowhere.truncate(nowhere.rfind(':').unwrap());
    let variables = [
        ("E2B_API_KEY", KEY.to_owned()),
        ("E2B_API_URL", format!("{nowhere}:1")),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let environment = crate::sys::Environment::of(variables);
    let e2b = crate::provider::e2b::E2b::connect(&environment).unwrap();
    let request = request(machine(&json!({})), 1);
    let error = e2b.observe(&query(&request.spec, None)).await.unwrap_err();
    assert_eq!(error.class, Class::Unreachable);
    // Nothing asked for, nobody asked.
    let nothing = Query {
        lineage: lineage(),
        questions: Vec::new(),
    };
    assert_eq!(e2b.observe(&nothing).await.unwrap(), BTreeMap::new());
}
