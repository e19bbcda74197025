//! Narrowing: `--target` takes along what the target depends on, `--exclude` what depends on it.

use super::Options;
use crate::address::Address;
use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::state::State;
use rustc_hash::{FxHashMap, FxHashSet};

/// The addresses a plan covers.
pub(super) struct Scope {
    /// None: all of them.
    included: Option<FxHashSet<Address>>,
    pub(super) findings: Diagnostics,
}

impl Scope {
    pub(super) fn covers(&self, address: &Address) -> bool {
        self.included
            .as_ref()
            .is_none_or(|included| included.contains(address))
    }
}

/// Finds the addresses a plan covers; a target that names nothing is an error.
pub(super) fn scope(desired: &Desired, recorded: &State, options: &Options) -> Scope {
    let named = [&options.targets, &options.excludes, &options.replace];
    if named.iter().all(|list| list.is_empty()) {
        return Scope {
            included: None,
            findings: Vec::new(),
        };
    }
    let needs = needs(desired, recorded);
    let mut findings = Vec::new();
    for address in options
        .targets
        .iter()
        .chain(&options.excludes)
        .chain(&options.replace)
    {
        if !needs.contains_key(address) {
            findings.push(unknown(address, &needs));
        }
    }
    let mut included: FxHashSet<Address> = if options.targets.is_empty() {
        needs.keys().cloned().collect()
    } else if options.destroy {
        closure(&options.targets, &reversed(&needs))
    } else {
        closure(&options.targets, &needs)
    };
    if !options.excludes.is_empty() {
        let out = if options.destroy {
            closure(&options.excludes, &needs)
        } else {
            closure(&options.excludes, &reversed(&needs))
        };
        included.retain(|address| !out.contains(address));
    }
    let narrowed = !options.targets.is_empty() || !options.excludes.is_empty();
    if narrowed && !options.narrow_by_nature {
        findings.push(
            Diagnostic::warning(
                Code::new("plan::narrowed"),
                "this plan is narrowed with `--target` or `--exclude` and may not cover all changes",
            )
            .help("run `sindri plan` without them to see everything"),
        );
    }
    Scope {
        included: Some(included),
        findings,
    }
}

type Edges = FxHashMap<Address, Vec<Address>>;

/// What each address needs, as desired and as recorded.
fn needs(desired: &Desired, recorded: &State) -> Edges {
    let mut edges: Edges =
        FxHashMap::with_capacity_and_hasher(desired.resources().len(), rustc_hash::FxBuildHasher);
    for (address, record) in &recorded.resources {
        let list = edges.entry(address.clone()).or_default();
        for object in record.current.iter().chain(&record.deposed) {
            list.extend(object.dependencies.iter().cloned());
        }
    }
    for wanted in desired.resources() {
        edges
            .entry(wanted.address.clone())
            .or_default()
            .extend(wanted.dependencies.iter().cloned());
    }
    edges
}

fn reversed(edges: &Edges) -> Edges {
    let mut back: Edges =
        FxHashMap::with_capacity_and_hasher(edges.len(), rustc_hash::FxBuildHasher);
    for (of, list) in edges {
        for on in list {
            back.entry(on.clone()).or_default().push(of.clone());
        }
    }
    back
}

fn closure(roots: &[Address], edges: &Edges) -> FxHashSet<Address> {
    let mut reached = FxHashSet::default();
    let mut open: Vec<&Address> = roots.iter().collect();
    while let Some(address) = open.pop() {
        if reached.insert(address.clone()) {
            open.extend(edges.get(address).into_iter().flatten());
        }
    }
    reached
}

fn unknown(address: &Address, known: &Edges) -> Diagnostic {
    let texts: Vec<String> = known.keys().map(ToString::to_string).collect();
    let help = did_you_mean(&address.to_string(), texts.iter().map(String::as_str)).map_or_else(
        || "`sindri state list` and `sindri plan` show the addresses there are".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Diagnostic::error(
        Code::new("plan::unknown-address"),
        format!("`{address}` is neither wanted nor recorded"),
    )
    .help(help)
}
