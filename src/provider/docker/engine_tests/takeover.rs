//! Taking over: what carries our labels, by id or by name; nothing else.

use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::RemoveVolumeOptions;

use super::world::{World, address, socket};
use crate::address::Address;
use crate::provider::{CreateRequest, Made, Owned, Provider, Reader, Sought, TakeRequest};
use crate::resource::Spec;
use crate::state::ObjectId;

/// What a person names, at another address than it was made at.
fn sought(world: &World, request: &CreateRequest, at: &str, id: &str) -> Sought {
    Sought {
        lineage: world.lineage.clone(),
        address: address(at),
        spec: request.spec.clone(),
        id: ObjectId::new(id),
    }
}

/// A network, a volume and a machine of ours.
async fn made(world: &World) -> Vec<(CreateRequest, Made)> {
    let mut made = Vec::new();
    for (at, spec) in [
        ("network.net", Spec::Network(world.network())),
        ("volume.dev.workspace", Spec::Volume(world.volume())),
        ("machine.dev", Spec::Machine(Box::new(world.machine()))),
    ] {
        let request = world.request(at, spec);
        let object = world.create(&request).await.unwrap();
        made.push((request, object));
    }
    made
}

#[tokio::test]
async fn what_is_ours_is_found_by_id_and_by_name_and_taken_as_it_is() {
    let world = World::new("take").await;
    let made = made(&world).await;
    let names = [world.name.clone(), world.volume().name, world.name.clone()];
    let others = ["network.other", "volume.other.workspace", "machine.other"];
    for (((request, object), name), other) in made.iter().zip(&names).zip(others) {
        let as_made = request.address.to_string();
        for (at, id) in [
            (as_made.as_str(), object.id.as_str()),
            (as_made.as_str(), name.as_str()),
            (other, object.id.as_str()),
        ] {
            let sought = sought(&world, request, at, id);
            let seen = world.docker.find(&sought).await.unwrap();
            assert_eq!(seen.id, object.id, "{at} as {id}");
            let wanted = CreateRequest {
                address: sought.address.clone(),
                operation: world.operation(),
                ..request.clone()
            };
            let id = sought.id.clone();
            let taken = world
                .docker
                .take(&TakeRequest { wanted, id })
                .await
                .unwrap();
            assert_eq!(
                (&taken.id, &taken.incarnation),
                (&object.id, &object.incarnation)
            );
        }
    }
    let mut owned = world.docker.owned(&world.lineage).await.unwrap();
    owned.sort();
    let mut all: Vec<Owned> = made
        .iter()
        .map(|(request, object)| Owned {
            address: request.address.clone(),
            id: object.id.clone(),
        })
        .collect();
    all.sort();
    assert_eq!(owned, all, "parts of machines aren't listed");
}

#[tokio::test]
async fn what_is_not_ours_is_refused_with_a_way_out() {
    let world = World::new("refuse").await;
    let theirs = World::new("theirs").await;
    let (request, here) = theirs.dev().await;
    for (id, code) in [
        (here.id.as_str(), "docker::not-ours"),
        ("nobodys", "docker::not-found"),
    ] {
        let sought = sought(&world, &request, "machine.dev", id);
        let refused = world.docker.find(&sought).await.unwrap_err();
        assert_eq!(refused.code.as_str(), code);
    }

    let client = socket();
    let volume = world.volume().name;
    let strange = VolumeCreateRequest {
        name: Some(volume.clone()),
        ..Default::default()
    };
    client.create_volume(strange).await.unwrap();
    let network = NetworkCreateRequest {
        name: world.name.clone(),
        ..Default::default()
    };
    let network = client.create_network(network).await.unwrap().id;
    let mut codes = Vec::new();
    for (at, spec, id) in [
        (
            "volume.dev.workspace",
            Spec::Volume(world.volume()),
            &volume,
        ),
        ("network.net", Spec::Network(world.network()), &network),
    ] {
        let wanted = world.request(at, spec);
        let id = ObjectId::new(id);
        let refused = world.docker.take(&TakeRequest { wanted, id }).await;
        codes.push(refused.unwrap_err().code.to_string());
    }
    client.remove_network(&network).await.unwrap();
    client
        .remove_volume(&volume, None::<RemoveVolumeOptions>)
        .await
        .unwrap();
    assert_eq!(codes, ["docker::unlabelled", "docker::unlabelled"]);
    let nothing: Vec<Address> = Vec::new();
    let owned = world.docker.owned(&world.lineage).await.unwrap();
    let owned: Vec<Address> = owned.into_iter().map(|one| one.address).collect();
    assert_eq!(owned, nothing);
}
