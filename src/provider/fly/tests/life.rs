//! A machine's life, from its app to its end.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use zeroize::Zeroizing;

use super::ground::{Ground, machine, reference, volume, with_workspace};
use crate::address::{Name, NameRule};
use crate::plan::{Observation, Seen};
use crate::provider::suite::{Fixture, MORE_MEMORY, contract_suite, record};
use crate::provider::{
    Class, Command, DeleteRequest, Delivery, File, Provider as _, Reader as _, Stray,
};
use crate::resource::{FileTarget, Power, Spec};

fn present(observation: &Observation) -> &Seen {
    match observation {
        Observation::Present(seen) => seen,
        other => panic!("it is {other:?}"),
    }
}

#[tokio::test]
async fn the_contract_is_kept() {
    let ground = Ground::new();
    let fixture = Fixture {
        lineage: ground.lineage.clone(),
        machine: machine("suite"),
        volume: Some(volume()),
        dependencies: [ground.network("suite").await].into(),
        runs_commands: true,
        change: MORE_MEMORY,
        unread: &[],
    };
    contract_suite(&ground.fly, fixture).await;
}

#[tokio::test]
async fn one_that_stands_by_lies_elsewhere_and_keeps_its_secrets() {
    let ground = Ground::new();
    let (first, made) = ground.machine("dev").await;
    let network = ground.network("dev").await;
    let mut kept = ground.request("volume.dev.workspace", 3, Spec::Volume(volume()));
    kept.dependencies.extend([network.clone()]);
    let workspace = ground.fly.create(&kept, &|_| {}).await.unwrap();
    let mut apart = ground.request("volume.dev-standby.workspace", 4, Spec::Volume(volume()));
    apart.dependencies.extend([
        network.clone(),
        (kept.address.clone(), record(&kept, &workspace)),
    ]);
    ground.fly.create(&apart, &|_| {}).await.unwrap();
    let zones: BTreeSet<String> = {
        let world = ground.emulator.world();
        let volumes = world.apps["dev"].volumes.values();
        volumes.map(|volume| volume.zone.clone()).collect()
    };
    assert_eq!(zones.len(), 2, "each on a host of its own");

    let mut spec = machine("dev");
    spec.name = "dev-standby".to_owned();
    let spec = Spec::Machine(Box::new(spec));
    let mut second = ground.request("machine.dev-standby", 5, spec);
    second.dependencies.extend([network]);
    let beside = ground.fly.create(&second, &|_| {}).await.unwrap();
    let secret = Delivery {
        name: Name::parse(NameRule::Secret, "TOKEN").unwrap(),
        value: Zeroizing::new(b"hush".to_vec()),
        target: None,
    };
    let (one, two) = (reference(&first, &made), reference(&second, &beside));
    let (here, there) = tokio::join!(
        ground.fly.deliver(&one, &secret),
        ground.fly.deliver(&two, &secret)
    );
    here.and(there).unwrap();
    for machine in [&one, &two] {
        let read = ground.fly.get(machine, "/run/secrets/TOKEN").await.unwrap();
        assert_eq!(read, b"hush");
    }
    let left = |ground: &Ground| ground.emulator.world().apps["dev"].secrets.len();
    ground.fly.withdraw(&one, &secret.name, None).await.unwrap();
    assert_eq!(left(&ground), 1, "the other one still has it");
    ground.fly.withdraw(&two, &secret.name, None).await.unwrap();
    assert_eq!(left(&ground), 0);

    let owned = ground.fly.owned(&ground.lineage).await.unwrap();
    let mut owned: Vec<String> = owned.iter().map(|one| one.address.to_string()).collect();
    owned.sort();
    assert_eq!(owned, ["machine.dev", "machine.dev-standby", "network.dev"]);
}

#[tokio::test]
async fn what_became_of_secrets_is_told_by_their_digests() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let reference = reference(&request, &made);
    let names =
        ["KEPT", "CHANGED", "GONE"].map(|name| Name::parse(NameRule::Secret, name).unwrap());
    for name in &names {
        let delivery = Delivery {
            name: name.clone(),
            value: Zeroizing::new(b"hush".to_vec()),
            target: None,
        };
        ground.fly.deliver(&reference, &delivery).await.unwrap();
    }
    let stray = || ground.fly.stray(&reference, &names);
    assert!(stray().await.unwrap().is_empty());
    {
        let mut world = ground.emulator.world();
        let secrets = &mut world.apps.get_mut("dev").unwrap().secrets;
        secrets.insert("SINDRI_FILE_CHANGED".to_owned(), "b3RoZXI=".to_owned());
        secrets.remove("SINDRI_FILE_GONE");
    }
    let found = stray().await.unwrap();
    let wanted = [
        (names[1].clone(), Stray::Changed),
        (names[2].clone(), Stray::Gone),
    ];
    assert_eq!(found, wanted.into());
    ground
        .fly
        .withdraw(&reference, &names[2], None)
        .await
        .unwrap();
    let world = ground.emulator.world();
    let machine = world.apps["dev"].machines.values().next().unwrap();
    let noted = machine.config["metadata"].as_object().unwrap();
    assert!(noted.contains_key("sindri_secret_KEPT"));
    assert!(!noted.contains_key("sindri_secret_GONE"));
}

#[tokio::test]
async fn a_change_of_something_else_keeps_the_image_that_runs() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let digest = format!("sha256:{}", "0".repeat(64));
    assert_eq!(made.attributes.get("imageDigest"), Some(&json!(digest)));
    let delivery = Delivery {
        name: Name::parse(NameRule::Secret, "TOKEN").unwrap(),
        value: Zeroizing::new(b"hush".to_vec()),
        target: None,
    };
    let reference = reference(&request, &made);
    ground.fly.deliver(&reference, &delivery).await.unwrap();
    let image = |ground: &Ground| {
        let world = ground.emulator.world();
        let machine = world.apps["dev"].machines.values().next().unwrap();
        machine.config["image"].clone()
    };
    assert_eq!(image(&ground), json!(format!("debian:12@{digest}")));
    // Somebody else's change lets it be read closely: the image is the one that was asked for.
    for (_, _, machine) in ground.emulator.world().machines() {
        machine.config["guest"]["memory_mb"] = json!(4096);
        machine.instance.push('X');
    }
    let looked = ground.look(&[(&request, Some(&made))]).await;
    let seen = present(&looked[&request.address]);
    assert_eq!(seen.attributes.get("image"), Some(&json!("debian:12")));
    assert_eq!(seen.attributes.get("memory"), Some(&json!("4GB")));
}

#[tokio::test]
async fn secrets_that_come_at_once_restart_the_machine_once() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let reference = reference(&request, &made);
    let secret = |name: &str, value: &[u8], target| Delivery {
        name: Name::parse(NameRule::Secret, name).unwrap(),
        value: Zeroizing::new(value.to_vec()),
        target,
    };
    let target = FileTarget {
        path: "/root/.config/key".to_owned(),
        mode: "0640".to_owned(),
    };
    let (one, two) = (
        secret("ONE", b"1\n", None),
        secret("TWO", b"\x00\xff", Some(target)),
    );
    ground.heard();
    let deliver = |secret| ground.fly.deliver(&reference, secret);
    let (first, second) = tokio::join!(deliver(&one), deliver(&two));
    first.and(second).unwrap();
    let heard = ground.heard();
    let updates = heard.iter().filter(|call| {
        call.starts_with("POST /v1/apps/dev/machines/") && call.matches('/').count() == 5
    });
    assert_eq!(updates.count(), 1, "{heard:?}");
    let content = ground
        .fly
        .get(&reference, "/root/.config/key")
        .await
        .unwrap();
    assert_eq!(content, b"\x00\xff");
    let content = ground
        .fly
        .get(&reference, "/run/secrets/ONE")
        .await
        .unwrap();
    assert_eq!(content, b"1\n");
    // Neither is anything of it drift.
    let seen = ground.look(&[(&request, Some(&made))]).await;
    assert_eq!(
        present(&seen[&request.address]).attributes.get("memory"),
        Some(&json!("2GB"))
    );
}

#[tokio::test]
async fn large_files_travel_in_pieces() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let reference = reference(&request, &made);
    let content: Arc<[u8]> = (0..500_000_u32).map(|n| n.to_be_bytes()[3]).collect();
    let file = File {
        path: "/tmp/large".to_owned(),
        content: Arc::clone(&content),
        mode: 0o600,
    };
    ground.fly.put(&reference, &[file]).await.unwrap();
    assert_eq!(
        ground.fly.get(&reference, "/tmp/large").await.unwrap(),
        *content
    );
    let command = Command {
        argv: ["sh", "-c", "wc -c; printf '\\377' >&1"]
            .map(str::to_owned)
            .to_vec(),
        stdin: Some(content.to_vec()),
        ..Command::default()
    };
    let answer = ground.fly.ask(&reference, &command).await.unwrap();
    assert_eq!(answer.stdout, b"500000\n\xff");
}

#[tokio::test]
async fn a_machine_that_fell_asleep_is_no_drift_and_is_woken_to_be_worked_in() {
    let ground = Ground::new();
    let mut spec = machine("dev");
    spec.power = Power::Provider;
    let mut request = ground.request("machine.dev", 2, Spec::Machine(Box::new(spec)));
    request.dependencies.extend([ground.network("dev").await]);
    let made = ground.fly.create(&request, &|_| {}).await.unwrap();
    let reference = reference(&request, &made);
    for (_, _, machine) in ground.emulator.world().machines() {
        "suspended".clone_into(&mut machine.state);
    }
    let seen = ground.look(&[(&request, Some(&made))]).await;
    let seen = present(&seen[&request.address]);
    assert!(!Power::Provider.contradicts(seen.power.unwrap()));
    let command = Command {
        argv: vec!["true".to_owned()],
        ..Command::default()
    };
    // Who only looks wakes nobody.
    let asleep = ground.fly.ask(&reference, &command).await.unwrap_err();
    assert_eq!(asleep.code.as_str(), "fly::not-running");
    let code = ground
        .fly
        .exec(&reference, &command, &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(code, 0);
}

#[tokio::test]
async fn an_app_stays_as_long_as_its_volume_does() {
    let ground = Ground::new();
    let network = ground.network("dev").await;
    let mut request = ground.request("volume.dev.workspace", 3, Spec::Volume(volume()));
    request.dependencies.extend([network.clone()]);
    let made = ground.fly.create(&request, &|_| {}).await.unwrap();
    let delete = |address, current| DeleteRequest {
        lineage: ground.lineage.clone(),
        address,
        current,
    };
    ground
        .fly
        .delete(&delete(network.0, network.1))
        .await
        .unwrap();
    {
        let world = ground.emulator.world();
        assert!(
            world.apps["dev"].addresses.is_empty(),
            "an address costs something"
        );
    }
    let object = record(&request, &made);
    ground
        .fly
        .delete(&delete(request.address.clone(), object))
        .await
        .unwrap();
    assert!(ground.emulator.world().apps.is_empty());
}

#[tokio::test]
async fn what_somebody_changed_is_read_closely() {
    let ground = Ground::new();
    let network = ground.network("dev").await;
    let mut storage = ground.request("volume.dev.workspace", 3, Spec::Volume(volume()));
    storage.dependencies.extend([network.clone()]);
    let stored = ground.fly.create(&storage, &|_| {}).await.unwrap();
    let spec = Spec::Machine(Box::new(with_workspace("dev")));
    let mut request = ground.request("machine.dev", 2, spec);
    let object = record(&storage, &stored);
    request
        .dependencies
        .extend([network, (storage.address.clone(), object)]);
    let made = ground.fly.create(&request, &|_| {}).await.unwrap();
    let asked = [(&storage, Some(&stored)), (&request, Some(&made))];
    ground.heard();
    let before = ground.look(&asked).await;
    assert_eq!(ground.heard().len(), 2, "two pages and no more");
    for (_, _, machine) in ground.emulator.world().machines() {
        machine.config["guest"]["memory_mb"] = json!(1024);
        machine.config["services"][0]["ports"][0]["port"] = json!(2222);
        "01SOMEBODY".clone_into(&mut machine.instance);
    }
    let after = ground.look(&asked).await;
    let (before, after) = (
        present(&before[&request.address]),
        present(&after[&request.address]),
    );
    let changed: Vec<&str> = before
        .attributes
        .0
        .iter()
        .filter(|(path, value)| after.attributes.get(path) != Some(value))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(changed, ["fly.sshPort", "memory"]);
}

#[tokio::test]
async fn a_machine_of_fly_deploy_is_left_alone() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    for (_, _, machine) in ground.emulator.world().machines() {
        machine.config["metadata"] = json!({ "fly_platform_version": "v2" });
    }
    let sought = crate::provider::Sought {
        lineage: ground.lineage.clone(),
        address: request.address.clone(),
        spec: Arc::clone(&request.spec),
        id: made.id.clone(),
    };
    let refused = ground.fly.find(&sought).await.unwrap_err();
    assert_eq!(
        (refused.class, refused.code.as_str()),
        (Class::Conflict, "fly::of-fly-deploy")
    );
    for (_, _, machine) in ground.emulator.world().machines() {
        machine.config["metadata"] = json!({});
    }
    let taken = crate::provider::TakeRequest {
        wanted: request.clone(),
        id: made.id.clone(),
    };
    ground.fly.take(&taken).await.unwrap();
    let seen = ground.look(&[(&request, None)]).await;
    assert_eq!(present(&seen[&request.address]).id, made.id);
}
