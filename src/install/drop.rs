//! How single tools go out of a machine while others of their extension stay or come.

use std::collections::BTreeSet;

use super::quote::{add, path, quote};
use super::removal::removable;
use super::step::Unbuilt;
use super::{Job, mise, remembered};
use crate::catalog::{Action, Step};

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
pub(super) fn steps(job: &Job) -> Result<Vec<DropStep>, (String, Unbuilt)> {
    let all = (1..).zip(&job.manifest.steps);
    let dropped: Vec<(usize, &Step)> = all
        .filter(|(_, step)| job.drop.contains(&step.tool))
        .collect();
    let each = dropped.into_iter().rev().map(|(number, step)| {
        let gone = gone(job, step);
        let key = quote(&remembered::tool_key(&step.tool));
        let text =
            format!("[ -f \"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"/{key} ] || exit 0\n{gone}");
        DropStep {
            id: format!("drop-{number}"),
            what: format!("removal of {}", step.tool),
            seconds: 600,
            text,
            lock: lock(&step.action),
        }
    });
    Ok(each.collect())
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
    let mut text = match &step.action {
        // Out of the configuration of the extension too.
        Action::Mise { tools, .. } if !tools.is_empty() => mise::drops(tools),
        Action::Mise { .. }
        | Action::Apt { .. }
        | Action::Pip { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. }
        | Action::Npm { .. }
        | Action::Cargo { .. }
        | Action::Binary { .. }
        | Action::Script { .. } => String::new(),
    };
    for item in remembered::items(manifest, step) {
        if staying.contains(&item.key) {
            continue;
        }
        if !item.key.starts_with(remembered::LATE) {
            add(&mut text, &format!("(\n{}) || exit\n", item.undo));
        }
        let key = quote(&item.key);
        add(
            &mut text,
            &format!("rm -f \"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"/{key}\n"),
        );
    }
    text
}

/// The lines that delete what a step names.
pub(super) fn deleted(step: &Step) -> String {
    let mut text = String::new();
    for written in step.remove.iter().filter(|written| removable(written)) {
        add(&mut text, &format!("rm -rf {}\n", path(written)));
    }
    text
}
