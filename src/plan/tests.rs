//! What holds for the plan of any valid project, whatever is recorded and observed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{
    Action, Capabilities, Facts, Observation, Observed, Options, Plan, PlanFile, Seen, plan,
};
use crate::address::{Address, Kind};
use crate::desired::Desired;
use crate::desired::sample::{Shape, edit, shape};
use crate::digest::FingerprintKey;
use crate::resource::{Attributes, ProviderKind, Spec};
use crate::state::{Lineage, Object, ObjectId, OperationId, Record, State, Status, StepKind};

/// What a shape asks for, with the fingerprints of its secrets.
fn wanted(shape: &Shape) -> Desired {
    let mut desired = shape.desired();
    let key = FingerprintKey::new(&[3; 32]);
    let fingerprint = |address: &Address| {
        (
            address.clone(),
            key.fingerprint(address.leaf().as_str(), b"value"),
        )
    };
    let fingerprints = desired
        .resources()
        .iter()
        .map(|wanted| fingerprint(&wanted.address))
        .collect();
    desired.with_fingerprints(&fingerprints);
    desired
}

/// The state in which everything wanted was made, and nothing else.
fn made(desired: &Desired) -> State {
    let mut state = State::new("team", Lineage::from_random([7; 16]));
    for wanted in desired.resources() {
        let machine = wanted.address.machine().cloned().map(Address::Machine);
        let provider = wanted
            .spec
            .provider()
            .or_else(|| state.current(&machine?).map(|object| object.provider));
        let object = Object {
            id: ObjectId::new(&format!("id of {}", wanted.address)),
            provider: provider.unwrap(),
            operation: OperationId::from_label("made"),
            made_at: None,
            generation: 1,
            spec: Arc::clone(&wanted.spec),
            schema: Spec::SCHEMA,
            attributes: Attributes::default(),
            dependencies: wanted.dependencies.clone(),
            status: Status::Ready,
            incarnation: None,
        };
        let record = Record {
            current: Some(Arc::new(object)),
            deposed: Vec::new(),
        };
        state.resources.insert(wanted.address.clone(), record);
    }
    state
}

/// What providers show of a state behind which nobody meddled.
fn shown(state: &State) -> Observed {
    let objects = state
        .resources
        .iter()
        .filter(|(address, _)| !address.lives_inside());
    let seen = |(address, record): (&Address, &Record)| {
        let object = record.current.as_ref().unwrap();
        let mut attributes = object.spec.attributes();
        attributes.0.remove("power");
        let seen = Seen {
            id: object.id.clone(),
            operation: Some(object.operation.clone()),
            attributes,
            power: None,
            incarnation: None,
            outputs: Attributes::default(),
            broken: Vec::new(),
        };
        (address.clone(), Observation::Present(Box::new(seen)))
    };
    Observed {
        objects: objects.map(seen).collect(),
    }
}

fn facts(create_first: bool) -> Facts {
    let capabilities = Capabilities {
        in_place: &["memory", "cpus", "power", "size"],
        create_before_destroy: create_first,
        not_enforced: &[],
    };
    Facts {
        outlooks: Vec::new(),
        lock: None,
        capabilities: BTreeMap::from([
            (ProviderKind::Local, capabilities.clone()),
            (ProviderKind::Docker, capabilities),
        ]),
        findings: Vec::new(),
    }
}

/// Meddles with what is shown: removes, exchanges, changes or hides one object each.
fn meddle(observed: &mut Observed, meddling: &[(Index, u8)]) {
    for (which, how) in meddling {
        if observed.objects.is_empty() {
            return;
        }
        let address = observed
            .objects
            .keys()
            .nth(which.index(observed.objects.len()));
        let address = address.unwrap().clone();
        let entry = observed.objects.get_mut(&address).unwrap();
        match (how % 4, &mut *entry) {
            (0, _) => *entry = Observation::Absent,
            (1, _) => *entry = Observation::Unreadable("no answer".to_owned()),
            (2, Observation::Present(seen)) => seen.id = ObjectId::new("another"),
            (_, Observation::Present(seen)) => seen.attributes.set("memory", "9GB"),
            (_, Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_)) => {}
        }
    }
}

fn meddling() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec((any::<Index>(), any::<u8>()), 0..4)
}

/// Steps form a graph without circles, and nothing is made before what it needs is made.
fn sound(plan: &Plan) -> Result<(), TestCaseError> {
    let mut ended: HashSet<usize> = HashSet::new();
    loop {
        let ready: Vec<usize> = (0..plan.steps.len())
            .filter(|index| !ended.contains(index))
            .filter(|index| {
                plan.steps[*index]
                    .after
                    .iter()
                    .all(|on| ended.contains(&(*on as usize)))
            })
            .collect();
        if ready.is_empty() {
            break;
        }
        ended.extend(ready);
    }
    prop_assert_eq!(ended.len(), plan.steps.len(), "steps wait for each other");
    let mut seen = HashSet::new();
    for change in &plan.changes {
        prop_assert!(
            seen.insert(&change.address),
            "{} is planned twice",
            change.address
        );
        let acts = plan
            .steps
            .iter()
            .any(|step| plan.changes[step.change as usize] == *change);
        prop_assert_eq!(
            change.action.acts() || change.retains(),
            acts,
            "{}",
            change.address
        );
    }
    let makes = |kind| matches!(kind, StepKind::Create | StepKind::Update | StepKind::Adopt);
    for step in plan.steps.iter().filter(|step| makes(step.kind)) {
        let change = &plan.changes[step.change as usize];
        for (index, other) in plan
            .steps
            .iter()
            .enumerate()
            .filter(|(_, other)| makes(other.kind))
        {
            if change
                .dependencies
                .contains(&plan.changes[other.change as usize].address)
            {
                let index = u32::try_from(index).unwrap();
                prop_assert!(
                    step.after.contains(&index),
                    "{} doesn't wait",
                    change.address
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn equals_have_an_empty_plan(shape in shape(5, true), refreshed: bool) {
        let desired = wanted(&shape);
        let state = made(&desired);
        let observed = if refreshed { shown(&state) } else { Observed::default() };
        let plan = plan(&desired, &state, &observed, &facts(false), &Options::default());
        prop_assert!(plan.is_empty(), "{:#?}", plan.steps);
        prop_assert!(plan.drift.is_empty() && plan.checks.is_empty());
        prop_assert!(plan.changes.iter().all(|change| change.action == Action::NoOp));
    }

    #[test]
    fn a_plan_follows_from_what_it_is_made_from(
        (before, after) in edit(4, true), meddling in meddling(), create_first: bool, destroy: bool,
    ) {
        let desired = wanted(&after);
        let state = made(&wanted(&before));
        let mut observed = shown(&state);
        meddle(&mut observed, &meddling);
        let options = Options { destroy, delete_volumes: create_first, ..Options::default() };
        let facts = facts(create_first);
        let first = plan(&desired, &state, &observed, &facts, &options);
        prop_assert_eq!(&first, &plan(&desired, &state, &observed, &facts, &options));
        sound(&first)?;
        let file = PlanFile { plan: first, wanted: desired.resources().to_vec(), transitions: desired.transitions.clone(), manifests: crate::catalog::Manifests::default(), outbound: BTreeMap::new(), observed, lock: crate::plan::SavedLock::default() };
        let read = PlanFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
        prop_assert_eq!(read.plan, file.plan);
    }

    #[test]
    fn a_target_takes_along_what_it_depends_on(
        (before, after) in edit(4, true), which: Index, out: Index,
    ) {
        let desired = wanted(&after);
        let state = made(&wanted(&before));
        let observed = shown(&state);
        let address = |index: Index| desired.resources()[index.index(desired.resources().len())].address.clone();
        let (target, excluded) = (address(which), address(out));
        let options = Options { targets: vec![target.clone()], ..Options::default() };
        let narrowed = plan(&desired, &state, &observed, &facts(false), &options);
        sound(&narrowed)?;
        let included: HashSet<&Address> = narrowed.changes.iter().map(|c| &c.address).collect();
        prop_assert!(included.contains(&target));
        for change in &narrowed.changes {
            for on in &change.dependencies {
                prop_assert!(included.contains(on), "{} without {on}", change.address);
            }
        }
        let options = Options { excludes: vec![excluded.clone()], ..Options::default() };
        let narrowed = plan(&desired, &state, &observed, &facts(false), &options);
        sound(&narrowed)?;
        for change in &narrowed.changes {
            prop_assert!(change.address != excluded);
            prop_assert!(!change.dependencies.contains(&excluded), "{}", change.address);
        }
    }

    #[test]
    fn destroying_deletes_the_dependent_first(shape in shape(5, true), volumes: bool) {
        let desired = wanted(&shape);
        let state = made(&desired);
        let options = Options { destroy: true, delete_volumes: volumes, ..Options::default() };
        let plan = plan(&desired, &state, &shown(&state), &facts(false), &options);
        sound(&plan)?;
        for change in &plan.changes {
            let kept = change.address.kind() == Kind::Volume && !volumes;
            prop_assert_eq!(change.action == Action::NoOp, kept, "{}", change.address);
        }
        let step_of = |address: &Address| {
            let found = plan.steps.iter().position(|step| plan.changes[step.change as usize].address == *address);
            u32::try_from(found.unwrap()).unwrap()
        };
        for (address, record) in &state.resources {
            for on in &record.current.as_ref().unwrap().dependencies {
                let (mine, theirs) = (step_of(address), step_of(on));
                let waits = |one: u32, other: u32| plan.steps[one as usize].after.contains(&other);
                // What lives inside a machine goes along with it.
                let inside = address.lives_inside() && on.kind() == Kind::Machine;
                if inside {
                    prop_assert!(waits(mine, theirs), "{address} isn't dropped with {on}");
                } else {
                    prop_assert!(waits(theirs, mine), "{on} goes before {address}");
                }
            }
        }
    }
}
