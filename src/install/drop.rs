//! How single tools go out of a machine while others of their extension stay or come.

use super::quote::{add, path, quote, words};
use super::removal::{removable, undo};
use super::step::{PIP_LINKS, pip_project};
use super::{Job, apt, mise};
use crate::catalog::{Action, AptRepository, Step};

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
    let each = dropped.into_iter().rev().map(|(number, step)| {
        let gone = gone(job, step);
        let text = format!(
            "brought=$SINDRI_BASE/brought/$SINDRI_EXTENSION/{number}\n[ -f \"$brought\" ] || exit 0\n{gone}rm -f \"$brought\"\n"
        );
        DropStep {
            id: format!("drop-{number}"),
            what: format!("removal of {}", step.tool),
            seconds: 600,
            text,
            lock: lock(&step.action),
        }
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

fn gone(job: &Job, step: &Step) -> String {
    let manifest = &job.manifest;
    let staying = || job.choice().steps().map(|(_, step)| &step.action);
    let mut text = match &step.action {
        Action::Apt {
            packages,
            repositories,
            ..
        } => {
            let kept: Vec<&String> = staying().flat_map(apt_packages).collect();
            let packages: Vec<String> = packages
                .iter()
                .filter(|package| !kept.contains(package))
                .cloned()
                .collect();
            let used = |one: &AptRepository| {
                let mut others = staying().flat_map(apt_repositories);
                others.any(|other| other.name == one.name)
            };
            let mut text = apt::removal(&packages, false);
            if !repositories.iter().any(used) {
                text.push_str(&apt::without(manifest, repositories));
            }
            text
        }
        Action::Mise { tools, .. } if !tools.is_empty() => mise::drops(tools),
        Action::Pip { packages } if staying().any(|one| matches!(one, Action::Pip { .. })) => {
            let venv = format!("$HOME/.local/share/sindri/venv/{}", manifest.name);
            format!(
                "venv={venv}\n[ -d \"$venv\" ] || exit 0\n\"$venv/bin/python\" -m pip uninstall -y --disable-pip-version-check -- {} || exit\n\"$venv/bin/python\" -c {} \"$venv\" \"$HOME/.local/bin\" || exit\n",
                words(packages.iter().map(|package| pip_project(package))),
                quote(PIP_LINKS),
            )
        }
        Action::Mise { .. }
        | Action::Pip { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. }
        | Action::Npm { .. }
        | Action::Cargo { .. }
        | Action::Binary { .. }
        | Action::Script { .. } => undo(manifest, &step.action).unwrap_or_default(),
    };
    text.push_str(&deleted(step));
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

fn apt_packages(action: &Action) -> &[String] {
    match action {
        Action::Apt { packages, .. } => packages,
        Action::Npm { .. }
        | Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Script { .. }
        | Action::Binary { .. }
        | Action::Mise { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. } => &[],
    }
}

fn apt_repositories(action: &Action) -> &[AptRepository] {
    match action {
        Action::Apt { repositories, .. } => repositories,
        Action::Npm { .. }
        | Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Script { .. }
        | Action::Binary { .. }
        | Action::Mise { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. } => &[],
    }
}
