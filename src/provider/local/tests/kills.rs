//! What a kill may leave behind, made by hand, and what becomes of it.

use super::ground::*;
use crate::plan::Observation;
use crate::resource::Spec;

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
    assert!(!std::path::Path::new(object.id.as_str()).join("home/junk").exists());
}

#[tokio::test]
async fn a_half_removed_machine_is_nothing_and_is_swept() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let object = ground.object(&wanted).await;
    let gone = ground.machines().join(".dev.gone");
    std::fs::rename(object.id.as_str(), &gone).unwrap();
    assert_eq!(ground.observe(&wanted, Some(&object)).await, Observation::Absent);
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
    assert_eq!(ground.observe(&wanted, Some(&object)).await, Observation::Absent);
    ground.delete(&wanted.address, &object).await;
    assert_eq!(std::fs::read_dir(ground.volumes()).unwrap().count(), 0);
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
