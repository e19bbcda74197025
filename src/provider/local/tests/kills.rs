//! What a kill may leave behind, made by hand, and what becomes of it.

use std::sync::Arc;

use super::ground::*;
use crate::plan::{Observation, Seen};
use crate::provider::suite::record;
use crate::provider::{CreateRequest, Made};
use crate::resource::{Attributes, Spec};
use crate::sys::Environment;

#[tokio::test]
async fn a_half_built_machine_is_nothing_and_is_swept() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let half = ground.machines().join(".dev.new");
    std::fs::create_dir_all(half.join("home/junk")).unwrap();
    assert_eq!(ground.observe(&wanted, None).await, Observation::Absent);
    assert!(ground.codes(&wanted).await.is_empty());
    let object = ground.object(&wanted).await;
    assert!(!half.exists());
    assert!(
        !std::path::Path::new(object.id.as_str())
            .join("home/junk")
            .exists()
    );
}

#[tokio::test]
async fn a_half_removed_machine_is_nothing_and_is_swept() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let object = ground.object(&wanted).await;
    let gone = ground.machines().join(".dev.gone");
    std::fs::rename(object.id.as_str(), &gone).unwrap();
    assert_eq!(
        ground.observe(&wanted, Some(&object)).await,
        Observation::Absent
    );
    ground.delete(&wanted.address, &object).await;
    assert!(!gone.exists());
}

#[tokio::test]
async fn a_create_over_what_a_half_removed_machine_left_sweeps_it() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 2);
    let gone = ground.machines().join(".dev.gone");
    std::fs::create_dir_all(gone.join("home")).unwrap();
    ground.create(&wanted).await.unwrap();
    assert!(!gone.exists());
}

#[tokio::test]
async fn a_volumes_marker_without_content_is_nothing() {
    let ground = Ground::new();
    let wanted = request("volume.dev.data", 1, Spec::Volume(volume("dev.data")));
    std::fs::create_dir_all(ground.volumes()).unwrap();
    std::fs::write(ground.volumes().join("dev.data.json"), "{\"form").unwrap();
    assert_eq!(ground.observe(&wanted, None).await, Observation::Absent);
    let object = ground.object(&wanted).await;
    ground.seen(&wanted).await;

    std::fs::remove_dir(object.id.as_str()).unwrap();
    assert_eq!(
        ground.observe(&wanted, Some(&object)).await,
        Observation::Absent
    );
    ground.delete(&wanted.address, &object).await;
    assert!(!ground.volumes().exists());
}

#[tokio::test]
async fn a_repeated_create_finishes_its_own_and_refuses_anothers() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let made = ground.create(&wanted).await.unwrap();
    assert_eq!(ground.create(&wanted).await.unwrap(), made);
    assert!(ground.create(&machine_request("dev", 2)).await.is_err());
    let volume = |operation| request("volume.dev.data", operation, Spec::Volume(volume("d")));
    let made = ground.create(&volume(1)).await.unwrap();
    assert_eq!(ground.create(&volume(1)).await.unwrap(), made);
    assert!(ground.create(&volume(2)).await.is_err());
}

/// Set for the process that is killed: the root it works below.
const CHURN: &str = "SINDRI_TEST_CHURN";

/// Makes and removes machines and volumes without end; only does so in the process that is killed.
#[tokio::test]
async fn churn() {
    let environment = Environment::of_process();
    let Some(root) = environment.get(CHURN) else {
        return;
    };
    let ground = Ground::at(root.into());
    for round in 0.. {
        let operation = u8::try_from(round % 200).unwrap();
        for wanted in churned(operation) {
            // What the last process left behind may be whole already.
            if let Observation::Present(seen) = ground.observe(&wanted, None).await {
                let mut object = record(&wanted, &made_of(&seen));
                Arc::make_mut(&mut object).operation = seen.operation.unwrap();
                ground.delete(&wanted.address, &object).await;
            }
            let object = ground.object(&wanted).await;
            ground.delete(&wanted.address, &object).await;
        }
    }
}

fn churned(operation: u8) -> [CreateRequest; 2] {
    [
        machine_request("dev", operation),
        request(
            "volume.dev.data",
            operation,
            Spec::Volume(volume("dev.data")),
        ),
    ]
}

fn made_of(seen: &Seen) -> Made {
    Made {
        id: seen.id.clone(),
        attributes: Attributes::default(),
        incarnation: seen.incarnation.clone(),
    }
}

#[tokio::test]
async fn a_kill_at_any_instant_leaves_a_whole_machine_or_none() {
    let ground = Ground::new();
    for round in 0..40_u64 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "provider::local::tests::kills::churn",
                "--nocapture",
            ])
            .env(CHURN, &ground.root)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(10_000 + round * 731));
        child.kill().unwrap();
        child.wait().unwrap();
        for wanted in churned(0) {
            match ground.observe(&wanted, None).await {
                Observation::Absent | Observation::Ended(_) => {
                    assert!(ground.codes(&wanted).await.is_empty());
                }
                Observation::Present(seen) => {
                    let mut attributes = wanted.spec.attributes();
                    attributes.0.remove("power");
                    assert_eq!(seen.attributes, attributes);
                }
                Observation::Unreadable(why) => panic!("{why}"),
            }
        }
    }
    for wanted in churned(250) {
        let object = match ground.observe(&wanted, None).await {
            Observation::Present(seen) => {
                let mut object = record(&wanted, &made_of(&seen));
                Arc::make_mut(&mut object).operation = seen.operation.unwrap();
                object
            }
            Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_) => {
                ground.object(&wanted).await
            }
        };
        ground.delete(&wanted.address, &object).await;
    }
    assert!(!ground.machines().exists());
    assert!(!ground.volumes().exists());
}
