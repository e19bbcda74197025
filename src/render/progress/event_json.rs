//! Events as lines of JSON, under Terraform's names where they fit.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::words;
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::{Event, Summary, Tool};
use crate::plan::{Change, Plan};
use crate::render::diagnostic::{message, tally};
use crate::render::drift::unreadable;
use crate::render::edit::EditMeta;
use crate::render::plan::{totals_json, words as plan_words};
use crate::render::text::{count, duration};
use crate::state::StepKind;

/// The version of these events' shape, as Terraform counts it.
const UI: &str = "1.2";

/// An event as one or more lines of JSON, each with its line end.
///
/// Every line has `@level`, `@message`, `@module`, `@timestamp` and `type`. Terraform's types are
/// used where they say the same; `apply_skipped`, `apply_recovered`, `apply_noted`, `waiting`, `interrupted` and
/// `lock_written` are ours. A failure gives `apply_errored` and a `diagnostic` for each finding; the end gives
/// `change_summary`.
pub fn event_json(event: &Event, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    match event {
        Event::Waiting(diagnostic) => {
            let members = json!({"diagnostic": shown(diagnostic)});
            log.line(
                "info",
                &format!("Waiting: {}", message(diagnostic)),
                "waiting",
                members,
            );
        }
        Event::Recovered { address, text } => {
            let members = json!({"hook": {"resource": resource(address), "outcome": text}});
            log.line(
                "info",
                &format!("{address}: {text}"),
                "apply_recovered",
                members,
            );
        }
        Event::Noted { address, text } => {
            let members = json!({"hook": {"resource": resource(address), "text": text}});
            log.line(
                "info",
                &format!("{address}: {text}"),
                "apply_noted",
                members,
            );
        }
        Event::Warned(diagnostic) => log.diagnostic(diagnostic),
        Event::Refreshing { resources } => {
            let text = format!("Refreshing {}", count(*resources, "resource"));
            log.line(
                "info",
                &text,
                "refresh_start",
                json!({"hook": {"resources": resources}}),
            );
        }
        Event::Refreshed { elapsed } => {
            let text = format!("Refreshed after {}", duration(*elapsed));
            let hook = json!({"hook": {"elapsed_seconds": elapsed.as_secs()}});
            log.line("info", &text, "refresh_complete", hook);
        }
        Event::Ended(summary) => ended(&mut log, summary),
        Event::Relocked { file, removed } => {
            let what = if *removed { "removed" } else { "written" };
            let members = json!({"file": file, "removed": removed});
            log.line("info", &format!("{file} {what}"), "lock_written", members);
        }
        Event::Interrupted { at_once } => {
            let text = if *at_once {
                "Interrupted: stopped at once"
            } else {
                "Interrupted: nothing new starts, what runs is finished"
            };
            log.line("warn", text, "interrupted", json!({ "at_once": at_once }));
        }
        Event::Started { .. }
        | Event::Progress { .. }
        | Event::Output { .. }
        | Event::Finished { .. }
        | Event::Failed { .. }
        | Event::Skipped { .. } => step(&mut log, event),
    }
    log.text
}

/// The events of one resource's step.
fn step(log: &mut Log, event: &Event) {
    match event {
        Event::Started { address, step, id } => {
            let text = format!("{address}: {}...", words::running(*step));
            let hook = hook(address, Some(*step), json!({"id_value": id}));
            log.line("info", &text, "apply_start", hook);
        }
        Event::Progress {
            address,
            text,
            share,
        } => {
            let (done, total) = share.map_or((None, None), |(d, t)| (Some(d), Some(t)));
            let more = json!({"text": text, "done": done, "total": total});
            log.line(
                "info",
                &format!("{address}: {text}"),
                "apply_progress",
                hook(address, None, more),
            );
        }
        Event::Output { address, line } => {
            let more = json!({"provisioner": "install", "output": line});
            let hook = hook(address, None, more);
            log.line(
                "info",
                &format!("{address}: {line}"),
                "provision_progress",
                hook,
            );
        }
        Event::Finished {
            address,
            step,
            id,
            elapsed,
            note,
            tools,
        } => {
            let text = format!(
                "{address}: {} complete after {}",
                words::noun(*step),
                duration(*elapsed)
            );
            let tools = (!tools.is_empty()).then_some(tools);
            let more = json!({
                "id_value": id,
                "elapsed_seconds": elapsed.as_secs(),
                "note": note,
                "tools": tools,
            });
            log.line(
                "info",
                &text,
                "apply_complete",
                hook(address, Some(*step), more),
            );
        }
        Event::Failed {
            address,
            step,
            diagnostics,
            elapsed,
        } => {
            let text = format!(
                "{address}: {} failed after {}",
                words::noun(*step),
                duration(*elapsed)
            );
            let more = json!({"elapsed_seconds": elapsed.as_secs()});
            log.line(
                "error",
                &text,
                "apply_errored",
                hook(address, Some(*step), more),
            );
            for diagnostic in diagnostics {
                log.diagnostic(diagnostic);
            }
        }
        Event::Skipped {
            address,
            step,
            because,
        } => skipped(log, address, *step, because.as_ref()),
        Event::Waiting(_)
        | Event::Recovered { .. }
        | Event::Noted { .. }
        | Event::Warned(_)
        | Event::Refreshing { .. }
        | Event::Refreshed { .. }
        | Event::Interrupted { .. }
        | Event::Relocked { .. }
        | Event::Ended(_) => {}
    }
}

fn skipped(log: &mut Log, address: &Address, step: StepKind, because: Option<&Address>) {
    let text = match because {
        Some(because) => format!("{address}: skipped, since {because} failed"),
        None => format!("{address}: skipped"),
    };
    let more = json!({"because": because});
    let hook = hook(address, Some(step), more);
    log.line("warn", &text, "apply_skipped", hook);
}

/// The first line: which versions speak.
pub fn version_event_json(sindri_version: &str, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    let members = json!({"sindri": sindri_version, "ui": UI});
    log.line(
        "info",
        &format!("sindri {sindri_version}"),
        "version",
        members,
    );
    log.text
}

/// An edit of a configuration that waits for its approval, as a line.
pub fn edit_planned_event_json(edit: &EditMeta<'_>, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    let text = format!("{}: will be edited", edit.file);
    log.line("info", &text, "planned_edit", json!({"edit": edit.json()}));
    log.text
}

/// An edit of a configuration that was written, as a line.
pub fn edited_event_json(file: &str, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    let members = json!({"edit": {"file": file}});
    log.line("info", &format!("{file}: edited"), "edit_complete", members);
    log.text
}

/// One diagnostic as a line.
pub fn diagnostic_event_json(diagnostic: &Diagnostic, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    log.diagnostic(diagnostic);
    log.text
}

/// A plan as lines: drift, each change that acts, what the checks found, the totals.
pub fn plan_events_json(plan: &Plan, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    for drift in &plan.drift {
        let text = format!("{}: {}", drift.address, plan_words::drifted(&drift.kind));
        let change = json!({"resource": resource(&drift.address), "unreadable": unreadable(drift)});
        log.line("info", &text, "resource_drift", json!({"change": change}));
    }
    for change in plan.changes.iter().filter(|change| change.action.acts()) {
        let text = format!("{}: {}", change.address, plan_words::headline(change));
        log.line(
            "info",
            &text,
            "planned_change",
            json!({"change": planned(change)}),
        );
    }
    for diagnostic in &plan.checks {
        log.diagnostic(diagnostic);
    }
    let totals = plan.totals();
    let text = crate::render::plan::trailer(totals);
    let mut changes = totals_json(totals);
    changes["remove"] = json!(totals.destroy);
    changes["operation"] = json!("plan");
    log.line("info", &text, "change_summary", json!({"changes": changes}));
    log.text
}

fn planned(change: &Change) -> Value {
    json!({
        "resource": resource(&change.address),
        "action": plan_words::action_word(change.action),
        "reason": change.reason.as_ref().map(plan_words::reason_word),
    })
}

fn ended(log: &mut Log, summary: &Summary) {
    let done = summary.done;
    let operation = if summary.destroy { "destroy" } else { "apply" };
    let how = if summary.is_clean() {
        "complete"
    } else {
        "incomplete"
    };
    let text = format!(
        "{operation} {how}: {} added, {} changed, {} destroyed",
        done.add, done.change, done.destroy
    );
    let mut changes = totals_json(done);
    changes["remove"] = json!(done.destroy);
    changes["operation"] = json!(operation);
    let failed: Vec<Value> = summary
        .failed
        .iter()
        .map(|(address, why)| json!({"address": address, "why": tally(why)}))
        .collect();
    let skipped: Vec<Value> = summary
        .skipped
        .iter()
        .map(|(address, because)| json!({"address": address, "because": because}))
        .collect();
    let partial: Vec<Value> = summary
        .partial
        .iter()
        .map(
            |(address, tools)| json!({"address": address, "text": failures(tools), "tools": tools}),
        )
        .collect();
    let members = json!({
        "changes": changes,
        "failed": failed,
        "skipped": skipped,
        "partial": partial,
        "left": summary.left,
        "interrupted": summary.interrupted,
        "complete": summary.is_clean(),
        "elapsed_seconds": summary.elapsed.as_secs(),
    });
    let level = if summary.is_clean() { "info" } else { "error" };
    log.line(level, &text, "change_summary", members);
}

/// Which tools failed and why, in a line.
fn failures(tools: &[Tool]) -> String {
    let failed = tools.iter().filter_map(|tool| {
        let reason = tool.reason.as_ref()?;
        Some(format!("`{}` failed: {reason}", tool.name))
    });
    failed.collect::<Vec<_>>().join("; ")
}

/// A resource as Terraform's events name it.
fn resource(address: &Address) -> Value {
    let key = match address {
        Address::Network(_) | Address::Image(_) | Address::Gpu(_) | Address::Machine(_) => None,
        Address::Volume(_, leaf) | Address::Secret(_, leaf) | Address::Extension(_, leaf) => {
            Some(leaf)
        }
    };
    json!({
        "addr": address,
        "module": "",
        "resource": address,
        "implied_provider": "sindri",
        "resource_type": format!("sindri_{}", address.kind().as_str()),
        "resource_name": address.machine().unwrap_or_else(|| address.leaf()),
        "resource_key": key,
    })
}

/// A `hook` with the resource, the action and more members; those that are null are left out.
fn hook(address: &Address, step: Option<StepKind>, more: Value) -> Value {
    let mut members = Map::new();
    members.insert("resource".to_owned(), resource(address));
    if let Some(step) = step {
        members.insert("action".to_owned(), json!(words::action(step)));
    }
    if let Value::Object(more) = more {
        if more.get("id_value").is_some_and(|id| !id.is_null()) {
            members.insert("id_key".to_owned(), json!("id"));
        }
        members.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
    json!({"hook": members})
}

/// A diagnostic as Terraform's events show one, with our code, address and help.
fn shown(diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    };
    let mut detail = diagnostic.causes.clone();
    detail.extend(diagnostic.help.clone());
    let mut value = json!({
        "severity": severity,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": detail.join("\n"),
        "causes": diagnostic.causes,
        "help": diagnostic.help,
        "address": diagnostic.address,
    });
    if let Some(place) = &diagnostic.place {
        let end = place.column + place.length;
        value["range"] = json!({
            "filename": place.file,
            "start": {"line": place.line, "column": place.column},
            "end": {"line": place.line, "column": end},
        });
        value["snippet"] = json!({"code": place.source_line, "start_line": place.line});
    }
    value
}

/// Lines written at one time.
pub(super) struct Log {
    pub(super) text: String,
    timestamp: String,
}

impl Log {
    pub(super) fn at(timestamp: Timestamp) -> Self {
        Self {
            text: String::new(),
            timestamp: timestamp.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        }
    }

    pub(super) fn line(&mut self, level: &str, message: &str, kind: &str, members: Value) {
        let mut line = Map::new();
        let mut put = |key: &str, value: &str| line.insert(key.to_owned(), json!(value));
        put("@level", level);
        put("@message", message);
        put("@module", "sindri.ui");
        put("@timestamp", &self.timestamp);
        put("type", kind);
        if let Value::Object(members) = members {
            line.extend(members);
        }
        self.text.push_str(&Value::Object(line).to_string());
        self.text.push('\n');
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warn",
            Severity::Advice => "info",
        };
        let text = format!("{}: {}", diagnostic.code, message(diagnostic));
        self.line(
            level,
            &text,
            "diagnostic",
            json!({"diagnostic": shown(diagnostic)}),
        );
    }
}

#[cfg(test)]
#[path = "event_json_tests.rs"]
mod tests;
