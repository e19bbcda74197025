use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::ground::*;
use crate::address::{Name, NameRule};
use crate::plan::Observation;
use crate::provider::suite::{Fixture, MORE_MEMORY, contract_suite, record};
use crate::provider::{Class, Command, Delivery, MachineRef, Provider, Reader, UpdateRequest};
use crate::resource::{FileTarget, Power, Spec};

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o777
}

fn secret(target: Option<FileTarget>) -> Delivery {
    Delivery {
        name: Name::parse(NameRule::Secret, "TOKEN").unwrap(),
        value: Zeroizing::new(b"hush".to_vec()),
        target,
    }
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let ground = Ground::new();
    let fixture = Fixture {
        lineage: lineage(),
        machine: machine("suite"),
        volume: Some(volume("suite.workspace")),
        dependencies: std::collections::BTreeMap::new(),
        runs_commands: true,
        change: MORE_MEMORY,
        unread: &[],
    };
    contract_suite(&ground.local, fixture).await;
    assert!(!ground.machines().exists());
    assert!(!ground.volumes().exists());
}

#[tokio::test]
async fn a_volume_outlives_its_machine_with_its_content() {
    let ground = Ground::new();
    let (wanted, machine) = ground.mounted(&["/workspace"]).await;
    let out = ground
        .shell(&machine, "echo kept > workspace/file; pwd -P; ls")
        .await;
    assert!(text(&out).ends_with("workspace"), "{out:?}");
    let object = ground.object(&wanted).await;
    ground.delete(&wanted.address, &object).await;
    let kept = ground.volumes().join("dev.v0/file");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "kept\n");
    ground.create(&wanted).await.unwrap();
    assert_eq!(
        text(&ground.shell(&machine, "cat workspace/file").await),
        "kept"
    );
}

#[tokio::test]
async fn secrets_are_private_and_survive_a_restart() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let target = FileTarget {
        path: "~/.config/tool/key".to_owned(),
        mode: "0640".to_owned(),
    };
    let delivery = secret(Some(target.clone()));
    assert!(!format!("{delivery:?}").contains("hush"));
    ground.local.deliver(&machine, &delivery).await.unwrap();
    let root = Path::new(machine.id.as_str());
    let (file, copy) = (
        root.join("run/secrets/TOKEN"),
        root.join("home/.config/tool/key"),
    );
    assert_eq!(
        (mode(root), mode(&root.join("run/secrets"))),
        (0o700, 0o700)
    );
    assert_eq!((mode(&file), mode(&copy)), (0o400, 0o640));
    for power in [Power::Stopped, Power::Running] {
        ground.local.set_power(&machine, power).await.unwrap();
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"hush");
    ground
        .local
        .withdraw(&machine, &delivery.name, Some(&target))
        .await
        .unwrap();
    assert!(!file.exists() && !copy.exists());
}

#[tokio::test]
async fn a_secret_that_no_variable_holds_is_a_file_all_the_same() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    for (name, value) in [("NUL", vec![b'a', 0]), ("LARGE", vec![b'x'; 200 << 10])] {
        let delivery = Delivery {
            name: Name::parse(NameRule::Secret, name).unwrap(),
            value: Zeroizing::new(value),
            target: None,
        };
        ground.local.deliver(&machine, &delivery).await.unwrap();
    }
    ground.local.deliver(&machine, &secret(None)).await.unwrap();
    let command = Command {
        argv: [
            "sh",
            "-c",
            "echo $TOKEN${NUL-none}${LARGE-none}; ls ~/../run/secrets",
        ]
        .map(str::to_owned)
        .to_vec(),
        secrets: true,
        ..Command::default()
    };
    let out = ground.local.ask(&machine, &command).await.unwrap();
    assert_eq!(text(&out), "hushnonenone\nLARGE\nNUL\nTOKEN");
}

#[tokio::test]
async fn stopping_ends_what_runs_and_nothing_starts_any_more() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    ground
        .shell(&machine, "setsid sleep 60 >/dev/null 2>&1 & echo $! > pid")
        .await;
    let pid = std::fs::read_to_string(Path::new(machine.id.as_str()).join("home/pid")).unwrap();
    let alive = || std::fs::read_link(format!("/proc/{}/exe", pid.trim())).is_ok();
    assert!(alive());
    ground
        .local
        .set_power(&machine, Power::Stopped)
        .await
        .unwrap();
    assert!(!alive());
    let refused = ground.local.ask(&machine, &Command::default()).await;
    assert_eq!(refused.unwrap_err().code.as_str(), "local::stopped");
}

#[tokio::test]
async fn mounts_change_in_place() {
    let ground = Ground::new();
    let (wanted, machine) = ground
        .mounted(&["/alt/home/developer/workspace", "/cache"])
        .await;
    let root = Path::new(machine.id.as_str());
    assert!(root.join("home/workspace").is_symlink() && root.join("cache").is_symlink());
    let object = ground.object(&wanted).await;
    let Spec::Machine(spec) = wanted.spec.as_ref() else {
        panic!("a machine")
    };
    let mut spec = spec.clone();
    spec.mounts.remove(0);
    spec.mounts[0].path = "/srv/cache".to_owned();
    let mut next = wanted.clone();
    next.spec = Arc::new(Spec::Machine(spec));
    let update = UpdateRequest {
        wanted: next.clone(),
        current: object,
        paths: vec!["mounts".to_owned()],
    };
    ground.local.update(&update, &quiet).await.unwrap();
    assert!(!root.join("home/workspace").is_symlink() && !root.join("cache").is_symlink());
    assert!(root.join("srv/cache").is_symlink());
    let mut attributes = next.spec.attributes();
    attributes.0.remove("power");
    assert_eq!(ground.seen(&next).await.attributes, attributes);
}

#[tokio::test]
async fn a_strangers_directory_is_never_touched() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let stranger = ground.machines().join("dev");
    std::fs::create_dir_all(&stranger).unwrap();
    assert_eq!(ground.observe(&wanted, None).await, Observation::Absent);
    assert_eq!(ground.codes(&wanted).await, ["local::name-taken"]);
    let refused = ground.create(&wanted).await.unwrap_err();
    assert_eq!(
        (refused.class, refused.code.as_str()),
        (Class::Conflict, "local::name-taken")
    );
    let recorded = record(
        &wanted,
        &crate::provider::Made {
            id: crate::state::ObjectId::new(stranger.to_str().unwrap()),
            attributes: crate::resource::Attributes::default(),
            incarnation: None,
        },
    );
    ground.delete(&wanted.address, &recorded).await;
    assert!(stranger.is_dir());

    let volume = request("volume.dev.data", 2, Spec::Volume(volume("dev.data")));
    std::fs::create_dir_all(ground.volumes().join("dev.data")).unwrap();
    std::fs::write(ground.volumes().join("dev.data/file"), "theirs").unwrap();
    assert_eq!(ground.codes(&volume).await, ["local::name-taken"]);
    assert!(ground.create(&volume).await.is_err());
    assert!(ground.volumes().join("dev.data/file").exists());
}

#[tokio::test]
async fn an_object_of_a_later_generation_is_not_the_one_to_delete() {
    let ground = Ground::new();
    let first = ground.object(&machine_request("dev", 1)).await;
    let address = machine_request("dev", 1).address;
    ground.delete(&address, &first).await;
    let mut later = machine_request("dev", 2);
    later.generation = 2;
    ground.create(&later).await.unwrap();
    ground.delete(&address, &first).await;
    ground.seen(&later).await;
}

#[tokio::test]
async fn what_is_asked_of_a_machine_that_is_gone_says_so() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    std::fs::remove_dir_all(machine.id.as_str()).unwrap();
    let error = ground.local.get(&machine, "/tmp/x").await.unwrap_err();
    assert_eq!(error.class, Class::NotFound);
    let other = MachineRef {
        id: crate::state::ObjectId::new("/etc"),
        ..machine
    };
    assert!(ground.local.get(&other, "/passwd").await.is_err());
}

#[test]
fn the_default_root_follows_the_environment() {
    use crate::provider::local::Local;
    use crate::sys::Environment;
    let root = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Local::default_root(&Environment::of(pairs))
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(root(&[("SINDRI_DATA_DIR", "/d"), ("HOME", "/h")]), "/d");
    assert_eq!(
        root(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]),
        "/x/sindri"
    );
    assert_eq!(
        root(&[("XDG_DATA_HOME", "rel"), ("HOME", "/h")]),
        "/h/.local/share/sindri"
    );
}
