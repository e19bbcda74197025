//! Deciding: what happens at one address, given what happens at those it depends on.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use super::diff::{self, Difference};
use super::ignore::keep_ignored;
use super::refusal;
use super::renamed::{keep_name, settle_name};
use super::{
    Action, After, Capabilities, Change, Drift, DriftKind, Effectuation, Facts, FieldChange,
    Observation, Observed, Options, Order, Reason, Seen,
};
use crate::address::{Address, Kind};
use crate::desired::Transitions;
use crate::desired::Wanted;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{MachineSpec, Power, ProviderKind, Spec};
use crate::state::{Object, State, Status};

/// Decides addresses one after the other, dependencies first.
pub(super) struct Decider<'a> {
    pub(super) recorded: &'a State,
    pub(super) observed: &'a Observed,
    pub(super) facts: &'a Facts,
    pub(super) options: &'a Options,
    pub(super) transitions: &'a Transitions,
    /// What was decided, by address.
    pub(super) decided: FxHashMap<Address, Verdict>,
    pub(super) drift: Vec<Drift>,
    pub(super) checks: Diagnostics,
}

/// What later addresses must know of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) action: Action,
    /// Whether the object that stands now will be gone or is gone already.
    pub(super) fresh: bool,
}

/// A decision before it becomes a [`Change`].
pub(super) struct Decision {
    pub(super) action: Action,
    pub(super) reason: Option<Reason>,
    pub(super) fields: Vec<FieldChange>,
}

impl Decision {
    pub(super) fn new(action: Action, reason: Reason) -> Self {
        Self {
            action,
            reason: Some(reason),
            fields: Vec::new(),
        }
    }

    pub(super) fn nothing() -> Self {
        Self {
            action: Action::NoOp,
            reason: None,
            fields: Vec::new(),
        }
    }
}

impl Decider<'_> {
    /// Decides what happens to a resource that is wanted.
    pub(super) fn wanted(&mut self, wanted: &Wanted) -> Change {
        let recorded = self.recorded.current(&wanted.address).cloned();
        let observation = self.observed.get(&wanted.address);
        let seen = match observation {
            Some(Observation::Present(seen)) => Some(&**seen),
            Some(Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_))
            | None => None,
        };
        let spec = keep_ignored(
            keep_name(
                keep_power(&wanted.spec, recorded.as_deref()),
                recorded.as_deref(),
            ),
            recorded.as_deref(),
            seen,
            &wanted.lifecycle,
        );
        let spec = self.imported_name(wanted, spec, recorded.as_deref());
        let decision = match (&recorded, observation) {
            (_, Some(Observation::Unreadable(reason))) => {
                self.drift.push(Drift {
                    address: wanted.address.clone(),
                    kind: DriftKind::Unreadable(reason.clone()),
                    fields: Vec::new(),
                });
                Decision::new(Action::NoOp, Reason::Unreadable)
            }
            (None, Some(Observation::Present(seen)))
                if let Some(import) = self.transitions.import(&wanted.address) =>
            {
                self.import(wanted, &spec, seen, &import.id)
            }
            (None, Some(Observation::Present(seen))) if wanted.address.kind() != Kind::Image => {
                self.found_ours(wanted, &spec, seen)
            }
            (None, _) => Decision::new(Action::Create, Reason::New),
            (Some(object), observation) => self.standing(wanted, &spec, object, observation, seen),
        };
        let decision = Self::soften(wanted, recorded.is_some(), decision);
        let spec = settle_name(spec, &wanted.spec, decision.action);
        let fresh = match decision.action {
            Action::Create | Action::Replace(_) => true,
            Action::NoOp | Action::Update | Action::Delete | Action::Forget | Action::Adopt => {
                false
            }
        };
        self.decided.insert(
            wanted.address.clone(),
            Verdict {
                action: decision.action,
                fresh,
            },
        );
        if decision.action.destroys() && wanted.lifecycle.prevent_destroy {
            self.checks
                .push(refusal::protected(&wanted.address, wanted));
        }
        Change {
            address: wanted.address.clone(),
            previous_address: None,
            action: decision.action,
            reason: decision.reason,
            fields: decision.fields,
            desired: Some(spec),
            recorded,
            dependencies: wanted.dependencies.clone(),
            lifecycle: wanted.lifecycle.clone(),
        }
    }

    /// A resource that is wanted and recorded.
    fn standing(
        &mut self,
        wanted: &Wanted,
        spec: &Arc<Spec>,
        object: &Object,
        observation: Option<&Observation>,
        seen: Option<&Seen>,
    ) -> Decision {
        let drifted = self.note_drift(&wanted.address, object, observation);
        if let Some(machine) = wanted
            .address
            .machine()
            .filter(|_| wanted.address.lives_inside())
            && let Some(decision) = self.inside(&Address::Machine(machine.clone()), object)
        {
            return decision;
        }
        if observation.is_some_and(Observation::is_gone) && wanted.address.kind() != Kind::Image {
            return Decision::new(Action::Create, Reason::Missing);
        }
        if let Spec::Image(_) = &**spec {
            return self.image(&wanted.address, spec, object, seen);
        }
        if object.provider != spec.provider().unwrap_or(object.provider)
            && let Some(decision) = self.moved_provider(&wanted.address, object)
        {
            return decision;
        }
        if let Some(other) = seen.filter(|seen| seen.id != object.id) {
            return self.found_ours(wanted, spec, other);
        }
        let capabilities = self.capabilities(object.provider);
        // The common case costs one comparison: wanted as recorded, and nothing drifted.
        let found = if object.spec == *spec && !drifted {
            Difference::default()
        } else {
            diff::difference(spec, object, seen, capabilities, &wanted.lifecycle)
        };
        let decision = self.compare(wanted, object, found);
        match seen {
            Some(seen) if !seen.broken.is_empty() => mend(decision, seen),
            Some(_) | None => decision,
        }
    }

    /// What lives inside a machine dies with the machine's root.
    fn inside(&self, machine: &Address, object: &Object) -> Option<Decision> {
        let verdict = self.decided.get(machine)?;
        match verdict.action {
            Action::Replace(order) => Some(Decision::new(
                Action::Replace(order),
                Reason::Parent(machine.clone()),
            )),
            Action::Create => Some(Decision::new(Action::Create, Reason::Missing)),
            Action::NoOp | Action::Update | Action::Delete | Action::Forget | Action::Adopt => {
                let root = self.observed.seen(machine)?.incarnation.as_ref()?;
                let installed = object.incarnation.as_ref()?;
                (root != installed).then(|| Decision::new(Action::Create, Reason::NewRoot))
            }
        }
    }

    /// Another provider: refused for a volume and for a machine that has one, unless asked for.
    fn moved_provider(&mut self, address: &Address, object: &Object) -> Option<Decision> {
        let machine = address.machine().cloned().map(Address::Machine);
        let asked = machine
            .as_ref()
            .is_some_and(|m| self.options.replace.contains(m));
        match address.kind() {
            Kind::Volume if asked => Some(Decision {
                action: Action::Create,
                reason: Some(Reason::Retained),
                fields: Vec::new(),
            }),
            Kind::Volume => {
                let help = machine.map_or_else(String::new, |m| {
                    format!(
                        "move the content with `sindri migrate`, or pass `--replace {m}` to make a new \
                         volume and retain the old one"
                    )
                });
                self.checks.push(
                    Diagnostic::error(
                        Code::new("plan::provider-change"),
                        format!(
                            "`{address}` lives on {}, and its machine is to move to another provider",
                            object.provider
                        ),
                    )
                    .on(address.clone())
                    .help(help),
                );
                Some(Decision::nothing())
            }
            Kind::Network
            | Kind::Image
            | Kind::Gpu
            | Kind::Machine
            | Kind::Secret
            | Kind::Extension => None,
        }
    }

    /// Turns differences and the object's status into an action.
    fn compare(&mut self, wanted: &Wanted, object: &Object, found: Difference) -> Decision {
        let requested = self.options.replace.contains(&wanted.address);
        if !requested {
            for (field, reason) in &found.refused {
                self.checks
                    .push(refusal::refusal(&wanted.address, wanted, field, reason));
            }
        }
        let order = self.order(wanted, object);
        let mut fields = found.fields;
        if requested {
            fields.extend(found.refused.into_iter().map(|(field, _)| field));
        }
        let replaces = |reason| Decision {
            action: Action::Replace(order),
            reason: Some(reason),
            fields: Vec::new(),
        };
        let lives_inside = wanted.address.lives_inside();
        let behind = found.behind && !lives_inside;
        let upgrade = if fields.iter().any(|f| f.path == "content") {
            self.upgrade(wanted, object, requested)
        } else {
            None
        };
        if let Some(mut decision) = upgrade {
            if decision.action != Action::NoOp {
                decision.fields = fields;
            }
            return decision;
        }
        let mut decision = if requested && !lives_inside {
            replaces(Reason::Requested)
        } else if let Some(parent) = self.replaced_parent(wanted, object.provider) {
            replaces(Reason::Parent(parent))
        } else if let Some(field) = self.image_moved(wanted, object) {
            fields.push(field);
            replaces(Reason::ImageMoved)
        } else if let Some(forced) = fields
            .iter()
            .filter(|f| f.effect == Effectuation::ForcesReplacement)
            // The settings of a provider change along with it.
            .min_by_key(|f| f.path != "provider")
        {
            replaces(Reason::Forced {
                path: forced.path.clone(),
            })
        } else {
            match &object.status {
                Status::Tainted | Status::Deleting if lives_inside => {
                    Decision::new(Action::Update, Reason::Tainted)
                }
                // What a volume holds outlives a deletion that didn't end.
                Status::Tainted | Status::Deleting if wanted.address.kind() == Kind::Volume => {
                    Decision::new(Action::Adopt, Reason::TakenAgain)
                }
                Status::Tainted | Status::Deleting => replaces(Reason::Tainted),
                Status::Partial { .. } => Decision::new(Action::Update, Reason::Partial),
                Status::Retained => Decision::new(Action::Adopt, Reason::TakenAgain),
                Status::Ready if requested => Decision::new(Action::Update, Reason::Requested),
                Status::Ready if fields.is_empty() && behind => {
                    Decision::new(Action::Adopt, Reason::AlreadySo)
                }
                Status::Ready if fields.is_empty() => Decision::nothing(),
                Status::Ready if fields.iter().all(|f| f.path == "power") => {
                    Decision::new(Action::Update, Reason::Power)
                }
                Status::Ready => Decision::new(Action::Update, Reason::Changed),
            }
        };
        decision.fields = fields;
        decision
    }

    /// The network or volume that is made anew, and without which a machine can't stay.
    fn replaced_parent(&self, wanted: &Wanted, provider: ProviderKind) -> Option<Address> {
        if wanted.address.kind() != Kind::Machine {
            return None;
        }
        let remounts = self
            .capabilities(provider)
            .is_some_and(|c| c.in_place.contains(&"mounts"));
        wanted
            .dependencies
            .iter()
            .filter(|on| match on.kind() {
                Kind::Network => true,
                Kind::Volume => !remounts,
                Kind::Image | Kind::Gpu | Kind::Machine | Kind::Secret | Kind::Extension => false,
            })
            .find(|on| {
                // A new volume of a standing machine is a new mount, which has a field of its own.
                self.recorded.current(on).is_some()
                    && self.decided.get(on).is_some_and(|verdict| verdict.fresh)
            })
            .cloned()
    }

    /// A secret whose value isn't known here is decided at apply.
    fn soften(wanted: &Wanted, recorded: bool, decision: Decision) -> Decision {
        let Spec::Secret(secret) = &*wanted.spec else {
            return decision;
        };
        if secret.fingerprint.is_some() {
            return decision;
        }
        let unknown = FieldChange {
            path: "fingerprint".to_owned(),
            before: None,
            after: After::Unknown,
            effect: Effectuation::InPlace,
        };
        if !secret.required {
            return Decision::nothing();
        }
        match decision.action {
            Action::NoOp | Action::Update if recorded => Decision {
                action: Action::Update,
                reason: Some(Reason::UnknownValue),
                fields: vec![unknown],
            },
            Action::NoOp
            | Action::Create
            | Action::Update
            | Action::Replace(_)
            | Action::Delete
            | Action::Forget
            | Action::Adopt => decision,
        }
    }

    /// Records what happened behind our back, and tells whether anything did.
    pub(super) fn note_drift(
        &mut self,
        address: &Address,
        object: &Object,
        observation: Option<&Observation>,
    ) -> bool {
        let drift = match observation {
            None => return false,
            Some(Observation::Unreadable(reason)) => Drift {
                address: address.clone(),
                kind: DriftKind::Unreadable(reason.clone()),
                fields: Vec::new(),
            },
            // A pin is a decision: it outlives the image it was made from, and nobody can edit it.
            Some(Observation::Absent | Observation::Ended(_) | Observation::Present(_))
                if address.kind().is_pin() =>
            {
                return false;
            }
            Some(Observation::Absent) => Drift {
                address: address.clone(),
                kind: DriftKind::Missing,
                fields: Vec::new(),
            },
            Some(Observation::Ended(at)) => Drift {
                address: address.clone(),
                kind: DriftKind::Ended(*at),
                fields: Vec::new(),
            },
            Some(Observation::Present(seen)) => {
                let fields = diff::drifted(object, seen);
                let exchanged = seen.id != object.id;
                if fields.is_empty() && !exchanged && seen.broken.is_empty() {
                    return false;
                }
                Drift {
                    address: address.clone(),
                    kind: if exchanged {
                        DriftKind::Exchanged
                    } else if !seen.broken.is_empty() {
                        DriftKind::Broken(seen.broken.clone())
                    } else {
                        DriftKind::Changed
                    },
                    fields,
                }
            }
        };
        self.drift.push(drift);
        true
    }

    pub(super) fn capabilities(&self, provider: ProviderKind) -> Option<&Capabilities> {
        self.facts.capabilities.get(&provider)
    }

    /// The new object comes first only where nothing it stands on is destroyed first: that would
    /// wait for the old object to go, and the old object for the new one to come.
    fn order(&self, wanted: &Wanted, object: &Object) -> Order {
        let able = self
            .capabilities(object.provider)
            .is_some_and(|c| c.create_before_destroy);
        let mut stands_on = wanted.dependencies.iter().chain(&object.dependencies);
        let falls = |on: &Address| {
            self.decided
                .get(on)
                .is_some_and(|verdict| verdict.action == Action::Replace(Order::DestroyFirst))
        };
        if able && wanted.lifecycle.create_before_destroy && !stands_on.any(falls) {
            Order::CreateFirst
        } else {
            Order::DestroyFirst
        }
    }
}

/// What doesn't work any more is brought anew, unless all of it is anyway; what is only there in a newer
/// version that mustn't come by itself stays broken.
fn mend(decision: Decision, seen: &Seen) -> Decision {
    if let Some(Reason::ByHand | Reason::NeverUpgraded) = decision.reason {
        return decision;
    }
    match decision.action {
        Action::NoOp | Action::Update => {
            let tools = seen.broken.iter().map(|part| part.part.clone());
            Decision {
                action: Action::Update,
                reason: Some(Reason::Broken {
                    tools: tools.collect(),
                }),
                fields: decision.fields,
            }
        }
        Action::Create | Action::Replace(_) | Action::Delete | Action::Forget | Action::Adopt => {
            decision
        }
    }
}

/// The specification with the power that was commanded (`sindri stop`): a machine that a person stopped
/// stays so, and how one runs otherwise is for its settings to say.
pub fn keep_power(spec: &Arc<Spec>, recorded: Option<&Object>) -> Arc<Spec> {
    match (&**spec, recorded.map(|object| &*object.spec)) {
        (Spec::Machine(wanted), Some(Spec::Machine(was))) if was.power == Power::Stopped => {
            Arc::new(Spec::Machine(Box::new(MachineSpec {
                power: Power::Stopped,
                ..(**wanted).clone()
            })))
        }
        _ => Arc::clone(spec),
    }
}
