//! Hosts that the machine's own network policy keeps from an installation.

use super::obstacle::Finding;
use crate::catalog::ground::Ground;
use crate::catalog::resolve::Resolved;
use crate::catalog::step::{Action, Step};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn network(resolved: &Resolved, ground: &Ground) -> Option<Finding> {
    let manifest = &*resolved.manifest;
    let mut blocked = manifest.domains_of(&resolved.tools);
    blocked.retain(|host| !ground.network.reaches(host));
    // Package managers fetch although a manifest names none of their hosts.
    let cut_off = !ground.network.open && steps(resolved).any(|step| fetches(&step.action));
    let settled = (blocked.is_empty() && !cut_off) || is_handed_over(resolved, ground);
    if settled {
        return None;
    }
    let what = match (ground.network.open, &*blocked) {
        (false, _) => "the internet".to_owned(),
        (true, hosts) => hosts.join(", "),
    };
    let name = &manifest.name;
    let (reason, help) = if ground.network.open {
        (
            "the machine's network policy doesn't let it through",
            "add the hosts to `allowedDomains` or take them off `blockedDomains` of the provider",
        )
    } else {
        (
            "the machine has no access to the internet",
            "give it one (`internetAccess: true` on e2b, another `network` than `none` on docker), or use \
             an image that has the tools",
        )
    };
    Some(Finding {
        reason: format!("it needs {what}; {reason}"),
        instead: None,
        diagnostic: Diagnostic::error(
            Code::new("catalog::domain-blocked"),
            format!("`{name}` is installed from {what}, which the machine doesn't reach"),
        )
        .because(reason)
        .help(help)
        .allowable(),
    })
}

/// Whether all of it is what this side fetches, verifies and hands over.
fn is_handed_over(resolved: &Resolved, ground: &Ground) -> bool {
    ground.provider.is_beside()
        && steps(resolved).all(|step| match &step.action {
            Action::Binary { downloads } => downloads.iter().all(|one| one.pinned().is_some()),
            Action::Apt { .. }
            | Action::Npm { .. }
            | Action::Pip { .. }
            | Action::Cargo { .. }
            | Action::Mise { .. }
            | Action::Dnf { .. }
            | Action::Zypper { .. }
            | Action::Script { .. } => false,
        })
}

/// The steps of the tools that are installed.
fn steps(resolved: &Resolved) -> impl Iterator<Item = &Step> {
    let tools = &resolved.tools;
    let chosen = |step: &&Step| tools.is_empty() || tools.contains(&step.tool);
    resolved.manifest.steps.iter().filter(chosen)
}

fn fetches(action: &Action) -> bool {
    match action {
        Action::Apt { .. }
        | Action::Npm { .. }
        | Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Binary { .. }
        | Action::Mise { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. } => true,
        // A script that fetches names its hosts.
        Action::Script { .. } => false,
    }
}
