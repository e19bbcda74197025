//! Tools that an extension needs of another one, which are not chosen there.

use std::collections::BTreeMap;

use super::obstacle::Finding;
use crate::address::Name;
use crate::catalog::resolve::{Resolution, Resolved};
use crate::diagnostic::{Code, Diagnostic};

/// The extensions of which only some tools are chosen: few, while an extension may need very many.
pub(super) fn narrowed(resolution: &Resolution) -> BTreeMap<&Name, &Resolved> {
    let all = resolution.extensions.iter();
    all.filter(|one| !one.tools.is_empty())
        .map(|one| (&one.manifest.name, one))
        .collect()
}

/// What the choice of tools of its dependencies leaves out, although it needs it.
pub(super) fn tools(narrowed: &BTreeMap<&Name, &Resolved>, resolved: &Resolved) -> Vec<Finding> {
    let name = &resolved.manifest.name;
    let mut found = Vec::new();
    for on in &resolved.requires {
        let Some(on) = narrowed.get(on) else {
            continue;
        };
        if resolved.soft.contains(&on.manifest.name) {
            continue;
        }
        let mut missing = resolved.manifest.needs_of(&on.manifest);
        missing.retain(|tool| !on.tools.iter().any(|chosen| chosen == tool));
        if missing.is_empty() {
            continue;
        }
        let tools: Vec<String> = missing.iter().map(|tool| format!("`{tool}`")).collect();
        let (tools, other) = (tools.join(", "), &on.manifest.name);
        let diagnostic = Diagnostic::error(
            Code::new("catalog::tool-not-chosen"),
            format!("`{name}` needs {tools} of `{other}`, which its `with.tools` leaves out"),
        )
        .because(format!("chosen of `{other}`: {}", on.tools.join(", ")))
        .help(format!("add {tools} to `with.tools` of `{other}`"))
        .allowable();
        found.push(Finding {
            reason: format!("it needs {tools} of `{other}`, which isn't chosen"),
            instead: Some(format!("add {tools} to `with.tools` of `{other}`")),
            diagnostic,
        });
    }
    found
}
