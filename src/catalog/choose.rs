//! Which tools of an extension are installed.

use std::collections::BTreeSet;

use super::manifest::Manifest;
use super::resolve::Pick;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};

impl Manifest {
    /// The names of its tools, in the order of its steps, each once.
    pub fn tools(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let names = self.steps.iter().map(|step| step.tool.as_str());
        names.filter(|tool| seen.insert(*tool)).collect()
    }
}

impl Manifest {
    /// The tools that it needs of an extension: those it names, else that extension's core.
    pub fn needs_of<'a>(&'a self, on: &'a Self) -> Vec<&'a str> {
        match self.needs_tools.get(&on.name) {
            Some(tools) => tools.iter().map(String::as_str).collect(),
            None => on.core(),
        }
    }

    /// The names of the tools without which it counts as failed.
    pub fn core(&self) -> Vec<&str> {
        let optional = |tool: &str| {
            let mut steps = self.steps.iter().filter(|step| step.tool == tool);
            self.continue_on_error && steps.all(|step| !step.core)
        };
        let mut tools = self.tools();
        tools.retain(|tool| !optional(tool));
        tools
    }
}

/// The tools picked and the declared core, in the manifest's order, and what is said of those that it hasn't.
pub(super) fn choose(manifest: &Manifest, picks: &[Pick]) -> (Vec<String>, Diagnostics) {
    let tools = manifest.tools();
    // Where the manifest tells its core from the rest, the extension is of no use without it.
    let core = if manifest.continue_on_error {
        manifest.core()
    } else {
        Vec::new()
    };
    let unknown = picks
        .iter()
        .filter(|pick| !tools.contains(&pick.tool.as_str()))
        .map(|pick| {
            let mut found = unknown(manifest, &pick.tool);
            found.place.clone_from(&pick.place);
            found
        })
        .collect();
    let chosen = tools
        .into_iter()
        .filter(|tool| core.contains(tool) || picks.iter().any(|pick| pick.tool == *tool))
        .map(str::to_owned)
        .collect();
    (chosen, unknown)
}

/// What is said of a tool that an extension hasn't.
pub(super) fn unknown(manifest: &Manifest, tool: &str) -> Diagnostic {
    let tools = manifest.tools();
    let found = Diagnostic::error(
        Code::new("catalog::unknown-tool"),
        format!("`{}` has no tool `{}`", manifest.name, tool.escape_debug()),
    );
    let near = did_you_mean(tool, tools.iter().copied());
    found.help(match (near, tools.as_slice()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, [one]) => {
            format!("it installs as one, `{one}`: leave `with.tools` out")
        }
        (None, all) => format!("its tools are {}", all.join(", ")),
    })
}
