//! The order of resources: petgraph finds cycles, a queue over in-degrees keeps the order stable.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use super::{GraphError, Wanted};
use crate::address::Address;

/// Positions in an order in which each resource follows its dependencies.
pub(super) fn topological(
    wanted: &[Wanted],
    index: &FxHashMap<Address, usize>,
) -> Result<Vec<usize>, GraphError> {
    let mut missing = vec![0_usize; wanted.len()];
    let mut dependents = vec![Vec::new(); wanted.len()];
    for (position, resource) in wanted.iter().enumerate() {
        for dependency in &resource.dependencies {
            let on = *index.get(dependency).ok_or_else(|| GraphError::Dangling {
                of: resource.address.clone(),
                on: dependency.clone(),
            })?;
            missing[position] += 1;
            dependents[on].push(position);
        }
    }
    let mut order: Vec<usize> = (0..wanted.len()).filter(|i| missing[*i] == 0).collect();
    let mut next = 0;
    while let Some(&position) = order.get(next) {
        next += 1;
        for &dependent in &dependents[position] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                order.push(dependent);
            }
        }
    }
    if order.len() == wanted.len() {
        Ok(order)
    } else {
        Err(GraphError::Cycle(cycle(wanted, &dependents)))
    }
}

/// One cycle, its first address repeated at the end.
fn cycle(wanted: &[Wanted], dependents: &[Vec<usize>]) -> Vec<Address> {
    let mut graph = DiGraph::<(), ()>::with_capacity(wanted.len(), 0);
    let nodes: Vec<NodeIndex> = wanted.iter().map(|_| graph.add_node(())).collect();
    for (on, list) in dependents.iter().enumerate() {
        for &of in list {
            graph.add_edge(nodes[of], nodes[on], ());
        }
    }
    let mut component = tarjan_scc(&graph)
        .into_iter()
        .find(|c| c.len() > 1 || graph.contains_edge(c[0], c[0]))
        .unwrap_or_default();
    component.sort_unstable();
    let mut chain: Vec<Address> = component
        .iter()
        .map(|node| wanted[node.index()].address.clone())
        .collect();
    if let Some(first) = chain.first().cloned() {
        chain.push(first);
    }
    chain
}
