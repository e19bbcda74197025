//! Planning: desired, recorded and observed become a plan; deterministic, without I/O.

use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

use super::decide::Decider;
use super::{
    Action, Change, Facts, Observation, Observed, Options, Plan, PlanHeader, Reason, narrow,
    outlook, refusal, steps, transition,
};
use crate::address::{Address, Kind};
use crate::desired::{Desired, Lifecycle, Wanted};
use crate::diagnostic::{ALLOWABLE, Code, Diagnostic, Diagnostics, Severity, did_you_mean};
use crate::resource::Spec;
use crate::state::{Object, State, Status};

/// The plan format this version writes.
pub const PLAN_FORMAT: u32 = 1;

/// Makes the plan that turns what stands into what is desired.
pub fn plan(
    desired: &Desired,
    recorded: &State,
    observed: &Observed,
    facts: &Facts,
    options: &Options,
) -> Plan {
    let mut scope = narrow::scope(desired, recorded, options);
    let mut decider = Decider {
        recorded,
        observed,
        facts,
        options,
        transitions: &desired.transitions,
        decided: FxHashMap::with_capacity_and_hasher(
            desired.resources().len(),
            rustc_hash::FxBuildHasher,
        ),
        drift: Vec::new(),
        checks: std::mem::take(&mut scope.findings),
    };
    let mut changes = Vec::with_capacity(desired.resources().len());
    if !options.destroy {
        for wanted in desired.resources() {
            if scope.covers(&wanted.address) {
                changes.push(decider.wanted(wanted));
            }
        }
        fetch_images(&mut changes, observed);
    }
    for address in recorded.resources.keys() {
        let asked_for = !options.destroy && desired.get(address).is_some();
        if !asked_for && scope.covers(address) {
            unwanted(&mut decider, desired, address, &mut changes);
        }
    }
    spare(&mut changes, recorded);
    let steps = steps::steps(&changes);
    let mut checks = decider.checks;
    if !options.destroy {
        checks.extend(transition::contradictions(desired, recorded));
    }
    checks.extend(facts.findings.iter().cloned());
    lower(&mut checks, &options.allow);
    // Of what a person hasn't allowed yet nobody knows whether it comes.
    let open = checks.iter().any(|one| one.is_error() && one.allowable);
    let locks = !options.destroy && !open;
    let outlooks = if options.destroy {
        Vec::new()
    } else {
        outlook::outlooks(desired, &facts.outlooks, &changes, options)
    };
    Plan {
        header: PlanHeader {
            format: PLAN_FORMAT,
            project: recorded.project.clone(),
            lineage: recorded.lineage.clone(),
            serial: recorded.serial,
            config: options.config.clone(),
            destroy: options.destroy,
            targets: options.targets.clone(),
            excludes: options.excludes.clone(),
        },
        changes,
        steps,
        moves: Vec::new(),
        renamed_from: None,
        drift: decider.drift,
        outlooks,
        lock: facts.lock.clone().filter(|_| locks),
        checks,
    }
}

/// An image that its pin doesn't need is fetched again when its machine is made anew.
fn fetch_images(changes: &mut [Change], observed: &Observed) {
    let made: FxHashSet<Address> = changes
        .iter()
        .filter(|change| change.address.kind() == Kind::Machine)
        .filter(|change| matches!(change.action, Action::Create | Action::Replace(_)))
        .filter_map(|change| change.address.machine().cloned().map(Address::Image))
        .collect();
    for change in changes {
        if change.action == Action::NoOp
            && made.contains(&change.address)
            && observed.is_gone(&change.address)
        {
            change.action = Action::Update;
            change.reason = Some(Reason::Missing);
        }
    }
}

/// Leaves what a resource stands on that couldn't be read, since that resource stays.
fn spare(changes: &mut [Change], recorded: &State) {
    let mut open: Vec<&Address> = changes
        .iter()
        .filter(|change| change.reason == Some(Reason::Unreadable))
        .filter(|change| !change.address.lives_inside())
        .filter_map(|change| recorded.resources.get_key_value(&change.address))
        .map(|(address, _)| address)
        .collect();
    let mut spared: FxHashSet<&Address> = FxHashSet::default();
    while let Some(address) = open.pop() {
        for on in recorded
            .current(address)
            .iter()
            .flat_map(|o| &o.dependencies)
        {
            if spared.insert(on) {
                open.push(on);
            }
        }
    }
    for change in changes {
        let goes = matches!(change.action, Action::Delete | Action::Forget) || change.retains();
        if goes && change.desired.is_none() && spared.contains(&change.address) {
            change.action = Action::NoOp;
            change.reason = Some(Reason::Unreadable);
        }
    }
}

/// Decides what happens to what is recorded but not wanted.
fn unwanted(
    decider: &mut Decider<'_>,
    desired: &Desired,
    address: &Address,
    changes: &mut Vec<Change>,
) {
    let Some(record) = decider.recorded.resources.get(address) else {
        return;
    };
    let Some(object) = record.current.as_ref().or_else(|| record.deposed.first()) else {
        return;
    };
    let observation = decider.observed.get(address);
    decider.note_drift(address, object, observation);
    let destroy = decider.options.destroy;
    let gone = if destroy {
        Reason::Destroyed
    } else {
        Reason::NotWanted
    };
    // What lived in a machine that is gone is gone with it.
    let gone_along = address.lives_inside()
        && address.machine().is_some_and(|machine| {
            let machine = Address::Machine(machine.clone());
            decider.observed.is_gone(&machine)
        });
    let let_go = !destroy && transition::is_let_go_of(desired, decider.recorded, address);
    let (action, reason) = match observation {
        _ if let_go => (Action::Forget, Reason::LetGo),
        _ if gone_along => (Action::Forget, Reason::Missing),
        Some(Observation::Unreadable(_)) => (Action::NoOp, Reason::Unreadable),
        // Something that belongs to it alone may be left: a delete removes that too.
        Some(Observation::Absent | Observation::Ended(_))
            if address.kind() == Kind::Machine || object.status == Status::Deleting =>
        {
            (Action::Delete, Reason::Missing)
        }
        Some(Observation::Absent | Observation::Ended(_)) if !address.kind().is_pin() => {
            (Action::Forget, Reason::Missing)
        }
        Some(Observation::Absent | Observation::Ended(_) | Observation::Present(_)) | None => {
            match address.kind() {
                Kind::Image | Kind::Gpu => (Action::Forget, gone),
                Kind::Volume if decider.options.delete_volumes => (Action::Delete, gone),
                Kind::Volume => (Action::NoOp, Reason::Retained),
                Kind::Network | Kind::Machine | Kind::Secret | Kind::Extension => {
                    (Action::Delete, gone)
                }
            }
        }
    };
    if action == Action::Delete
        && let Some(protected) = protection(desired, address)
    {
        decider.checks.push(protected);
    }
    changes.push(Change {
        address: address.clone(),
        previous_address: None,
        action,
        reason: Some(reason),
        fields: Vec::new(),
        desired: None,
        recorded: Some(Arc::clone(object)),
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
    });
}

/// Whether the configuration still protects what `destroy` would delete.
fn protection(desired: &Desired, address: &Address) -> Option<Diagnostic> {
    let wanted: &Wanted = desired.get(address)?;
    wanted
        .lifecycle
        .prevent_destroy
        .then(|| refusal::protected(address, wanted))
}

/// Lowers the errors that a person allowed; a code that none can allow is an error itself.
fn lower(checks: &mut Diagnostics, allow: &[String]) {
    for code in allow {
        for check in checks.iter_mut().filter(|c| c.code.as_str() == code) {
            if check.is_error() && check.allowable {
                check.severity = Severity::Warning;
            }
        }
        if !ALLOWABLE.contains(&code.as_str()) {
            let help = did_you_mean(code, ALLOWABLE).map_or_else(
                || format!("these can be allowed: {}", ALLOWABLE.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            checks.push(
                Diagnostic::error(
                    Code::new("plan::not-allowable"),
                    format!("`{code}` is no finding that can be lowered with `--allow`"),
                )
                .help(help),
            );
        }
    }
}

impl Change {
    /// Whether a retained volume is only kept on, with nothing new to record.
    pub(super) fn is_kept_already(&self) -> bool {
        self.recorded
            .as_ref()
            .is_some_and(|object| object.status == Status::Retained)
    }

    /// Whether the change only records that an object is kept beyond its machine.
    pub fn retains(&self) -> bool {
        self.action == Action::NoOp
            && self.reason == Some(Reason::Retained)
            && self.desired.is_none()
            && !self.is_kept_already()
    }

    /// The specification that stands or shall stand.
    pub fn spec(&self) -> Option<&Arc<Spec>> {
        self.desired.as_ref().or_else(|| {
            self.recorded
                .as_ref()
                .map(|object: &Arc<Object>| &object.spec)
        })
    }
}

/// What a plan must ask the providers about: everything wanted and everything recorded.
pub fn addresses_of_interest(desired: &Desired, recorded: &State) -> Vec<Address> {
    let mut addresses: Vec<Address> = desired
        .resources()
        .iter()
        .map(|wanted| wanted.address.clone())
        .collect();
    addresses.extend(
        recorded
            .resources
            .keys()
            .filter(|address| desired.get(address).is_none())
            .cloned(),
    );
    addresses
}
