//! Made-up histories and states for tests: random, but such as an engine could write.

use std::sync::Arc;

use super::{
    Effect, Entry, Event, Intent, Lineage, Object, ObjectId, OperationId, PartFailure, Serial,
    State, Status, StepKind, fold,
};
use crate::address::{Address, Kind};
use crate::digest::{Digest, FingerprintKey};
use crate::resource::{
    Attributes, DockerSettings, ExtensionSpec, GpuSpec, GpuVendor, ImageSpec, MachineSpec, Mount,
    NetworkSpec, Power, ProviderKind, PullPolicy, SecretSource, SecretSpec, Settings, Size, Spec,
    VolumeSpec,
};

const ADDRESSES: [&str; 9] = [
    "network.dev",
    "image.dev",
    "gpu.dev",
    "volume.dev.workspace",
    "machine.dev",
    "machine.dev-2",
    "secret.dev.API_KEY",
    "extension.dev.nodejs",
    "extension.dev.python",
];

pub(crate) fn lineage() -> Lineage {
    Lineage::from_random([7; 16])
}

/// A specification of the kind an address has.
pub(crate) fn spec(address: &Address) -> Spec {
    let provider = ProviderKind::Docker;
    let name = address.leaf().to_string();
    match address.kind() {
        Kind::Network => Spec::Network(NetworkSpec {
            provider,
            name,
            organization: None,
        }),
        Kind::Image => Spec::Image(ImageSpec {
            provider,
            reference: "debian:12".into(),
            pull: PullPolicy::IfNotPresent,
        }),
        Kind::Gpu => Spec::Gpu(GpuSpec {
            provider,
            vendor: GpuVendor::Nvidia,
            count: 1,
            kind: Some("a100-40gb".into()),
            memory: Some(Size::gib(40)),
        }),
        Kind::Volume => Spec::Volume(VolumeSpec {
            provider,
            name,
            size: Some(Size::gib(10)),
            region: None,
            compute: None,
        }),
        Kind::Machine => Spec::Machine(Box::new(MachineSpec {
            provider,
            name,
            image: Some("debian:12".into()),
            cpus: Some(2),
            memory: Some(Size::gib(4)),
            gpu: None,
            network: None,
            mounts: vec![Mount {
                volume: "volume.dev.workspace"
                    .parse::<Address>()
                    .unwrap()
                    .leaf()
                    .clone(),
                path: "/workspace".into(),
            }],
            power: Power::Running,
            settings: Settings::Docker(DockerSettings::default()),
        })),
        Kind::Secret => Spec::Secret(SecretSpec {
            source: SecretSource::Env { from_file: None },
            required: true,
            fingerprint: Some(FingerprintKey::new(&[1; 32]).fingerprint(&name, b"value")),
            target: None,
        }),
        Kind::Extension => Spec::Extension(ExtensionSpec {
            version: "1.2.3".into(),
            content: Digest::of_bytes(name.as_bytes()),
            method: "npm".into(),
            tools: Vec::new(),
            requires: Vec::new(),
            upgrade: crate::resource::UpgradeStrategy::Automatic,
        }),
    }
}

/// An object at an address, different for each `seed`.
pub(crate) fn object(address: &Address, operation: &OperationId, seed: u8) -> Object {
    let mut attributes = Attributes::default();
    if seed & 1 == 0 {
        attributes.set("digest", Digest::of_bytes(&[seed]).as_str());
        attributes.set("note", "tab\t, quote \", line\n, \u{e9}\u{1F980}");
    }
    let retained = address.kind() == Kind::Volume;
    Object {
        id: ObjectId::new(&format!("{address}-{seed}")),
        provider: ProviderKind::Docker,
        operation: operation.clone(),
        made_at: None,
        generation: u64::from(seed),
        spec: Arc::new(spec(address)),
        schema: Spec::SCHEMA,
        attributes,
        dependencies: vec!["network.dev".parse().unwrap()],
        status: match seed % 5 {
            0 => Status::Tainted,
            1 => Status::Partial {
                failed: vec![PartFailure {
                    part: "tsc".into(),
                    reason: "exit code 1".into(),
                }],
            },
            2 => Status::Deleting,
            3 if retained => Status::Retained,
            _ => Status::Ready,
        },
        incarnation: (seed & 2 == 0).then(|| format!("root-{seed}")),
    }
}

/// A history that follows choices, in the groups in which it is committed.
pub(crate) fn history(choices: &[u8]) -> Vec<Vec<Event>> {
    let mut state = State::new("dev", lineage());
    let mut groups = vec![Vec::new()];
    for (number, choice) in choices.iter().copied().enumerate() {
        let event = if let Some(event) = by_hand(&state, choice) {
            event
        } else if choice % 2 == 0 || state.pending.is_empty() {
            let address: Address = ADDRESSES[usize::from(choice / 2) % ADDRESSES.len()]
                .parse()
                .unwrap();
            let mut operation = [choice; 8];
            operation[..4].copy_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
            Event::Begin(Intent {
                operation: OperationId::from_random(operation),
                step: StepKind::Create,
                spec: (choice & 4 == 0).then(|| Arc::new(spec(&address))),
                generation: u64::from(choice),
                dependencies: Vec::new(),
                address,
            })
        } else {
            let open = &state.pending[usize::from(choice) % state.pending.len()];
            let (operation, address) = (open.operation.clone(), open.address.clone());
            let effect = match choice / 2 % 8 {
                0 => Effect::Keep,
                1 => Effect::Remove,
                2 => Effect::Depose,
                3 if choice % 3 == 0 => Effect::RemoveAll,
                3 => Effect::RemoveDeposed,
                _ => Effect::Put(Box::new(object(&address, &operation, choice))),
            };
            if choice % 16 == 15 {
                Event::Failed {
                    operation,
                    address,
                    error: "no space left".into(),
                    effect,
                }
            } else {
                Event::Succeeded {
                    operation,
                    address,
                    effect,
                }
            }
        };
        state.apply(event.clone()).unwrap();
        if choice % 3 == 0 {
            groups.push(Vec::new());
        }
        groups.last_mut().unwrap().push(event);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// What a person may do to a state, for some choices.
pub(crate) fn by_hand(state: &State, choice: u8) -> Option<Event> {
    if choice % 5 != 1 || state.resources.is_empty() {
        return None;
    }
    let at = usize::from(choice / 5) % state.resources.len();
    let (address, record) = state.resources.iter().nth(at)?;
    let address = address.clone();
    let event = match choice / 5 % 7 {
        0 => Event::Forgotten { address },
        1 => Event::Tainted { address },
        2 => Event::Untainted { address },
        3 => Event::Refreshed {
            address,
            object: None,
        },
        4 => Event::Refreshed {
            object: record.current.as_deref().cloned().map(Box::new),
            address,
        },
        5 => Event::Renamed {
            project: format!("dev-{choice}"),
        },
        _ => Event::Moved {
            to: ADDRESSES
                .iter()
                .chain(&["network.web", "volume.dev.data", "machine.web"])
                .map(|text| text.parse::<Address>().unwrap())
                .find(|to| to.kind() == address.kind() && *to != address)?,
            from: address,
        },
    };
    state
        .admits(std::slice::from_ref(&event))
        .is_ok()
        .then_some(event)
}

/// The state after each group, the empty one before the first included.
pub(crate) fn states(groups: &[Vec<Event>]) -> Vec<State> {
    let mut state = State::new("dev", lineage());
    let mut states = vec![state.clone()];
    for group in groups {
        let entries = entries(state.serial, group);
        fold(&mut state, entries).unwrap();
        states.push(state.clone());
    }
    states
}

fn entries(mut sequence: Serial, group: &[Event]) -> Vec<Entry> {
    group
        .iter()
        .map(|event| {
            sequence = sequence.next();
            Entry {
                sequence,
                event: event.clone(),
            }
        })
        .collect()
}
