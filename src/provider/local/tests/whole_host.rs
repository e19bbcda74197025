//! A machine that is the host itself.

use std::collections::BTreeMap;
use std::path::Path;

use super::ground::*;
use crate::plan::Observation;
use crate::provider::{CreateRequest, MachineRef};
use crate::resource::{LocalSettings, MachineSpec, Mount, Settings, Spec};

fn whole(name: &str) -> MachineSpec {
    MachineSpec {
        settings: Settings::Local(LocalSettings {
            host_packages: false,
            whole_host: true,
        }),
        ..machine(name)
    }
}

fn wanted(name: &str) -> CreateRequest {
    let spec = Spec::Machine(Box::new(whole(name)));
    request(&format!("machine.{name}"), 1, spec)
}

/// A person's home, and a host with it.
fn host() -> (tempfile::TempDir, Ground) {
    let home = tempfile::tempdir().unwrap();
    let ground = Ground::with(&[("HOME", home.path().to_str().unwrap())]);
    (home, ground)
}

async fn made(ground: &Ground) -> (CreateRequest, MachineRef) {
    let wanted = wanted("dev");
    let made = ground.create(&wanted).await.unwrap();
    let reference = reference(&wanted, &made);
    (wanted, reference)
}

#[tokio::test]
async fn its_home_is_the_persons_own_and_outlives_it() {
    let (home, ground) = host();
    std::fs::write(home.path().join("mine"), "").unwrap();
    let (wanted, machine) = made(&ground).await;
    let out = ground
        .shell(&machine, "echo $HOME; pwd; echo $PATH; ls; touch made")
        .await;
    let home = home.path().to_str().unwrap();
    let path = "/usr/local/bin:/usr/bin:/bin";
    assert_eq!(
        text(&out),
        format!("{home}\n{home}\n{home}/.local/bin:{path}\nmine")
    );
    let object = ground.object(&wanted).await;
    ground.delete(&wanted.address, &object).await;
    assert!(!ground.machines().exists());
    for file in ["mine", "made"] {
        assert!(
            Path::new(home).join(file).exists(),
            "{file} went with the machine"
        );
    }
}

#[tokio::test]
async fn a_link_that_went_missing_is_made_again_and_no_other_home() {
    let (home, ground) = host();
    let (wanted, machine) = made(&ground).await;
    let link = ground.machines().join("dev/home");
    std::fs::remove_file(&link).unwrap();
    ground.shell(&machine, "touch made").await;
    assert!(home.path().join("made").exists());
    assert_eq!(std::fs::read_link(&link).unwrap(), home.path());
    let object = ground.object(&wanted).await;
    let seen = ground.observe(&wanted, Some(&object)).await;
    assert!(matches!(seen, Observation::Present(_)), "{seen:?}");
}

#[tokio::test]
async fn secrets_lie_in_the_machine_and_never_in_the_home() {
    use crate::provider::{Delivery, Provider};
    use crate::resource::FileTarget;
    let (home, ground) = host();
    let (_, machine) = made(&ground).await;
    let secret = Delivery {
        name: crate::address::Name::parse(crate::address::NameRule::Secret, "TOKEN").unwrap(),
        value: zeroize::Zeroizing::new(b"hush".to_vec()),
        target: Some(FileTarget {
            path: "~/.token".to_owned(),
            mode: "0600".to_owned(),
        }),
    };
    std::fs::write(home.path().join(".token"), "mine").unwrap();
    let refused = ground.local.deliver(&machine, &secret).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "local::bad-path");
    let withdrawn = ground
        .local
        .withdraw(&machine, &secret.name, secret.target.as_ref());
    withdrawn.await.unwrap();
    let secret = Delivery {
        target: None,
        ..secret
    };
    ground.local.deliver(&machine, &secret).await.unwrap();
    let inside = ground.machines().join("dev/run/secrets/TOKEN");
    assert_eq!(std::fs::read_to_string(inside).unwrap(), "hush");
    let there = home.path().join(".token");
    assert_eq!(std::fs::read_to_string(there).unwrap(), "mine");
}

#[tokio::test]
async fn whoever_changes_it_its_home_stays() {
    use crate::provider::{Provider, UpdateRequest};
    let (home, ground) = host();
    let (before, machine) = made(&ground).await;
    let current = ground.object(&before).await;
    let mut spec = whole("dev");
    spec.memory = Some(crate::resource::Size::gib(1));
    let wanted = CreateRequest {
        spec: std::sync::Arc::new(Spec::Machine(Box::new(spec))),
        ..before
    };
    // As `sudo` would: another person's home.
    let another = tempfile::tempdir().unwrap();
    let by_another = ground.again(&[("HOME", another.path().to_str().unwrap())]);
    let request = UpdateRequest {
        wanted,
        current,
        paths: vec!["memory".to_owned()],
    };
    by_another.local.update(&request, &quiet).await.unwrap();
    let out = ground.shell(&machine, "pwd").await;
    assert_eq!(text(&out), home.path().to_str().unwrap());
}

#[tokio::test]
async fn without_a_home_or_with_a_volume_in_it_it_is_refused() {
    let homeless = Ground::new();
    assert_eq!(homeless.codes(&wanted("dev")).await, ["local::whole-host"]);
    let refused = homeless.create(&wanted("dev")).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "local::whole-host");

    let (_home, ground) = host();
    let mut spec = whole("dev");
    spec.mounts.push(Mount {
        volume: volume_name("work"),
        path: "/workspace".to_owned(),
    });
    let wanted = CreateRequest {
        dependencies: BTreeMap::new(),
        ..request("machine.dev", 1, Spec::Machine(Box::new(spec)))
    };
    assert_eq!(ground.codes(&wanted).await, ["local::bad-path"]);
}

#[tokio::test]
async fn there_is_one_host_only() {
    let (_home, ground) = host();
    let (one, two) = (wanted("one"), wanted("two"));
    let mut query = query(&one, None);
    query
        .questions
        .extend(super::ground::query(&two, None).questions);
    let findings = {
        use crate::provider::Reader;
        let observed = ground.local.observe(&query).await.unwrap();
        ground.local.check(&query, &observed).await
    };
    let codes: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["local::whole-host"]);
}
