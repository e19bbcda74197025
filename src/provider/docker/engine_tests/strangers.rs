//! Other people's objects, which are never touched.

use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
};

use super::world::{IMAGE, World, change, check, codes, socket};
use crate::provider::{CreateRequest, Provider};
use crate::resource::{Dind, DindMode, DockerSettings, Settings, Size, Spec, StorageDriver};

#[tokio::test]
async fn a_stranger_of_the_same_name_is_left_alone() {
    let world = World::new("stranger").await;
    let client = socket();
    let name = world.name.clone();
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(vec!["sleep".to_owned(), "600".to_owned()]),
        ..Default::default()
    };
    let stranger = client
        .create_container(Some(options), body)
        .await
        .unwrap()
        .id;
    let network = NetworkCreateRequest {
        name: name.clone(),
        ..Default::default()
    };
    let strange_network = client.create_network(network).await.unwrap().id;
    let strange_volume = VolumeCreateRequest {
        name: Some(world.volume().name),
        ..Default::default()
    };
    client.create_volume(strange_volume).await.unwrap();

    let mut errors = Vec::new();
    for (at, spec) in [
        ("machine.dev", Spec::Machine(Box::new(world.machine()))),
        ("network.net", Spec::Network(world.network())),
        ("volume.dev.workspace", Spec::Volume(world.volume())),
    ] {
        let request = world.request(at, spec);
        let findings = check(&world, &request).await;
        let error = world.create(&request).await.unwrap_err();
        errors.push((at, codes(&findings).join(" "), error.code.to_string()));
        assert_eq!(world.see(&request, None).await, None);
        // Even with the stranger's id in a forged state, nothing without our label is deleted by
        // name alone.
        if at.starts_with("volume") {
            let made = crate::provider::Made {
                id: crate::state::ObjectId::new(&world.volume().name),
                attributes: crate::resource::Attributes::default(),
                incarnation: None,
            };
            assert_eq!(world.see(&request, Some(&made.id)).await, None);
            let deletion = world.deletion(&request, &made);
            let refused = world.docker.delete(&deletion).await.unwrap_err();
            assert_eq!(refused.code.as_str(), "docker::not-ours");
        }
    }
    let still = client.inspect_container(&stranger, None).await;
    let left = world.left().await;
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    client
        .remove_container(&stranger, Some(options))
        .await
        .unwrap();
    client.remove_network(&strange_network).await.unwrap();
    client
        .remove_volume(&world.volume().name, None::<RemoveVolumeOptions>)
        .await
        .unwrap();
    for (at, found, failed) in errors {
        assert_eq!(
            (&*found, &*failed),
            ("docker::name-taken", "docker::name-taken"),
            "{at}"
        );
    }
    assert!(still.is_ok());
    assert_eq!(left, [0, 0, 0], "a refused creation leaves nothing");
}

/// The volume of an Engine inside a machine has a name of its own, which may be a stranger's.
#[tokio::test]
async fn a_strangers_volume_for_the_inner_engine_is_found_before_anything_is_made() {
    let world = World::new("inner").await;
    let client = socket();
    let mut machine = world.machine();
    machine.settings = Settings::Docker(DockerSettings {
        dind: Some(Dind {
            mode: DindMode::Privileged,
            storage_driver: StorageDriver::Auto,
            storage_size: Size::gib(1),
        }),
        ..DockerSettings::default()
    });
    let request = world.request("machine.dev", Spec::Machine(Box::new(machine)));
    let before = check(&world, &request).await;
    let name = format!("{}-engine", world.name);
    let strange = VolumeCreateRequest {
        name: Some(name.clone()),
        ..Default::default()
    };
    client.create_volume(strange).await.unwrap();
    let findings = check(&world, &request).await;
    client
        .remove_volume(&name, None::<RemoveVolumeOptions>)
        .await
        .unwrap();
    assert!(!codes(&before).contains(&"docker::name-taken"));
    assert!(codes(&findings).contains(&"docker::name-taken"));
}

#[tokio::test]
async fn another_projects_objects_are_left_alone() {
    let ours = World::new("ours").await;
    let theirs = World::new("theirs").await;
    let (request, here) = theirs.dev().await;
    let made = crate::provider::Made {
        id: here.id.clone(),
        attributes: crate::resource::Attributes::default(),
        incarnation: None,
    };
    let refused = ours.docker.delete(&ours.deletion(&request, &made)).await;
    assert_eq!(refused.unwrap_err().code.as_str(), "docker::not-ours");
    let wanted = change(&request, &made, theirs.machine(), &["memory"]);
    let wanted = crate::provider::UpdateRequest {
        wanted: CreateRequest {
            lineage: ours.lineage.clone(),
            ..wanted.wanted
        },
        ..wanted
    };
    let refused = ours.docker.update(&wanted, &super::world::ignore).await;
    assert_eq!(refused.unwrap_err().code.as_str(), "docker::not-ours");
    assert_eq!(ours.see(&request, Some(&here.id)).await, None);
    assert_eq!(theirs.sh(&here, "echo on").await.stdout, b"on\n");
}
