use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::ground::*;
use crate::plan::Observation;
use crate::provider::local::check::devices;
use crate::provider::{CreateRequest, Query, Question, Reader};
use crate::resource::{
    GpuSpec, GpuVendor, LocalSettings, MachineSpec, Mount, Power, ProviderKind, Settings, Size,
    Spec,
};

#[tokio::test]
async fn what_a_person_edits_or_removes_is_seen() {
    let ground = Ground::new();
    let (wanted, machine) = ground.mounted(&["/workspace", "/cache"]).await;
    let root = Path::new(machine.id.as_str());
    let before = ground.seen(&wanted).await;

    std::fs::remove_file(root.join("cache")).unwrap();
    let mounts = ground
        .seen(&wanted)
        .await
        .attributes
        .get("mounts")
        .unwrap()
        .clone();
    assert_eq!(
        mounts,
        serde_json::json!([{"volume": "v0", "path": "/workspace"}])
    );

    let text = std::fs::read_to_string(root.join("machine.json")).unwrap();
    let edited = text.replace(
        "\"provider\":\"local\"",
        "\"provider\":\"local\",\"cpus\":64",
    );
    std::fs::write(root.join("machine.json"), edited).unwrap();
    assert_eq!(
        ground.seen(&wanted).await.attributes.get("cpus").unwrap(),
        64
    );

    std::fs::remove_dir_all(root.join("home")).unwrap();
    let homeless = ground.seen(&wanted).await.incarnation;
    assert_ne!(homeless, before.incarnation);
    ground.shell(&machine, "true").await;
    assert_eq!(
        ground.seen(&wanted).await.incarnation,
        homeless,
        "the new home is that root"
    );

    std::fs::remove_dir_all(root).unwrap();
    assert_eq!(ground.observe(&wanted, None).await, Observation::Absent);
}

#[tokio::test]
async fn a_renamed_machine_is_found_again() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let object = ground.object(&wanted).await;
    std::fs::rename(object.id.as_str(), ground.machines().join("elsewhere")).unwrap();
    match ground.observe(&wanted, Some(&object)).await {
        Observation::Present(seen) => {
            assert_eq!(seen.attributes.get("name").unwrap(), "elsewhere");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_marker_nobody_can_read_is_said_so() {
    let ground = Ground::new();
    let wanted = machine_request("dev", 1);
    let object = ground.object(&wanted).await;
    let marker = Path::new(object.id.as_str()).join("machine.json");
    for text in ["", "{", "[]", &"x".repeat(2 << 20)] {
        std::fs::write(&marker, text).unwrap();
        let seen = ground.observe(&wanted, Some(&object)).await;
        assert!(matches!(seen, Observation::Unreadable(_)), "{seen:?}");
    }
}

#[tokio::test]
async fn a_gpu_is_pinned_and_looked_for_on_this_host() {
    let ground = Ground::new();
    let vendor = GpuVendor::Amd;
    let pin = request(
        "gpu.dev",
        1,
        Spec::Gpu(GpuSpec {
            provider: ProviderKind::Local,
            vendor,
            count: 1,
            kind: None,
            memory: None,
        }),
    );
    assert_eq!(ground.observe(&pin, None).await, Observation::Absent);
    let there = devices(vendor)
        .iter()
        .any(|device| Path::new(device).exists());
    let expected: &[&str] = if there { &[] } else { &["local::no-gpu"] };
    assert_eq!(ground.codes(&pin).await, expected);
    let object = ground.object(&pin).await;
    match ground.observe(&pin, Some(&object)).await {
        Observation::Present(seen) => assert_eq!(seen.attributes, pin.spec.attributes()),
        other => panic!("{other:?}"),
    }
    ground.delete(&pin.address, &object).await;
}

#[tokio::test]
async fn a_thousand_machines_are_made_and_seen() {
    let ground = Ground::new();
    let mut query = Query {
        lineage: lineage(),
        questions: Vec::new(),
    };
    for index in 0..1000 {
        let wanted = machine_request(&format!("m{index}"), 1);
        let made = ground.create(&wanted).await.unwrap();
        query.questions.push(Question {
            address: wanted.address.clone(),
            spec: Arc::clone(&wanted.spec),
            id: Some(made.id),
            made_at: None,
            wanted: true,
        });
    }
    let seen = ground.local.observe(&query).await.unwrap();
    assert_eq!(seen.len(), 1000);
    assert!(
        seen.values()
            .all(|seen| matches!(seen, Observation::Present(_)))
    );
    assert!(ground.local.check(&query, &seen).await.is_empty());
}

fn specs() -> impl Strategy<Value = MachineSpec> {
    let paths = prop::sample::subsequence(
        vec![
            "/workspace",
            "/cache",
            "/srv/deep/er",
            "~/notes",
            "/alt/home/developer/x",
        ],
        0..=5,
    );
    let size = (1_u64..1 << 20).prop_map(Size::mib);
    let power = prop::sample::select(vec![Power::Running, Power::Stopped, Power::Provider]);
    (
        "[a-z][a-z0-9-]{0,20}x",
        prop::option::of(1_u32..512),
        prop::option::of(size),
        paths,
        power,
        any::<bool>(),
    )
        .prop_map(
            |(name, cpus, memory, paths, power, host_packages)| MachineSpec {
                cpus,
                memory,
                power,
                mounts: paths
                    .iter()
                    .enumerate()
                    .map(|(index, path)| Mount {
                        volume: volume_name(&format!("v{index}")),
                        path: (*path).to_owned(),
                    })
                    .collect(),
                settings: Settings::Local(LocalSettings {
                    host_packages,
                    whole_host: false,
                }),
                ..machine(&name)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_made_is_seen_as_specified(spec in specs()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ground = Ground::new();
            let mut wanted = request("machine.dev", 1, Spec::Machine(Box::new(spec.clone())));
            for mount in &spec.mounts {
                let address = format!("volume.dev.{}", mount.volume);
                let volume = request(&address, 2, Spec::Volume(volume(&format!("dev.{}", mount.volume))));
                let object = ground.object(&volume).await;
                wanted.dependencies.insert(volume.address.clone(), object);
            }
            let wanted: CreateRequest = wanted;
            let made = ground.create(&wanted).await.unwrap();
            let seen = ground.seen(&wanted).await;
            let mut attributes = wanted.spec.attributes();
            attributes.0.remove("power");
            prop_assert_eq!(seen.attributes, attributes);
            prop_assert!(!spec.power.contradicts(seen.power.unwrap()));
            prop_assert_eq!(seen.incarnation, made.incarnation);
            prop_assert_eq!(seen.id, made.id);
            Ok(())
        })?;
    }
}
