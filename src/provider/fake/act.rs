//! What the calls do to a world: plain changes of a value.

use std::collections::BTreeMap;

use super::{Content, FakeFile, FakeObject, FakeWorld};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::plan::{Observation, Seen};
use crate::provider::{
    Class, CreateRequest, DeleteRequest, Delivery, File, MachineRef, Made, Owned, ProviderError,
    Query, Sought, TakeRequest, UpdateRequest,
};
use crate::resource::{Attributes, FileTarget, Power, ProviderKind, Spec};
use crate::state::{Lineage, ObjectId};

const NAME_TAKEN: Code = Code::new("fake::name-taken");

type Outcome<T> = Result<T, ProviderError>;

pub(super) fn observe(
    world: &mut FakeWorld,
    kind: ProviderKind,
    query: &Query,
) -> BTreeMap<Address, Observation> {
    let mut seen = BTreeMap::new();
    for question in &query.questions {
        let standing = world
            .find(
                kind,
                &query.lineage,
                &question.address,
                question.id.as_ref(),
            )
            .map(show);
        let found = match question.spec.as_ref() {
            // A decision without an object: what is recorded of it stands.
            Spec::Gpu(_) => question.id.clone().map(|id| pin(id, &question.spec)),
            // A reference may stand for another image by now.
            Spec::Image(_) => standing.map(|seen| Seen {
                attributes: attributes_of(&question.spec),
                outputs: outputs_of(world, &question.spec),
                ..seen
            }),
            Spec::Network(_)
            | Spec::Volume(_)
            | Spec::Machine(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => standing,
        };
        let shown = match world.shown_instead(&question.address) {
            Some(super::Effect::Unreadable(reason)) => Observation::Unreadable(reason),
            Some(_) => Observation::Absent,
            None => found.map_or(Observation::Absent, |seen| {
                Observation::Present(Box::new(seen))
            }),
        };
        seen.insert(question.address.clone(), shown);
    }
    seen
}

fn pin(id: ObjectId, spec: &Spec) -> Seen {
    Seen {
        id,
        operation: None,
        attributes: spec.attributes(),
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
        broken: Vec::new(),
    }
}

fn show(object: &FakeObject) -> Seen {
    let mut attributes = object.attributes.clone();
    if let Some(name) = &object.name {
        attributes.set("name", name.clone());
    }
    Seen {
        id: object.id.clone(),
        operation: object.operation.clone(),
        attributes,
        power: object.power,
        incarnation: object.incarnation.clone(),
        outputs: object.outputs.clone(),
        broken: Vec::new(),
    }
}

pub(super) fn check(
    world: &FakeWorld,
    kind: ProviderKind,
    query: &Query,
    observed: &BTreeMap<Address, Observation>,
) -> Diagnostics {
    let mut findings = world.findings.clone();
    for question in query.questions.iter().filter(|question| question.wanted) {
        let absent = (observed.get(&question.address)).is_some_and(Observation::is_gone);
        if let Some(name) = name_of(&question.spec)
            && absent
            && world.by_name(kind, question.spec.kind(), name).is_some()
        {
            let summary = format!("the name `{name}` is taken");
            findings.push(Diagnostic::error(NAME_TAKEN, summary).on(question.address.clone()));
        }
    }
    findings
}

pub(super) fn create(
    world: &mut FakeWorld,
    kind: ProviderKind,
    request: &CreateRequest,
) -> Outcome<Made> {
    let same = |object: &&FakeObject| {
        object.provider == kind
            && object.operation.as_ref() == Some(&request.operation)
            && object.address.as_ref() == Some(&request.address)
    };
    if let Some(object) = world.objects.iter().find(same) {
        return Ok(made(object));
    }
    let name = name_of(&request.spec);
    if let Some(name) = name
        && world.by_name(kind, request.spec.kind(), name).is_some()
    {
        let message = format!("the name `{name}` is taken");
        return Err(ProviderError::new(Class::Conflict, NAME_TAKEN, message));
    }
    let (power, incarnation) = match request.spec.as_ref() {
        Spec::Machine(spec) => (
            Some(settled(spec.power)),
            Some(request.operation.to_string()),
        ),
        Spec::Network(_) | Spec::Image(_) | Spec::Gpu(_) | Spec::Volume(_) => (None, None),
        Spec::Secret(_) | Spec::Extension(_) => {
            let message = "what lives inside a machine is not created";
            return Err(ProviderError::new(
                Class::Invalid,
                Code::new("fake::not-held"),
                message,
            ));
        }
    };
    let object = FakeObject {
        provider: kind,
        kind: request.spec.kind(),
        id: ObjectId::new(&format!("{}@{}", request.address, request.operation)),
        name: name.map(str::to_owned),
        lineage: Some(request.lineage.clone()),
        address: Some(request.address.clone()),
        operation: Some(request.operation.clone()),
        attributes: attributes_of(&request.spec),
        outputs: outputs_of(world, &request.spec),
        power,
        incarnation,
        secrets: BTreeMap::new(),
        files: BTreeMap::new(),
    };
    let made = made(&object);
    world.objects.push(object);
    Ok(made)
}

pub(super) fn update(
    world: &mut FakeWorld,
    kind: ProviderKind,
    request: &UpdateRequest,
) -> Outcome<Made> {
    let spec = &request.wanted.spec;
    let outputs = outputs_of(world, spec);
    let object = world
        .by_id(kind, &request.current.id)
        .ok_or_else(|| gone(&request.current.id))?;
    object.attributes = attributes_of(spec);
    object.outputs = outputs;
    if let Spec::Machine(spec) = spec.as_ref() {
        object.power = match spec.power {
            Power::Provider => object.power,
            Power::Running | Power::Stopped => Some(spec.power),
        };
    }
    Ok(made(object))
}

pub(super) fn delete(world: &mut FakeWorld, kind: ProviderKind, request: &DeleteRequest) {
    world.objects.retain(|object| {
        object.provider != kind
            || object.id != request.current.id
            || object.lineage.as_ref() != Some(&request.lineage)
    });
}

/// What a person named; an object of another lineage is nobody else's to take.
pub(super) fn find(world: &mut FakeWorld, kind: ProviderKind, sought: &Sought) -> Outcome<Seen> {
    let object = world
        .by_id(kind, &sought.id)
        .filter(|object| object.kind == sought.address.kind())
        .ok_or_else(|| gone(&sought.id))?;
    if object
        .lineage
        .as_ref()
        .is_some_and(|whose| *whose != sought.lineage)
    {
        let message = format!("`{}` belongs to another state", sought.id);
        let code = Code::new("fake::not-ours");
        return Err(ProviderError::new(Class::Conflict, code, message));
    }
    Ok(show(object))
}

pub(super) fn owned(world: &FakeWorld, kind: ProviderKind, lineage: &Lineage) -> Vec<Owned> {
    let ours = world.objects.iter().filter(|object| {
        object.provider == kind && !object.kind.is_pin() && object.lineage.as_ref() == Some(lineage)
    });
    ours.filter_map(|object| {
        Some(Owned {
            address: object.address.clone()?,
            id: object.id.clone(),
        })
    })
    .collect()
}

/// Labels it as ours; this provider can.
pub(super) fn take(
    world: &mut FakeWorld,
    kind: ProviderKind,
    request: &TakeRequest,
) -> Outcome<Made> {
    find(world, kind, &request.sought())?;
    let wanted = &request.wanted;
    let object = world
        .by_id(kind, &request.id)
        .ok_or_else(|| gone(&request.id))?;
    object.lineage = Some(wanted.lineage.clone());
    object.address = Some(wanted.address.clone());
    object.operation = Some(wanted.operation.clone());
    Ok(made(object))
}

/// A machine that stands.
pub(super) fn machine<'a>(
    world: &'a mut FakeWorld,
    kind: ProviderKind,
    machine: &MachineRef,
) -> Outcome<&'a mut FakeObject> {
    world
        .by_id(kind, &machine.id)
        .ok_or_else(|| gone(&machine.id))
}

/// A machine that runs.
pub(super) fn running<'a>(
    world: &'a mut FakeWorld,
    kind: ProviderKind,
    asked: &MachineRef,
) -> Outcome<&'a mut FakeObject> {
    let object = machine(world, kind, asked)?;
    if object.power == Some(Power::Stopped) {
        let message = format!("machine `{}` is stopped", asked.name);
        return Err(ProviderError::new(
            Class::Conflict,
            Code::new("fake::stopped"),
            message,
        ));
    }
    Ok(object)
}

pub(super) fn set_power(
    world: &mut FakeWorld,
    kind: ProviderKind,
    asked: &MachineRef,
    power: Power,
) -> Outcome<()> {
    machine(world, kind, asked)?.power = Some(settled(power));
    Ok(())
}

pub(super) fn put(
    world: &mut FakeWorld,
    kind: ProviderKind,
    asked: &MachineRef,
    files: &[File],
) -> Outcome<()> {
    let object = running(world, kind, asked)?;
    for file in files {
        let stored = FakeFile {
            content: Content(file.content.to_vec()),
            mode: file.mode,
        };
        object.files.insert(file.path.clone(), stored);
    }
    Ok(())
}

pub(super) fn get(
    world: &mut FakeWorld,
    kind: ProviderKind,
    asked: &MachineRef,
    path: &str,
) -> Outcome<Vec<u8>> {
    let object = running(world, kind, asked)?;
    object
        .files
        .get(path)
        .map(|file| file.content.0.clone())
        .ok_or_else(|| {
            let message = format!("there is no file `{path}`");
            ProviderError::new(Class::NotFound, Code::new("fake::not-found"), message)
        })
}

/// Only digests are kept: a world is dumped and read by people.
pub(super) fn deliver(
    world: &mut FakeWorld,
    kind: ProviderKind,
    asked: &MachineRef,
    secret: &Delivery,
) -> Outcome<()> {
    let object = running(world, kind, asked)?;
    let digest = Digest::of_bytes(&secret.value);
    if let Some(target) = &secret.target {
        object.secrets.insert(target.path.clone(), digest.clone());
    }
    object.secrets.insert(secret.name.to_string(), digest);
    Ok(())
}

pub(super) fn withdraw(
    world: &mut FakeWorld,
    kind: ProviderKind,
    asked: &MachineRef,
    name: &Name,
    target: Option<&FileTarget>,
) {
    if let Some(object) = world.by_id(kind, &asked.id) {
        object.secrets.remove(name.as_str());
        if let Some(target) = target {
            object.secrets.remove(&target.path);
        }
    }
}

fn made(object: &FakeObject) -> Made {
    Made {
        id: object.id.clone(),
        attributes: object.outputs.clone(),
        incarnation: object.incarnation.clone(),
    }
}

fn gone(id: &ObjectId) -> ProviderError {
    let message = format!("there is no object `{id}`");
    ProviderError::new(Class::NotFound, Code::new("fake::not-found"), message)
}

fn settled(power: Power) -> Power {
    match power {
        Power::Running | Power::Provider => Power::Running,
        Power::Stopped => Power::Stopped,
    }
}

fn attributes_of(spec: &Spec) -> Attributes {
    let mut attributes = spec.attributes();
    attributes.0.remove("power");
    attributes
}

fn outputs_of(world: &FakeWorld, spec: &Spec) -> Attributes {
    let mut outputs = Attributes::default();
    let reference = match spec {
        Spec::Image(spec) => Some(&spec.reference),
        Spec::Machine(spec) => spec.image.as_ref(),
        Spec::Network(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => None,
    };
    if let Some(reference) = reference {
        let digest = world.images.get(reference).cloned();
        let digest = digest.unwrap_or_else(|| Digest::of_bytes(reference.as_bytes()).to_string());
        outputs.set("imageId", digest);
    }
    outputs
}

fn name_of(spec: &Spec) -> Option<&str> {
    match spec {
        Spec::Network(spec) => Some(&spec.name),
        Spec::Volume(spec) => Some(&spec.name),
        Spec::Machine(spec) => Some(&spec.name),
        Spec::Image(_) | Spec::Gpu(_) | Spec::Secret(_) | Spec::Extension(_) => None,
    }
}
