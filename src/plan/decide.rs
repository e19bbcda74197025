//! Deciding: what happens at one address, given what happens at those it depends on.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::diff::{self, Difference};
use super::{
    Action, After, Capabilities, Change, Drift, DriftKind, Effectuation, Facts, FieldChange,
    Observation, Observed, Options, Order, Reason, Seen,
};
use crate::address::{Address, Kind};
use crate::desired::Wanted;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{MachineSpec, ProviderKind, Spec};
use crate::state::{Object, State, Status};

/// Decides addresses one after the other, dependencies first.
pub(super) struct Decider<'a> {
    pub(super) recorded: &'a State,
    pub(super) observed: &'a Observed,
    pub(super) facts: &'a Facts,
    pub(super) options: &'a Options,
    /// What was decided, by address.
    pub(super) decided: HashMap<Address, Verdict>,
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
struct Decision {
    action: Action,
    reason: Option<Reason>,
    fields: Vec<FieldChange>,
}

impl Decision {
    fn new(action: Action, reason: Reason) -> Self {
        Self {
            action,
            reason: Some(reason),
            fields: Vec::new(),
        }
    }

    fn nothing() -> Self {
        Self {
            action: Action::NoOp,
            reason: None,
            fields: Vec::new(),
        }
    }
}

/// Whether the configuration now asks for just what was changed behind our back: nothing is left to
/// change, but only a record ends the drift.
fn follows(spec: &Spec, object: &Object, seen: &Seen) -> bool {
    let wanted = spec.attributes();
    let drifted = diff::drifted(object, seen);
    !drifted.is_empty()
        && drifted.iter().all(|field| match &field.after {
            After::Known(value) => wanted.get(&field.path) == Some(value),
            After::Unset => wanted.get(&field.path).is_none(),
            After::Unknown => false,
        })
}

impl Decider<'_> {
    /// Decides what happens to a resource that is wanted.
    pub(super) fn wanted(&mut self, wanted: &Wanted) -> Change {
        let recorded = self.recorded.current(&wanted.address).cloned();
        let spec = keep_power(&wanted.spec, recorded.as_deref());
        let observation = self.observed.get(&wanted.address);
        let decision = match (&recorded, observation) {
            (_, Some(Observation::Unreadable(reason))) => {
                self.drift.push(Drift {
                    address: wanted.address.clone(),
                    kind: DriftKind::Unreadable(reason.clone()),
                    fields: Vec::new(),
                });
                Decision::new(Action::NoOp, Reason::Unreadable)
            }
            (None, Some(Observation::Present(_))) if wanted.address.kind() != Kind::Image => {
                Decision::new(Action::Adopt, Reason::FoundOurs)
            }
            (None, _) => Decision::new(Action::Create, Reason::New),
            (Some(object), observation) => self.standing(wanted, &spec, object, observation),
        };
        let decision = Self::soften(wanted, recorded.is_some(), decision);
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
            self.checks.push(protected(&wanted.address, wanted));
        }
        Change {
            address: wanted.address.clone(),
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
        spec: &Spec,
        object: &Object,
        observation: Option<&Observation>,
    ) -> Decision {
        let seen = match observation {
            Some(Observation::Present(seen)) => Some(&**seen),
            Some(Observation::Absent | Observation::Unreadable(_)) | None => None,
        };
        self.note_drift(&wanted.address, object, observation);
        if let Some(machine) = wanted
            .address
            .machine()
            .filter(|_| wanted.address.lives_inside())
            && let Some(decision) = self.inside(&Address::Machine(machine.clone()), object)
        {
            return decision;
        }
        if matches!(observation, Some(Observation::Absent)) && wanted.address.kind() != Kind::Image
        {
            return Decision::new(Action::Create, Reason::Missing);
        }
        if let Spec::Image(_) = spec {
            return self.image(&wanted.address, spec, object, seen);
        }
        if object.provider != spec.provider().unwrap_or(object.provider)
            && let Some(decision) = self.moved_provider(&wanted.address, object)
        {
            return decision;
        }
        if seen.is_some_and(|seen| seen.id != object.id) {
            return Decision::new(Action::Adopt, Reason::FoundOurs);
        }
        let capabilities = self.capabilities(object.provider);
        let found = diff::difference(spec, object, seen, capabilities, &wanted.lifecycle);
        let decision = self.compare(wanted, object, found);
        if decision.action == Action::NoOp && seen.is_some_and(|seen| follows(spec, object, seen)) {
            return Decision::new(Action::Adopt, Reason::FoundOurs);
        }
        decision
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

    /// An image pin is satisfied by its record; it moves when its reference does, or when the
    /// reference points to another image now.
    fn image(
        &self,
        address: &Address,
        spec: &Spec,
        object: &Object,
        seen: Option<&Seen>,
    ) -> Decision {
        let pinned = object.attributes.get("imageId");
        let field = |path: &str, before: Option<&Value>, after| FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after,
            effect: Effectuation::InPlace,
        };
        let (was, will) = (object.spec.attributes(), spec.attributes());
        if was.get("reference") != will.get("reference") {
            let after = will
                .get("reference")
                .cloned()
                .map_or(After::Unset, After::Known);
            return Decision {
                action: Action::Update,
                reason: Some(Reason::Changed),
                fields: vec![
                    field("imageId", pinned, After::Unknown),
                    field("reference", was.get("reference"), after),
                ],
            };
        }
        if self.options.replace.contains(address) {
            return Decision {
                action: Action::Update,
                reason: Some(Reason::Requested),
                fields: vec![field("imageId", pinned, After::Unknown)],
            };
        }
        match seen.and_then(|seen| seen.outputs.get("imageId")) {
            Some(now) if pinned.is_some_and(|pinned| pinned != now) => Decision {
                action: Action::Update,
                reason: Some(Reason::ImageMoved),
                fields: vec![field("imageId", pinned, After::Known(now.clone()))],
            },
            _ => Decision::nothing(),
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
                    .push(refusal(&wanted.address, wanted, field, reason));
            }
        }
        let order = self.order(wanted, object.provider);
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
        let mut decision = if requested && !lives_inside {
            replaces(Reason::Requested)
        } else if let Some(parent) = self.replaced_parent(wanted, object.provider) {
            replaces(Reason::Parent(parent))
        } else if let Some(field) = self.image_moved(wanted, object) {
            fields.push(field);
            replaces(Reason::ImageMoved)
        } else if let Some(forced) = fields
            .iter()
            .find(|f| f.effect == Effectuation::ForcesReplacement)
        {
            replaces(Reason::Forced {
                path: forced.path.clone(),
            })
        } else {
            match &object.status {
                Status::Tainted | Status::Deleting if lives_inside => {
                    Decision::new(Action::Update, Reason::Tainted)
                }
                Status::Tainted | Status::Deleting => replaces(Reason::Tainted),
                Status::Partial { .. } => Decision::new(Action::Update, Reason::Partial),
                Status::Retained => Decision::new(Action::Adopt, Reason::TakenAgain),
                Status::Ready if requested => Decision::new(Action::Update, Reason::Requested),
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

    /// Whether a machine runs another image than its pin says.
    fn image_moved(&self, wanted: &Wanted, object: &Object) -> Option<FieldChange> {
        let Address::Machine(name) = &wanted.address else {
            return None;
        };
        let runs = object.attributes.get("imageId")?;
        let pin = Address::Image(name.clone());
        let after = match self.decided.get(&pin)?.action {
            Action::Update | Action::Create | Action::Replace(_) => {
                match self
                    .observed
                    .seen(&pin)
                    .and_then(|s| s.outputs.get("imageId"))
                {
                    Some(now) if !self.options.replace.contains(&pin) => After::Known(now.clone()),
                    _ => After::Unknown,
                }
            }
            Action::NoOp | Action::Delete | Action::Forget | Action::Adopt => {
                let pinned = self.recorded.current(&pin)?.attributes.get("imageId")?;
                After::Known(pinned.clone())
            }
        };
        (after != After::Known(runs.clone())).then(|| FieldChange {
            path: "imageId".to_owned(),
            before: Some(runs.clone()),
            after,
            effect: Effectuation::ForcesReplacement,
        })
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

    /// Records what happened behind our back.
    pub(super) fn note_drift(
        &mut self,
        address: &Address,
        object: &Object,
        observation: Option<&Observation>,
    ) {
        let drift = match observation {
            None => return,
            Some(Observation::Unreadable(reason)) => Drift {
                address: address.clone(),
                kind: DriftKind::Unreadable(reason.clone()),
                fields: Vec::new(),
            },
            // A pin outlives the image it was made from.
            Some(Observation::Absent) if address.kind().is_pin() => return,
            Some(Observation::Absent) => Drift {
                address: address.clone(),
                kind: DriftKind::Missing,
                fields: Vec::new(),
            },
            Some(Observation::Present(seen)) => {
                let fields = diff::drifted(object, seen);
                let exchanged = !address.kind().is_pin() && seen.id != object.id;
                if fields.is_empty() && !exchanged {
                    return;
                }
                Drift {
                    address: address.clone(),
                    kind: if exchanged {
                        DriftKind::Exchanged
                    } else {
                        DriftKind::Changed
                    },
                    fields,
                }
            }
        };
        self.drift.push(drift);
    }

    fn capabilities(&self, provider: ProviderKind) -> Option<&Capabilities> {
        self.facts.capabilities.get(&provider)
    }

    fn order(&self, wanted: &Wanted, provider: ProviderKind) -> Order {
        let able = self
            .capabilities(provider)
            .is_some_and(|c| c.create_before_destroy);
        if able && wanted.lifecycle.create_before_destroy {
            Order::CreateFirst
        } else {
            Order::DestroyFirst
        }
    }
}

/// Power isn't configured but commanded (`sindri stop`): what is recorded stays wanted.
fn keep_power(spec: &Arc<Spec>, recorded: Option<&Object>) -> Arc<Spec> {
    match (&**spec, recorded.map(|object| &*object.spec)) {
        (Spec::Machine(wanted), Some(Spec::Machine(was))) if wanted.power != was.power => {
            Arc::new(Spec::Machine(Box::new(MachineSpec {
                power: was.power,
                ..(**wanted).clone()
            })))
        }
        _ => Arc::clone(spec),
    }
}

fn protected(address: &Address, wanted: &Wanted) -> Diagnostic {
    let mut found = Diagnostic::error(
        Code::new("plan::prevent-destroy"),
        format!("`{address}` is protected, and this plan would destroy it"),
    )
    .on(address.clone())
    .help("take `preventDestroy` off in its `lifecycle`, or leave it out with `--exclude`");
    found.place.clone_from(&wanted.place);
    found
}

fn refusal(address: &Address, wanted: &Wanted, field: &FieldChange, reason: &str) -> Diagnostic {
    let show = |value: Option<&Value>| {
        value.map_or_else(
            || "unset".to_owned(),
            |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned),
        )
    };
    let after = match &field.after {
        After::Known(value) => show(Some(value)),
        After::Unknown => "a value known after apply".to_owned(),
        After::Unset => "unset".to_owned(),
    };
    let mut found = Diagnostic::error(
        Code::new("plan::refused"),
        format!(
            "`{}` of `{address}` can't change from {} to {after}",
            field.path,
            show(field.before.as_ref())
        ),
    )
    .because(reason)
    .on(address.clone())
    .help(format!(
        "put the old value back, or pass `--replace {address}` to make it anew and lose its content"
    ));
    found.place.clone_from(&wanted.place);
    found
}
