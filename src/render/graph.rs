//! The graph of resources as DOT and Mermaid.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::address::{Address, Kind};
use crate::desired::Desired;
use crate::plan::{Action, Plan};

/// Resources and what each depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The resources, each with what a plan does to it.
    pub nodes: Vec<(Address, Option<Action>)>,
    /// From a resource to what it depends on.
    pub edges: Vec<(Address, Address)>,
}

impl Graph {
    /// The graph of what is wanted.
    pub fn of_desired(desired: &Desired) -> Self {
        let mut graph = Self::default();
        for wanted in desired.resources() {
            graph.add(&wanted.address, None, &wanted.dependencies);
        }
        graph
    }

    /// The graph of a plan, no-ops included.
    pub fn of_plan(plan: &Plan) -> Self {
        let mut graph = Self::default();
        for change in &plan.changes {
            graph.add(&change.address, Some(change.action), &change.dependencies);
        }
        graph
    }

    fn add(&mut self, address: &Address, action: Option<Action>, on: &[Address]) {
        self.nodes.push((address.clone(), action));
        let edges = on
            .iter()
            .map(|dependency| (address.clone(), dependency.clone()));
        self.edges.extend(edges);
    }
}

/// A graph in Graphviz's language: arrows point from a resource to what it depends on.
pub fn graph_dot(graph: &Graph) -> String {
    let mut out = String::from("digraph sindri {\n  rankdir = \"RL\"\n  node [shape = box]\n");
    for (address, action) in &graph.nodes {
        let (color, shape) = (color(*action), shape(address.kind()));
        put(
            &mut out,
            format_args!("  \"{address}\" [shape = {shape}, color = \"{color}\"]\n"),
        );
    }
    for (from, to) in &graph.edges {
        put(&mut out, format_args!("  \"{from}\" -> \"{to}\"\n"));
    }
    out.push_str("}\n");
    out
}

/// A graph in Mermaid's language, as GitHub and GitLab draw it.
pub fn graph_mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart RL\n");
    let mut names: HashMap<&Address, usize> = HashMap::with_capacity(graph.nodes.len());
    let all = graph
        .nodes
        .iter()
        .map(|(address, action)| (address, *action))
        .chain(graph.edges.iter().flat_map(|(a, b)| [(a, None), (b, None)]));
    for (address, action) in all {
        let next = names.len();
        if *names.entry(address).or_insert(next) != next {
            continue;
        }
        let (open, close) = match address.kind() {
            Kind::Image | Kind::Gpu => ("([", "])"),
            Kind::Volume => ("[(", ")]"),
            Kind::Network | Kind::Machine | Kind::Secret | Kind::Extension => ("[", "]"),
        };
        put(
            &mut out,
            format_args!("  n{next}{open}\"{address}\"{close}"),
        );
        match class(action) {
            Some(class) => put(&mut out, format_args!(":::{class}\n")),
            None => out.push('\n'),
        }
    }
    for (from, to) in &graph.edges {
        put(
            &mut out,
            format_args!("  n{} --> n{}\n", names[from], names[to]),
        );
    }
    for class in ["create", "change", "destroy"] {
        if out.contains(&format!(":::{class}\n")) {
            let color = match class {
                "create" => "#2da44e",
                "change" => "#bf8700",
                _ => "#cf222e",
            };
            put(
                &mut out,
                format_args!("  classDef {class} stroke:{color},stroke-width:2px\n"),
            );
        }
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a string takes any text");
}

fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Network => "hexagon",
        Kind::Image | Kind::Gpu => "oval",
        Kind::Volume => "cylinder",
        Kind::Machine => "box3d",
        Kind::Secret => "note",
        Kind::Extension => "box",
    }
}

fn class(action: Option<Action>) -> Option<&'static str> {
    match action? {
        Action::NoOp => None,
        Action::Create => Some("create"),
        Action::Update | Action::Adopt | Action::Forget => Some("change"),
        Action::Replace(_) | Action::Delete => Some("destroy"),
    }
}

fn color(action: Option<Action>) -> &'static str {
    match class(action) {
        Some("create") => "#2da44e",
        Some("change") => "#bf8700",
        Some(_) => "#cf222e",
        None => "#57606a",
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::plan::{Action, Reason};
    use crate::render::fixture::{address, change, plan};

    fn graph() -> Graph {
        let mut machine = change("machine.dev", Action::Create, Reason::New);
        machine.dependencies = vec![address("image.dev"), address("volume.dev.workspace")];
        Graph::of_plan(&plan(vec![
            change("image.dev", Action::NoOp, Reason::Changed),
            change("volume.dev.workspace", Action::Update, Reason::Changed),
            machine,
        ]))
    }

    #[test]
    fn dot() {
        assert_snapshot!(graph_dot(&graph()), @r##"
        digraph sindri {
          rankdir = "RL"
          node [shape = box]
          "image.dev" [shape = oval, color = "#57606a"]
          "volume.dev.workspace" [shape = cylinder, color = "#bf8700"]
          "machine.dev" [shape = box3d, color = "#2da44e"]
          "machine.dev" -> "image.dev"
          "machine.dev" -> "volume.dev.workspace"
        }
        "##);
    }

    #[test]
    fn mermaid() {
        assert_snapshot!(graph_mermaid(&graph()), @r#"
        flowchart RL
          n0(["image.dev"])
          n1[("volume.dev.workspace")]:::change
          n2["machine.dev"]:::create
          n2 --> n0
          n2 --> n1
          classDef create stroke:#2da44e,stroke-width:2px
          classDef change stroke:#bf8700,stroke-width:2px
        "#);
    }
}
