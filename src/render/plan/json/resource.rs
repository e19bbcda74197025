//! One resource in Terraform's plan format: who it is, and its change.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::document::seconds;
use super::values::{Side, segments};
use crate::address::{Address, Kind, Name};
use crate::plan::{Action, Change, Drift, DriftKind, Effectuation, Order, Plan, Reason};
use crate::render::plan::words;
use crate::resource::{ProviderKind, Spec};

/// Which provider each machine lives on; what lives inside of it lives there too.
pub(super) struct Providers<'a>(HashMap<&'a Name, ProviderKind>);

impl<'a> Providers<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let machines = plan.changes.iter().filter_map(|change| {
            let provider = own_provider(change)?;
            let name = change.address.machine()?;
            Some((name, provider))
        });
        Self(machines.collect())
    }

    fn name(&self, address: &Address, own: Option<ProviderKind>) -> String {
        let of_machine = || self.0.get(address.machine()?).copied();
        let provider = own.or_else(of_machine);
        let word = provider.map_or("none", ProviderKind::as_str);
        format!("sindri.dev/sindri/{word}")
    }
}

fn own_provider(change: &Change) -> Option<ProviderKind> {
    let of_spec = |spec: &Spec| spec.provider();
    let recorded = change.recorded.as_ref().map(|object| object.provider);
    change.desired.as_deref().and_then(of_spec).or(recorded)
}

/// Who a resource is.
///
/// The address is ours, since people type it back. Readers match resources by it and don't take
/// it apart; type, name and index stand beside it, the index being the volume, secret or
/// extension of the machine that is the name.
pub(super) fn identity(
    address: &Address,
    own: Option<ProviderKind>,
    providers: &Providers<'_>,
) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |key: &str, value: Value| members.insert(key.to_owned(), value);
    put("address", json!(address));
    put("mode", json!("managed"));
    put("type", json!(type_of(address.kind())));
    put("name", json!(name_of(address)));
    match address {
        Address::Network(_) | Address::Image(_) | Address::Gpu(_) | Address::Machine(_) => {}
        Address::Volume(_, leaf) | Address::Secret(_, leaf) | Address::Extension(_, leaf) => {
            put("index", json!(leaf));
        }
    }
    put("provider_name", json!(providers.name(address, own)));
    members
}

pub(super) fn type_of(kind: Kind) -> String {
    format!("sindri_{}", kind.as_str())
}

pub(super) fn name_of(address: &Address) -> &Name {
    address.machine().unwrap_or_else(|| address.leaf())
}

/// An entry of `resource_changes`.
pub(super) fn change(change: &Change, providers: &Providers<'_>) -> Value {
    let mut members = identity(&change.address, own_provider(change), providers);
    let (before, after) = sides(change);
    let mut inner = Map::new();
    inner.insert("actions".to_owned(), json!(actions(change)));
    side(&mut inner, "before", before);
    if let Some(after) = &after {
        inner.insert("after_unknown".to_owned(), json!(after.unknown));
    } else {
        inner.insert("after_unknown".to_owned(), json!({}));
    }
    side(&mut inner, "after", after);
    let forcing: Vec<Vec<&str>> = change
        .fields
        .iter()
        .filter(|field| field.effect == Effectuation::ForcesReplacement)
        .map(|field| segments(&field.path))
        .collect();
    if !forcing.is_empty() {
        inner.insert("replace_paths".to_owned(), json!(forcing));
    }
    if let Some(Reason::Imported { id }) = &change.reason {
        inner.insert("importing".to_owned(), json!({ "id": id }));
    } else if let (Action::Adopt, Some(object)) = (change.action, &change.recorded) {
        inner.insert("importing".to_owned(), json!({"id": object.id}));
    }
    if let Some(from) = &change.previous_address {
        members.insert("previous_address".to_owned(), json!(from));
    }
    members.insert("change".to_owned(), Value::Object(inner));
    if let Some(reason) = action_reason(change) {
        members.insert("action_reason".to_owned(), json!(reason));
    }
    Value::Object(members)
}

/// Writes `before` and `before_sensitive`, or their `after` twins.
fn side(members: &mut Map<String, Value>, name: &str, side: Option<Side>) {
    let (values, marks) = side.map_or((Value::Null, Value::Bool(false)), |side| {
        (Value::Object(side.values), Value::Object(side.sensitive))
    });
    members.insert(name.to_owned(), values);
    members.insert(format!("{name}_sensitive"), marks);
}

/// What stands before a change and after it; `None` where nothing does.
fn sides(change: &Change) -> (Option<Side>, Option<Side>) {
    let stands_before = change.action != Action::Create;
    let before = change
        .recorded
        .as_ref()
        .filter(|_| stands_before)
        .map(|object| {
            let mut side = Side::before(object.spec.attributes(), &change.fields);
            side.set("id", json!(object.id));
            side
        });
    let after = match change.action {
        Action::Delete | Action::Forget => None,
        Action::NoOp | Action::Create | Action::Update | Action::Replace(_) | Action::Adopt => {
            after(change)
        }
    };
    (before, after)
}

fn after(change: &Change) -> Option<Side> {
    let spec = change
        .desired
        .as_ref()
        .or_else(|| change.recorded.as_ref().map(|object| &object.spec))?;
    let mut side = Side::after(spec.attributes(), &change.fields);
    let anew = matches!(change.action, Action::Create | Action::Replace(_));
    match &change.recorded {
        Some(object) if !anew => side.set("id", json!(object.id)),
        _ => side.set_unknown(words::known_after(change).unwrap_or("id")),
    }
    Some(side)
}

fn actions(change: &Change) -> &'static [&'static str] {
    // An adoption is an import; alone it changes nothing.
    if change.action == Action::Adopt && change.fields.is_empty() {
        return &["no-op"];
    }
    match change.action {
        Action::Create => &["create"],
        Action::NoOp => &["no-op"],
        Action::Update | Action::Adopt => &["update"],
        Action::Replace(Order::DestroyFirst) => &["delete", "create"],
        Action::Replace(Order::CreateFirst) => &["create", "delete"],
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
    }
}

/// Terraform's word for the reason, where it has one.
fn action_reason(change: &Change) -> Option<&'static str> {
    match change.reason.as_ref()? {
        Reason::Forced { .. } | Reason::Reinstalled => Some("replace_because_cannot_update"),
        Reason::Tainted => Some("replace_because_tainted"),
        Reason::Requested => Some("replace_by_request"),
        Reason::Parent(_) | Reason::NewRoot | Reason::ImageMoved
            if matches!(change.action, Action::Replace(_)) =>
        {
            Some("replace_by_triggers")
        }
        Reason::NotWanted if change.action == Action::Delete => {
            Some("delete_because_no_resource_config")
        }
        Reason::New
        | Reason::Missing
        | Reason::Changed
        | Reason::Partial
        | Reason::Broken { .. }
        | Reason::Parent(_)
        | Reason::NewRoot
        | Reason::ImageMoved
        | Reason::NotWanted
        | Reason::Destroyed
        | Reason::UnknownValue
        | Reason::Retained
        | Reason::TakenAgain
        | Reason::AlreadySo
        | Reason::LetGo
        | Reason::Imported { .. }
        | Reason::FoundOurs
        | Reason::ByHand
        | Reason::NeverUpgraded
        | Reason::Power
        | Reason::Unreadable => None,
    }
}

/// An entry of `planned_values`; `None` for what won't be there.
pub(super) fn planned(change: &Change, providers: &Providers<'_>) -> Option<Value> {
    let (_, after) = sides(change);
    after.map(|side| standing(change, side, providers))
}

/// An entry of `prior_state`; `None` for what isn't recorded.
pub(super) fn prior(change: &Change, providers: &Providers<'_>) -> Option<Value> {
    let object = change.recorded.as_ref()?;
    let mut side = Side::of(object.spec.attributes());
    for (path, value) in &object.attributes.0 {
        side.set(path, value.clone());
    }
    side.set("id", json!(object.id));
    let mut value = standing(change, side, providers);
    if !object.dependencies.is_empty() {
        value["depends_on"] = json!(object.dependencies);
    }
    Some(value)
}

fn standing(change: &Change, side: Side, providers: &Providers<'_>) -> Value {
    let mut members = identity(&change.address, own_provider(change), providers);
    members.insert("schema_version".to_owned(), json!(Spec::SCHEMA));
    members.insert("values".to_owned(), Value::Object(side.values));
    members.insert("sensitive_values".to_owned(), Value::Object(side.sensitive));
    Value::Object(members)
}

/// An entry of `resource_drift`.
pub(super) fn drift(drift: &Drift, providers: &Providers<'_>) -> Value {
    let mut members = identity(&drift.address, None, providers);
    let is_gone = drift.kind.is_gone();
    let before = Side::before(crate::resource::Attributes::default(), &drift.fields);
    let after = Side::after(crate::resource::Attributes::default(), &drift.fields);
    let mut inner = Map::new();
    inner.insert(
        "actions".to_owned(),
        json!(if is_gone { ["delete"] } else { ["update"] }),
    );
    inner.insert("after_unknown".to_owned(), json!({}));
    side(&mut inner, "before", Some(before));
    side(&mut inner, "after", (!is_gone).then_some(after));
    members.insert("change".to_owned(), Value::Object(inner));
    if let DriftKind::Ended(at) = drift.kind {
        members.insert("ended".to_owned(), json!(seconds(at)));
    }
    Value::Object(members)
}
