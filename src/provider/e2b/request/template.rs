//! The calls that find and build templates.

use serde_json::{Value, json};

use super::call::{Call, Effect, encoded};
use crate::digest::Digest;
use crate::resource::{E2bSettings, MachineSpec, Size};

/// The name of the template that a machine is made from.
///
/// What sindri builds is named after what goes into it, so that machines that are alike share one
/// and another image, processor count or memory makes another.
pub(in crate::provider::e2b) fn alias_of(machine: &MachineSpec, settings: &E2bSettings) -> String {
    if let Some(alias) = &settings.template_alias {
        return alias.clone();
    }
    let parts = (
        machine.image.as_deref(),
        machine.cpus,
        machine.memory.map(Size::as_bytes),
    );
    format!("sindri-{}", Digest::of(&parts).short())
}

/// Looks for a template by its name.
pub(in crate::provider::e2b) fn find_alias(alias: &str) -> Call {
    let path = format!("/templates/aliases/{}", encoded(alias));
    Call::plain("look for a template", Effect::Reads, "GET", path)
}

/// The builds of a template, the latest first.
pub(in crate::provider::e2b) fn versions(template: &str) -> Call {
    let path = format!("/templates/{}", encoded(template));
    Call::plain("look at a template", Effect::Reads, "GET", path)
}

/// Registers a template, or another build of the one with this name.
pub(in crate::provider::e2b) fn new_template(
    alias: &str,
    machine: &MachineSpec,
    team: Option<&str>,
) -> Call {
    let mut body = json!({ "name": alias });
    if let Some(cpus) = machine.cpus {
        body["cpuCount"] = cpus.into();
    }
    if let Some(memory) = machine.memory {
        body["memoryMB"] = (memory.as_bytes() >> 20).into();
    }
    if let Some(team) = team {
        body["teamID"] = team.into();
    }
    let path = "/v3/templates".to_owned();
    // Registered twice, it has two builds of which one is never begun.
    Call::plain("register a template", Effect::Settles, "POST", path).json(&body)
}

/// Begins to build a template from an image; nothing of a machine but its image goes into it.
pub(in crate::provider::e2b) fn begin_build(
    template: &str,
    build: &str,
    image: &str,
    anew: bool,
) -> Call {
    let path = format!(
        "/v2/templates/{}/builds/{}",
        encoded(template),
        encoded(build)
    );
    let steps: [Value; 0] = [];
    let body = json!({ "fromImage": image, "force": anew, "steps": steps });
    Call::plain("build a template", Effect::Settles, "POST", path).json(&body)
}

/// How far a build is, with what it has said from a line on.
pub(in crate::provider::e2b) fn build_status(template: &str, build: &str, from: usize) -> Call {
    let path = format!(
        "/templates/{}/builds/{}/status?logsOffset={from}&limit=100",
        encoded(template),
        encoded(build)
    );
    Call::plain("look at a template's build", Effect::Reads, "GET", path)
}
