//! Values built by hand for the tests of this room.

use std::sync::Arc;

use serde_json::Value;

use crate::address::Address;
use crate::digest::{Digest, FingerprintKey};
use crate::plan::{
    Action, After, Change, Drift, DriftKind, Effectuation, FieldChange, Plan, PlanHeader, Reason,
    Step,
};
use crate::resource::{
    Attributes, DockerSettings, ExtensionSpec, ImageSpec, MachineSpec, Mount, PortMapping, Power,
    Protocol, ProviderKind, PullPolicy, SecretSource, SecretSpec, Settings, Size, Spec, VolumeSpec,
};
use crate::state::{Lineage, Object, ObjectId, OperationId, Serial, Status, StepKind};

pub(super) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(super) fn lineage() -> Lineage {
    Lineage::from_random([0xab; 16])
}

pub(super) fn plan(changes: Vec<Change>) -> Plan {
    let steps = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.action.acts())
        .map(|(index, _)| Step {
            change: u32::try_from(index).unwrap(),
            kind: StepKind::Create,
            after: Vec::new(),
        })
        .collect();
    Plan {
        header: PlanHeader {
            format: 1,
            project: "shop".to_owned(),
            lineage: lineage(),
            serial: Serial(7),
            config: Digest::of_bytes(b"config"),
            destroy: false,
            targets: Vec::new(),
            excludes: Vec::new(),
        },
        changes,
        steps,
        moves: Vec::new(),
        renamed_from: None,
        drift: Vec::new(),
        outlooks: Vec::new(),
        lock: None,
        checks: Vec::new(),
    }
}

pub(super) fn machine(image: &str, memory: u64) -> Spec {
    Spec::Machine(Box::new(MachineSpec {
        provider: ProviderKind::Docker,
        name: "shop-dev".to_owned(),
        image: Some(image.to_owned()),
        cpus: Some(2),
        memory: Some(Size::gib(memory)),
        gpu: None,
        network: None,
        mounts: vec![Mount {
            volume: address("volume.dev.workspace").leaf().clone(),
            path: "/workspace".to_owned(),
        }],
        power: Power::Running,
        settings: Settings::Docker(DockerSettings {
            ports: vec![PortMapping {
                address: None,
                host: 8080,
                container: 80,
                protocol: Protocol::Tcp,
            }],
            ..DockerSettings::default()
        }),
    }))
}

pub(super) fn image(reference: &str) -> Spec {
    Spec::Image(ImageSpec {
        provider: ProviderKind::Docker,
        reference: reference.to_owned(),
        pull: PullPolicy::default(),
    })
}

pub(super) fn volume(size: u64) -> Spec {
    Spec::Volume(VolumeSpec {
        provider: ProviderKind::Docker,
        name: "shop-dev-workspace".to_owned(),
        size: Some(Size::gib(size)),
        region: None,
        compute: None,
    })
}

pub(super) fn secret(value: &str) -> Spec {
    Spec::Secret(SecretSpec {
        source: SecretSource::Env { from_file: None },
        required: true,
        fingerprint: Some(FingerprintKey::new(&[1; 32]).fingerprint("TOKEN", value.as_bytes())),
        target: None,
    })
}

pub(super) fn extension(version: &str) -> Spec {
    Spec::Extension(ExtensionSpec {
        version: version.to_owned(),
        content: Digest::of_bytes(version.as_bytes()),
        method: "npm".to_owned(),
        tools: Vec::new(),
        requires: Vec::new(),
        upgrade: crate::resource::UpgradeStrategy::Automatic,
    })
}

pub(super) fn object(spec: Spec) -> Object {
    Object {
        id: ObjectId::new(&"3f9c1ab2".repeat(8)),
        provider: ProviderKind::Docker,
        operation: OperationId::from_random([2; 8]),
        made_at: None,
        generation: 1,
        spec: Arc::new(spec),
        schema: Spec::SCHEMA,
        attributes: Attributes::default(),
        dependencies: Vec::new(),
        status: Status::Ready,
        incarnation: None,
    }
}

pub(super) fn change(at: &str, action: Action, reason: Reason) -> Change {
    Change {
        address: address(at),
        previous_address: None,
        action,
        reason: Some(reason),
        fields: Vec::new(),
        desired: None,
        recorded: None,
        dependencies: Vec::new(),
        lifecycle: crate::desired::Lifecycle::default(),
    }
}

pub(super) fn create(at: &str, spec: Spec) -> Change {
    Change {
        desired: Some(Arc::new(spec)),
        ..change(at, Action::Create, Reason::New)
    }
}

pub(super) fn both(change: Change, before: Spec, after: Spec) -> Change {
    Change {
        desired: Some(Arc::new(after)),
        recorded: Some(Arc::new(object(before))),
        ..change
    }
}

pub(super) fn field(path: &str, before: impl Into<Value>, after: impl Into<Value>) -> FieldChange {
    FieldChange {
        path: path.to_owned(),
        before: Some(before.into()),
        after: After::Known(after.into()),
        effect: Effectuation::InPlace,
    }
}

pub(super) fn forcing(field: FieldChange) -> FieldChange {
    FieldChange {
        effect: Effectuation::ForcesReplacement,
        ..field
    }
}

pub(super) fn drift(at: &str, kind: DriftKind, fields: Vec<FieldChange>) -> Drift {
    Drift {
        address: address(at),
        kind,
        fields,
    }
}
