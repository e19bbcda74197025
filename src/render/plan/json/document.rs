//! The whole document, written member by member so that a large plan needs little memory.

use std::io;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::resource::{self, Providers};
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::{Change, Plan};
use crate::render::diagnostic::message;
use crate::render::drift::unreadable;
use crate::render::edit::EditMeta;
use crate::render::plan::words;

/// What a plan's document says about the one that made it.
#[derive(Clone, Copy, Debug)]
pub struct PlanMeta<'a> {
    /// When.
    pub timestamp: Timestamp,
    /// The version of Terraform whose format this is; readers insist on one.
    pub terraform_version: &'a str,
    /// Our version.
    pub sindri_version: &'a str,
    /// Who signed the saved plan, in words.
    pub signer: Option<&'a str>,
    /// The edit of the configuration that the plan was made from, where it isn't written yet.
    pub edit: Option<&'a EditMeta<'a>>,
}

/// A plan as one line of JSON, without a line end.
pub fn plan_json(plan: &Plan, meta: &PlanMeta<'_>) -> String {
    let mut out = Vec::new();
    let written = write_plan_json(plan, meta, &mut out);
    debug_assert!(written.is_ok(), "a vector takes any bytes: {written:?}");
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a plan as one line of JSON in Terraform's plan format 1.2, without a line end.
///
/// Secret values aren't in a plan; their fingerprints are left out and marked in
/// `before_sensitive` and `after_sensitive`. What Terraform's format has no room for stands under
/// `sindri`: lineage, serial, totals, an action and reason for each address, what couldn't be
/// read, edges, diagnostics.
pub fn write_plan_json(
    plan: &Plan,
    meta: &PlanMeta<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let providers = Providers::of(plan);
    let changes = plan.changes.iter();
    let planned = Each(
        changes
            .clone()
            .filter_map(|c| resource::planned(c, &providers)),
    );
    let prior = Each(
        changes
            .clone()
            .filter_map(|c| resource::prior(c, &providers)),
    );
    let drift = plan
        .drift
        .iter()
        .filter(|drift| unreadable(drift).is_none());
    let version = meta.terraform_version;
    let mut members = Members::open(out)?;
    members.put("format_version", &"1.2")?;
    members.put("terraform_version", &version)?;
    members.put("variables", &json!({}))?;
    members.nest("planned_values", |m| {
        m.nest("root_module", |m| m.put("resources", &planned))
    })?;
    members.put(
        "resource_drift",
        &Each(drift.map(|d| resource::drift(d, &providers))),
    )?;
    members.put(
        "resource_changes",
        &Each(changes.clone().map(|c| resource::change(c, &providers))),
    )?;
    members.nest("prior_state", |m| {
        m.put("format_version", &"1.0")?;
        m.put("terraform_version", &version)?;
        m.nest("values", |m| {
            m.nest("root_module", |m| m.put("resources", &prior))
        })
    })?;
    members.nest("configuration", |m| {
        m.put(
            "provider_config",
            &json!({"sindri": {"name": "sindri", "full_name": "sindri.dev/sindri/sindri"}}),
        )?;
        let wanted = changes.clone().filter(|change| change.desired.is_some());
        m.nest("root_module", |m| {
            m.put("resources", &Each(wanted.map(configured)))
        })
    })?;
    members.put("checks", &Each(plan.checks.iter().map(check)))?;
    members.put("timestamp", &seconds(meta.timestamp))?;
    members.put("applyable", &(!plan.is_empty() && !plan.is_errored()))?;
    members.put("complete", &plan.header.is_of_all())?;
    members.put("errored", &plan.is_errored())?;
    members.nest("sindri", |m| ours(m, plan, meta))?;
    members.close()
}

/// A time as Terraform writes it: UTC, whole seconds.
pub(in crate::render) fn seconds(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn configured(change: &Change) -> Value {
    let address = &change.address;
    json!({
        "address": address,
        "mode": "managed",
        "type": resource::type_of(address.kind()),
        "name": resource::name_of(address),
        "provider_config_key": "sindri",
        "expressions": {},
        "schema_version": crate::resource::Spec::SCHEMA,
        "depends_on": change.dependencies,
    })
}

fn check(diagnostic: &Diagnostic) -> Value {
    let status = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "fail",
        Severity::Advice => "pass",
    };
    let code = diagnostic.code.as_str();
    let on = diagnostic
        .address
        .as_ref()
        .map_or_else(|| format!("check.{code}"), ToString::to_string);
    json!({
        "address": {"kind": "check", "name": code, "to_display": format!("check.{code}")},
        "status": status,
        "instances": [{
            "address": {"to_display": on},
            "status": status,
            "problems": [{"message": message(diagnostic)}],
        }],
    })
}

/// What Terraform's format has no room for.
fn ours(members: &mut Members<'_>, plan: &Plan, meta: &PlanMeta<'_>) -> io::Result<()> {
    let totals = plan.totals();
    members.put("version", &meta.sindri_version)?;
    if let Some(signer) = meta.signer {
        members.put("signed_by", &signer)?;
    }
    if let Some(edit) = meta.edit {
        members.put("edit", &edit.json())?;
    }
    members.put("project", &plan.header.project)?;
    members.put("lineage", &plan.header.lineage)?;
    members.put("serial", &plan.header.serial)?;
    members.put("destroy", &plan.header.destroy)?;
    members.put("targets", &plan.header.targets)?;
    members.put("totals", &totals_json(totals))?;
    members.put("reasons", &Each(plan.changes.iter().filter_map(why)))?;
    let unreadable = plan.drift.iter().filter_map(|drift| {
        let why = unreadable(drift)?;
        Some(json!({"address": drift.address, "reason": why}))
    });
    members.put("unreadable", &Each(unreadable))?;
    let edges = plan.changes.iter().flat_map(|change| {
        let from = &change.address;
        change.dependencies.iter().map(move |to| [from, to])
    });
    members.put("edges", &Each(edges))?;
    if !plan.outlooks.is_empty() {
        members.put("extensions", &plan.outlooks)?;
    }
    if let Some(lock) = &plan.lock {
        members.put("lock", lock)?;
    }
    members.put("diagnostics", &plan.checks)
}

/// A plan's totals as an object.
pub(in crate::render) fn totals_json(totals: crate::plan::Totals) -> Value {
    json!({
        "add": totals.add,
        "change": totals.change,
        "destroy": totals.destroy,
        "import": totals.import,
        "adopt": totals.adopt,
        "forget": totals.forget,
    })
}

fn why(change: &Change) -> Option<Value> {
    let reason = change.reason.as_ref()?;
    Some(json!({
        "address": change.address,
        "action": words::action_word(change.action),
        "reason": words::reason_word(reason),
        "text": words::reason(change),
    }))
}

/// A sequence made while it is written.
pub(in crate::render) struct Each<I>(pub(in crate::render) I);

impl<I, T> Serialize for Each<I>
where
    I: Iterator<Item = T> + Clone,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// An object written member by member.
pub(in crate::render) struct Members<'w> {
    out: &'w mut dyn io::Write,
    is_first: bool,
}

impl<'w> Members<'w> {
    pub(in crate::render) fn open(out: &'w mut dyn io::Write) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self {
            out,
            is_first: true,
        })
    }

    pub(in crate::render) fn put(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.name(name)?;
        serde_json::to_writer(&mut *self.out, value)?;
        Ok(())
    }

    pub(in crate::render) fn nest(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut Members<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.name(name)?;
        let mut inner = Members::open(&mut *self.out)?;
        fill(&mut inner)?;
        inner.close()
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *self.out, name)?;
        self.out.write_all(b":")
    }

    pub(in crate::render) fn close(self) -> io::Result<()> {
        self.out.write_all(b"}")
    }
}
