//! Tools that an extension needs of another one, which are not chosen there.

use super::obstacle::Finding;
use crate::catalog::resolve::{Resolution, Resolved};
use crate::diagnostic::{Code, Diagnostic};

/// What the choice of tools of its dependencies leaves out, although it needs it.
pub(super) fn tools(resolution: &Resolution, resolved: &Resolved) -> Vec<Finding> {
    let name = &resolved.manifest.name;
    let mut found = Vec::new();
    for on in &resolved.requires {
        let Some(on) = resolution.get(on).filter(|on| !on.tools.is_empty()) else {
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
