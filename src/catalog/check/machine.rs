//! What an extension needs of the machine itself, and the systems it installs on.

use super::obstacle::Finding;
use crate::catalog::ground::Ground;
use crate::catalog::manifest::{Manifest, Need};
use crate::diagnostic::{Code, Diagnostic};

/// Needs that the machine doesn't meet; GPUs are looked at elsewhere.
pub(super) fn needs(manifest: &Manifest, ground: &Ground) -> Vec<Finding> {
    let name = &manifest.name;
    let unmet = |need: &&Need| **need != Need::Gpu;
    let needs = manifest.requirements.needs.iter().filter(unmet);
    needs
        .filter_map(|need| {
            let lack = ground.lacks.get(need)?;
            let what = match need {
                Need::Docker => "a Docker daemon",
                Need::Systemd => "systemd",
                Need::Privileged => "a privileged machine",
                Need::Gpu => "a GPU",
            };
            let own = manifest.compatibility.alternatives.get(&ground.provider);
            let instead = own.map_or_else(|| lack.help.to_owned(), Clone::clone);
            let summary = format!("`{name}` needs {what}, which this machine hasn't");
            let diagnostic = Diagnostic::error(Code::new("catalog::need-unmet"), summary)
                .because(lack.reason)
                .help(instead.clone())
                .allowable();
            Some(Finding {
                reason: format!("it needs {what}; {}", lack.reason),
                instead: Some(instead),
                diagnostic,
            })
        })
        .collect()
}

/// The machine's distribution and processors, where the extension doesn't install on them.
pub(super) fn system(manifest: &Manifest, ground: &Ground) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |code, wanted: String, there: &str, help: &str| {
        let diagnostic = Diagnostic::error(
            Code::new(code),
            format!(
                "`{}` installs on {wanted} only; the machine is {there}",
                manifest.name
            ),
        )
        .help(help)
        .allowable();
        found.push(Finding {
            reason: format!("it installs on {wanted} only; the machine is {there}"),
            instead: None,
            diagnostic,
        });
    };
    if let Some(distro) = ground.distro
        && !manifest.installs_on(distro)
    {
        let names: Vec<&str> = manifest.distros.iter().map(|one| one.as_str()).collect();
        say(
            "catalog::distro-unsupported",
            names.join(", "),
            distro.as_str(),
            "set `deployment.distro` and `deployment.image`, or drop the extension",
        );
    }
    let archs = &manifest.requirements.arch;
    if let Some(arch) = ground.arch
        && !archs.is_empty()
        && !archs.contains(&arch)
    {
        let names: Vec<&str> = archs.iter().map(|one| one.as_str()).collect();
        say(
            "catalog::arch-unsupported",
            names.join(", "),
            arch.as_str(),
            "use a machine with such processors, or drop the extension",
        );
    }
    found
}
