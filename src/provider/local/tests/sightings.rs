use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ground::*;
use crate::address::Address;
use crate::plan::Observation;
use crate::provider::local::place::{Place, Shelf};
use crate::provider::local::sighting::{self, Sightings};
use crate::provider::{CreateRequest, Provider, Query, Question, Reader, UpdateRequest};
use crate::resource::{Power, Spec};
use crate::state::Object;
use crate::sys::files::Nearby;

/// More machines than are looked at without the list, the last one with links.
struct Fleet {
    ground: Ground,
    made: Vec<(CreateRequest, Arc<Object>)>,
}

impl Fleet {
    async fn new() -> Self {
        let ground = Ground::new();
        let mut made = Vec::new();
        for index in 0..20 {
            let wanted = machine_request(&format!("m{index}"), 1);
            let object = ground.object(&wanted).await;
            made.push((wanted, object));
        }
        let (wanted, _) = ground.mounted(&["/cache", "~/notes"]).await;
        let object = ground.object(&wanted).await;
        made.push((wanted, object));
        Self { ground, made }
    }

    fn list(&self) -> PathBuf {
        sighting::list_of(&self.ground.machines())
    }

    async fn look(&self) -> BTreeMap<Address, Observation> {
        let questions = self.made.iter().map(|(wanted, object)| Question {
            address: wanted.address.clone(),
            spec: Arc::clone(&object.spec),
            id: Some(object.id.clone()),
            made_at: None,
            wanted: true,
        });
        let query = Query {
            lineage: lineage(),
            questions: questions.collect(),
        };
        self.ground.local.observe(&query).await.unwrap()
    }

    /// What is seen with the list; it is what is seen without.
    async fn looked(&self) -> BTreeMap<Address, Observation> {
        let with = self.look().await;
        let kept = std::fs::read(self.list()).unwrap();
        std::fs::remove_file(self.list()).unwrap();
        assert_eq!(self.look().await, with);
        std::fs::write(self.list(), kept).unwrap();
        with
    }

    /// How many machines need no closer look.
    fn unsuspected(&self) -> usize {
        let sightings = Sightings::read(&self.ground.machines());
        let noted = sightings.by_name();
        let clear = self.made.iter().filter(|(wanted, object)| {
            let place = Place::recorded(Shelf::Machines, &lineage(), &object.id).unwrap();
            let line = noted.get(place.name()).unwrap();
            let nearby = Nearby::default();
            sighting::seen(line, &nearby, &place, &wanted.address, &object.spec).is_some()
        });
        clear.count()
    }

    fn last(&self) -> (&Address, &Path) {
        let (wanted, object) = self.made.last().unwrap();
        (&wanted.address, Path::new(object.id.as_str()))
    }
}

#[tokio::test]
async fn what_nobody_touched_needs_no_closer_look() {
    let fleet = Fleet::new().await;
    let seen = fleet.looked().await;
    assert!(
        seen.values()
            .all(|found| matches!(found, Observation::Present(seen) if seen.attributes.is_empty()))
    );
    assert_eq!(fleet.unsuspected(), fleet.made.len());
}

#[tokio::test]
async fn an_edit_that_keeps_the_size_is_seen() {
    let fleet = Fleet::new().await;
    let (address, directory) = fleet.last();
    let marker = directory.join("machine.json");
    let text = std::fs::read_to_string(&marker).unwrap();
    let edited = text.replace("\"power\":\"running\"", "\"power\":\"stopped\"");
    assert_eq!(edited.len(), text.len());
    std::fs::write(&marker, edited).unwrap();
    match &fleet.looked().await[address] {
        Observation::Present(seen) => assert_eq!(seen.power, Some(Power::Stopped)),
        other => panic!("{other:?}"),
    }
    assert_eq!(fleet.unsuspected(), fleet.made.len() - 1);
}

#[tokio::test]
async fn links_and_homes_that_were_replaced_are_seen() {
    let fleet = Fleet::new().await;
    let (address, directory) = fleet.last();
    let link = directory.join("cache");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/elsewhere", &link).unwrap();
    match &fleet.looked().await[address] {
        Observation::Present(seen) => {
            let mounts = serde_json::json!([{"volume": "v1", "path": "~/notes"}]);
            assert_eq!(seen.attributes.get("mounts"), Some(&mounts));
        }
        other => panic!("{other:?}"),
    }
    std::fs::remove_dir_all(directory.join("home")).unwrap();
    let first = Path::new(fleet.made[0].1.id.as_str());
    std::fs::remove_dir_all(first.join("home")).unwrap();
    fleet.looked().await;
    assert_eq!(fleet.unsuspected(), fleet.made.len() - 2);
}

#[tokio::test]
async fn a_list_that_is_cut_off_or_nonsense_costs_time_only() {
    let fleet = Fleet::new().await;
    let whole = std::fs::read(fleet.list()).unwrap();
    let expected = fleet.look().await;
    let cuts = (0..whole.len())
        .step_by(97)
        .map(|end| whole[..end].to_vec());
    let worse = [
        b"\0\xff\n\t\t\t\n".to_vec(),
        b"m0\t1\tmachine.m0\t\t\t\t\n".to_vec(),
        String::from_utf8(whole.clone())
            .unwrap()
            .replace("\t1\t", "\t2\t")
            .into_bytes(),
    ];
    for text in cuts.chain(worse) {
        std::fs::write(fleet.list(), text).unwrap();
        assert_eq!(fleet.look().await, expected);
    }
}

#[tokio::test]
async fn a_change_in_place_is_noted_and_an_older_record_is_not_taken_for_it() {
    let mut fleet = Fleet::new().await;
    let (wanted, object) = fleet.made[0].clone();
    let mut spec = machine("m0");
    spec.cpus = serde_json::from_str("3").ok();
    let wanted = CreateRequest {
        spec: Arc::new(Spec::Machine(Box::new(spec))),
        ..wanted
    };
    let update = UpdateRequest {
        wanted: wanted.clone(),
        current: Arc::clone(&object),
        paths: vec!["cpus".to_owned()],
    };
    fleet.ground.local.update(&update, &quiet).await.unwrap();
    match &fleet.looked().await[&wanted.address] {
        Observation::Present(seen) => assert!(seen.attributes.get("cpus").is_some()),
        other => panic!("{other:?}"),
    }
    fleet.made[0].1 = Arc::new(Object {
        spec: Arc::clone(&wanted.spec),
        ..(*object).clone()
    });
    fleet.looked().await;
    assert_eq!(fleet.unsuspected(), fleet.made.len());
}

#[tokio::test]
async fn the_list_goes_with_the_last_machine() {
    let fleet = Fleet::new().await;
    for (wanted, object) in &fleet.made {
        fleet.ground.delete(&wanted.address, object).await;
    }
    assert!(!fleet.list().exists());
    assert!(!fleet.ground.machines().exists());
}
