//! Machines on E2B: what a configuration means there.

use crate::config::{self, Machine};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::E2bSettings;

/// The settings as a resource has them.
pub(super) fn settings(written: &config::E2bSettings) -> E2bSettings {
    E2bSettings {
        template_alias: written.template_alias.clone(),
        reuse_template: written.reuse_template,
        build_on_deploy: written.build_on_deploy,
        timeout: written.timeout,
        auto_pause: written.auto_pause,
        auto_resume: written.auto_resume,
        internet_access: written.internet_access,
        allowed_domains: written.allowed_domains.clone(),
        blocked_domains: written.blocked_domains.clone(),
        public_access: written.public_access,
        metadata: written.metadata.clone(),
        team: written.team.clone(),
    }
}

/// A sandbox's disk is its own: volumes that somebody wrote are refused rather than left out.
pub(super) fn no_volumes(machine: &Machine) -> Diagnostics {
    // The one that a machine has without a word is another way to say where people work.
    let written = machine.volumes.iter().filter(|one| one.place.is_some());
    written
        .map(|volume| {
            let mut found = Diagnostic::error(
                Code::new("e2b::no-volumes"),
                format!(
                    "machine `{}` can't have the volume `{}`: E2B's sandboxes have none",
                    machine.name, volume.name
                ),
            )
            .because("a sandbox keeps its disk while it is paused, and loses it when it ends")
            .help("leave it out for this machine: `volumes: {}`");
            found.place.clone_from(&volume.place);
            found
        })
        .collect()
}

/// An image that somebody wrote beside a template that is used as it is.
pub(super) fn unused_image(machine: &Machine, settings: &E2bSettings) -> Option<Diagnostic> {
    machine.image.as_ref()?;
    let alias = settings.template_alias.as_deref().unwrap_or_default();
    let mut found = Diagnostic::warning(
        Code::new("e2b::image-unused"),
        format!(
            "`image` of machine `{}` has no effect: the template `{alias}` is used as it is",
            machine.name
        ),
    )
    .help(
        "leave `image` out, or `templateAlias`, or set `reuseTemplate: false` to build the \
         template from it",
    );
    found.place.clone_from(&machine.place);
    Some(found)
}
