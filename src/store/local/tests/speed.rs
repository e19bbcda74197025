//! What reading and committing cost; run by hand, in release:
//! `cargo test --release --lib store::local::tests::speed -- --ignored --nocapture`.

use std::fs;
use std::time::Instant;

use super::*;
use crate::address::Address;
use crate::state::sample::object;
use crate::state::{Effect, Intent, OperationId, StepKind};

/// So many operations, each begun and ended well with an object of its own.
pub(super) fn life_of(count: usize) -> impl Iterator<Item = Event> {
    life_of_from(0, count)
}

pub(super) fn life_of_from(first: usize, count: usize) -> impl Iterator<Item = Event> {
    (first..first + count).flat_map(|number| {
        let machine = format!("machine-{}", number / 4);
        let address: Address = match number % 4 {
            0 => format!("machine.{machine}"),
            1 => format!("volume.{machine}.workspace"),
            2 => format!("secret.{machine}.TOKEN"),
            _ => format!("extension.{machine}.nodejs"),
        }
        .parse()
        .unwrap();
        let operation = OperationId::from_random((number as u64).to_be_bytes());
        let object = object(&address, &operation, 4);
        [
            Event::Begin(Intent {
                operation: operation.clone(),
                address: address.clone(),
                step: StepKind::Create,
                spec: Some(Arc::clone(&object.spec)),
                generation: 1,
                dependencies: object.dependencies.clone(),
            }),
            Event::Succeeded {
                operation,
                address,
                effect: Effect::Put(Box::new(object)),
            },
        ]
    })
}

/// The memory this process has in use, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "figures are read by people")]
fn figures() {
    for objects in [1_000, 5_000, 10_000] {
        let room = tempfile::tempdir().unwrap();
        let store = open(room.path());
        let mut locked = begun(&store);
        let events: Vec<Event> = life_of(objects).collect();
        let groups: Vec<Vec<Event>> = events.chunks(16).map(<[Event]>::to_vec).collect();
        let began = Instant::now();
        for group in groups {
            locked.commit(group).unwrap();
        }
        let committed = began.elapsed();
        let began = Instant::now();
        let journalled = read(&store);
        let folded = began.elapsed();
        let began = Instant::now();
        locked.compact().unwrap();
        let compacted = began.elapsed();
        drop((locked, journalled, events));
        let length = fs::metadata(room.path().join(".sindri/state.json"))
            .unwrap()
            .len();
        let best = (0..10)
            .map(|_| {
                let began = Instant::now();
                drop(read(&store));
                began.elapsed()
            })
            .min()
            .unwrap();
        // The later ones find no memory that was freed before.
        let states: Vec<(State, u64)> = (0..4)
            .map(|_| {
                let before = resident();
                (read(&store), resident().saturating_sub(before))
            })
            .collect();
        let each = states.last().unwrap().1;
        let bytes = fs::read(room.path().join(".sindri/state.json")).unwrap();
        let began = Instant::now();
        let digest = crate::digest::Digest::of_bytes(&bytes);
        let summed = began.elapsed();
        assert!(!digest.short().is_empty());
        println!(
            "{objects} objects: commit {} events {committed:?}, read document and journal {folded:?}, \
             compact {compacted:?}, read document {best:?} ({length} bytes, their checksum {summed:?}), {each} bytes in memory",
            2 * objects
        );
    }
}
