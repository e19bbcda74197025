//! `sindri graph`: the resources, and what depends on what.

use crate::cli::args::{Drawing, GraphArgs};
use crate::cli::session::{Outcome, Session, stop_on_errors};
use crate::config::Overrides;
use crate::diagnostic::Exit;
use crate::render;

pub(crate) fn run(session: &mut Session, args: &GraphArgs) -> Outcome {
    let project = session.project(Overrides::default())?;
    stop_on_errors(&project.findings)?;
    let graph = render::Graph::of_desired(&project.desired);
    let text = if session.is_json() {
        let nodes: Vec<String> = graph
            .nodes
            .iter()
            .map(|(node, _)| node.to_string())
            .collect();
        let edges: Vec<[String; 2]> = graph
            .edges
            .iter()
            .map(|(of, on)| [of.to_string(), on.to_string()])
            .collect();
        serde_json::json!({ "nodes": nodes, "edges": edges }).to_string() + "\n"
    } else {
        match args.r#as {
            Drawing::Dot => render::graph_dot(&graph),
            Drawing::Mermaid => render::graph_mermaid(&graph),
        }
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}
