//! Action, diff, graph, checks, plan file; pure.
