//! How single tools go out of a machine while others of their extension stay or come.

use std::collections::BTreeSet;

use super::quote::{add, path, quote};
use super::removal::removable;
use super::{Job, mise, remembered};
use crate::catalog::{Action, Manifest, Step};

/// One tool's going, as a step of an installation.
pub(super) struct DropStep {
    /// Its id among the job's steps.
    pub(super) id: String,
    /// What it is called.
    pub(super) what: String,
    /// Its time in seconds.
    pub(super) seconds: u64,
    /// Its script.
    pub(super) text: String,
    /// The lock it needs.
    pub(super) lock: Option<&'static str>,
}

/// The steps by which a job's dropped tools go, the last installed first.
///
/// What the machine had before stays, and so does what a tool shares with one that stays.
pub(super) fn steps(job: &Job) -> Vec<DropStep> {
    let all = (1..).zip(&job.manifest.steps);
    let dropped: Vec<(usize, &Step)> = all
        .filter(|(_, step)| job.drop.contains(&step.tool))
        .collect();
    let each = dropped.into_iter().rev().map(|(number, step)| DropStep {
        id: format!("drop-{number}"),
        what: format!("removal of {}", step.tool),
        seconds: 600,
        text: gone(job, step),
        lock: lock(&step.action),
    });
    each.collect()
}

/// Whether nothing says how a tool goes: it stays in the machine when it is dropped.
pub(super) fn stays(step: &Step) -> bool {
    matches!(step.action, Action::Script { .. }) && step.remove.is_empty()
}

fn lock(action: &Action) -> Option<&'static str> {
    match action {
        Action::Apt { .. } => Some("apt"),
        Action::Npm { .. } => Some("npm"),
        Action::Mise { .. } => Some("mise"),
        Action::Dnf { .. } | Action::Zypper { .. } => Some("rpm"),
        Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Script { .. }
        | Action::Binary { .. } => None,
    }
}

/// Takes away what the step brought and no step that stays brings.
fn gone(job: &Job, step: &Step) -> String {
    let manifest = &job.manifest;
    let staying: BTreeSet<String> = job
        .choice()
        .steps()
        .flat_map(|(_, step)| remembered::items(manifest, step))
        .map(|item| item.key)
        .collect();
    let mut text = "brought=$SINDRI_BASE/brought/$SINDRI_EXTENSION\n".to_owned();
    for (index, item) in remembered::items(manifest, step).into_iter().enumerate() {
        if staying.contains(&item.key) {
            continue;
        }
        let undo = match &step.action {
            // Its tools come first; they go out of the configuration of the extension too.
            Action::Mise { tools, .. } => match tools.get(index) {
                Some(tool) => mise::drops(std::slice::from_ref(tool)),
                None => item.undo,
            },
            Action::Apt { .. }
            | Action::Pip { .. }
            | Action::Dnf { .. }
            | Action::Zypper { .. }
            | Action::Npm { .. }
            | Action::Cargo { .. }
            | Action::Binary { .. }
            | Action::Script { .. } => item.undo,
        };
        let key = quote(&item.key);
        add(
            &mut text,
            &format!(
                "if [ -f \"$brought\"/{key} ]; then\n(\n{undo}) || exit\nrm -f \"$brought\"/{key}\nfi\n"
            ),
        );
    }
    text
}

/// The lines that delete what the steps of a tool name.
pub(super) fn deleted(manifest: &Manifest, tool: &str) -> String {
    let mut text = String::new();
    let steps = manifest.steps.iter().filter(|step| step.tool == tool);
    let named = steps.flat_map(|step| &step.remove);
    for written in named.filter(|written| removable(written)) {
        add(&mut text, &format!("rm -rf {}\n", path(written)));
    }
    text
}
