//! Whether a resolution works on the machine it is meant for.

use super::manifest::{GpuNeed, Support};
use super::resolve::{Resolution, Resolved};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{GpuVendor, ProviderKind};

/// The machine that extensions are meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The machine's name, for the address of each finding.
    pub machine: Option<Name>,
    /// The provider it lives on.
    pub provider: ProviderKind,
    /// How many GPUs it sees.
    pub gpus: u32,
    /// Who makes them, where that is known.
    pub gpu_vendor: Option<GpuVendor>,
}

/// What of a resolution doesn't work, or only in part, on a machine: provider and GPU.
///
/// Conflicts don't depend on the machine: [`resolve`](super::resolve()) reports them.
pub fn compatibility(resolution: &Resolution, ground: &Ground) -> Diagnostics {
    let mut diagnostics = Vec::new();
    for resolved in &resolution.extensions {
        let findings = [
            provider(resolution, resolved, ground),
            resolved
                .manifest
                .requirements
                .gpu
                .as_ref()
                .and_then(|need| gpu(resolution, resolved, need, ground)),
        ];
        diagnostics.extend(findings.into_iter().flatten());
    }
    diagnostics
}

fn provider(resolution: &Resolution, resolved: &Resolved, ground: &Ground) -> Option<Diagnostic> {
    let manifest = &resolved.manifest;
    let (name, provider) = (&manifest.name, ground.provider);
    let diagnostic = match manifest.compatibility.on(provider) {
        Support::Supported => return None,
        Support::Partial => Diagnostic::warning(
            Code::new("catalog::partly-compatible"),
            format!("`{name}` works on {provider} in part only"),
        ),
        Support::Unsupported => Diagnostic::error(
            Code::new("catalog::incompatible"),
            format!("`{name}` doesn't work on {provider}"),
        )
        .allowable(),
    };
    let diagnostic = match &manifest.compatibility.reason {
        Some(reason) => diagnostic.because(reason.clone()),
        None => diagnostic,
    };
    let diagnostic = dragged_in(resolution, resolved, diagnostic);
    let help = match (
        manifest.compatibility.alternatives.get(&provider),
        diagnostic.allowable,
    ) {
        (Some(alternative), _) => alternative.clone(),
        (None, true) => {
            let first = resolution
                .chain(name)
                .first()
                .map_or_else(|| name.to_string(), Name::to_string);
            format!(
                "drop `{first}` for this machine, or go on with `--allow catalog::incompatible`"
            )
        }
        (None, false) => return Some(located(diagnostic, resolved, ground)),
    };
    Some(located(diagnostic.help(help), resolved, ground))
}

fn gpu(
    resolution: &Resolution,
    resolved: &Resolved,
    need: &GpuNeed,
    ground: &Ground,
) -> Option<Diagnostic> {
    let other_vendor = match (need.vendor, ground.gpu_vendor) {
        (Some(wanted), Some(there)) => wanted != there,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    if ground.gpus >= need.count && !other_vendor {
        return None;
    }
    let name = &resolved.manifest.name;
    let vendor = match need.vendor {
        Some(GpuVendor::Nvidia) => "NVIDIA ",
        Some(GpuVendor::Amd) => "AMD ",
        None => "",
    };
    let what = match need.count {
        1 if vendor == "NVIDIA " || vendor.is_empty() => {
            format!("a {vendor}GPU").replace("a NV", "an NV")
        }
        1 => format!("an {vendor}GPU"),
        count => format!("{count} {vendor}GPUs"),
    };
    let there = match (ground.gpus, other_vendor) {
        (0, _) => "none".to_owned(),
        (count, true) => format!("{count} of another make"),
        (count, false) => format!("{count}"),
    };
    let code = Code::new("catalog::gpu-needed");
    let diagnostic = if need.required {
        Diagnostic::error(
            code,
            format!("`{name}` needs {what}; the machine has {there}"),
        )
        .allowable()
    } else {
        Diagnostic::warning(
            code,
            format!("`{name}` is slow without {what}; the machine has {there}"),
        )
    };
    let diagnostic = dragged_in(resolution, resolved, diagnostic)
        .help("set `deployment.resources.gpu`, or drop the extension");
    Some(located(diagnostic, resolved, ground))
}

fn dragged_in(resolution: &Resolution, resolved: &Resolved, diagnostic: Diagnostic) -> Diagnostic {
    if resolved.wanted_by.is_none() {
        return diagnostic;
    }
    let name = &resolved.manifest.name;
    let chain: Vec<String> = resolution.chain(name).iter().map(Name::to_string).collect();
    diagnostic.because(format!("`{name}` comes in through {}", chain.join(" → ")))
}

fn located(mut diagnostic: Diagnostic, resolved: &Resolved, ground: &Ground) -> Diagnostic {
    diagnostic.place.clone_from(&resolved.place);
    diagnostic.address = ground
        .machine
        .as_ref()
        .map(|machine| Address::Extension(machine.clone(), resolved.manifest.name.clone()));
    diagnostic
}
