//! What a manifest says of the provider.

use super::obstacle::Finding;
use crate::address::Name;
use crate::catalog::ground::Ground;
use crate::catalog::manifest::Support;
use crate::catalog::resolve::{Resolution, Resolved};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn provider(
    resolution: &Resolution,
    resolved: &Resolved,
    ground: &Ground,
) -> Option<Finding> {
    let manifest = &resolved.manifest;
    let (name, provider) = (&manifest.name, ground.provider);
    let mut diagnostic = match manifest.compatibility.on(provider) {
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
    let reason = manifest.compatibility.reason.clone();
    if let Some(reason) = &reason {
        diagnostic = diagnostic.because(reason.clone());
    }
    let instead = manifest.compatibility.alternatives.get(&provider).cloned();
    if let Some(instead) = &instead {
        diagnostic = diagnostic.help(instead.clone());
    } else if diagnostic.is_error() {
        let chain = resolution.chain(name);
        let first = chain.first().map_or(name.as_str(), Name::as_str);
        diagnostic = diagnostic.help(format!(
            "drop `{first}` for this machine, or leave it out with `extensions.onIncompatible: skip`"
        ));
    }
    Some(Finding {
        reason: reason.unwrap_or_else(|| format!("it doesn't work on {provider}")),
        instead,
        diagnostic,
    })
}
