//! The import rules of the house, held against every `crate::` in it.
//!
//! The table is the one of `docs/architecture.md`; changing it is a decision.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{self, Source};

/// Which rooms each room may import. In the order of the pipeline: no room imports a later one.
const ROOMS: [(&str, &[&str]); 22] = [
    ("digest", &[]),
    ("address", &[]),
    // A finding names the resource it is about.
    ("diagnostic", &["address"]),
    // Counted randomness for tests is made of digests.
    ("sys", &["digest"]),
    ("resource", &["address", "digest"]),
    ("config", &["address", "diagnostic", "digest", "resource"]),
    // What is priced is what the configuration means, before anything is made of it.
    ("cost", &["resource", "config"]),
    (
        "catalog",
        // An outlook says what its machines cost.
        &["address", "diagnostic", "digest", "resource", "cost"],
    ),
    ("state", &["address", "diagnostic", "digest", "resource"]),
    // What is sealed is bound to its lineage and serial; nonces come from `sys`.
    ("seal", &["diagnostic", "digest", "sys", "state"]),
    (
        "desired",
        &[
            "address",
            "diagnostic",
            "digest",
            "resource",
            "config",
            "catalog",
        ],
    ),
    (
        "plan",
        // A saved plan embeds the manifests.
        &[
            "address",
            "diagnostic",
            "digest",
            "resource",
            "catalog",
            "state",
            "desired",
        ],
    ),
    (
        "artifact",
        &[
            "address",
            "diagnostic",
            "digest",
            "resource",
            "config",
            "catalog",
            "desired",
        ],
    ),
    (
        "store",
        &[
            "address",
            "diagnostic",
            "digest",
            "sys",
            "resource",
            "state",
            "seal",
        ],
    ),
    (
        "provider",
        // What a provider shows is what a plan reads: observations and capabilities.
        &[
            "address",
            "diagnostic",
            "digest",
            "sys",
            "resource",
            "state",
            "plan",
        ],
    ),
    (
        "secret",
        &["address", "diagnostic", "digest", "sys", "resource"],
    ),
    (
        "install",
        &[
            "address",
            "diagnostic",
            "digest",
            "sys",
            "resource",
            "config",
            "catalog",
            "state",
            "provider",
            "secret",
        ],
    ),
    (
        "engine",
        &[
            "address",
            "diagnostic",
            "digest",
            "sys",
            "resource",
            "config",
            "cost",
            "catalog",
            "state",
            "desired",
            "plan",
            "store",
            "provider",
            "secret",
            "install",
        ],
    ),
    (
        "doctor",
        &[
            "address",
            "diagnostic",
            "digest",
            "sys",
            "resource",
            "state",
            "provider",
            "engine",
        ],
    ),
    (
        "render",
        // What it draws, and nothing that reaches a store or a provider.
        &[
            "address",
            "diagnostic",
            "digest",
            "resource",
            "cost",
            "catalog",
            "state",
            "desired",
            "plan",
            "engine",
            "doctor",
        ],
    ),
    (
        "cli",
        &[
            "address",
            "diagnostic",
            "digest",
            "sys",
            "resource",
            "config",
            "catalog",
            "state",
            "seal",
            "desired",
            "plan",
            "artifact",
            "store",
            "provider",
            "secret",
            "install",
            "engine",
            "doctor",
            "render",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates that stay in the rooms named.
const CRATES: [(&str, &[&str]); 17] = [
    ("bollard", &["src/provider/docker/"]),
    ("reqwest", &["src/sys/http"]),
    ("rustls", &["src/sys/http", "src/store/postgres/"]),
    ("tokio_rustls", &["src/store/postgres/"]),
    ("tokio_postgres", &["src/store/postgres/"]),
    ("object_store", &["src/store/object/"]),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/"]),
    ("petgraph", &["src/desired/"]),
    (
        "serde_yaml",
        &["src/config/", "src/catalog/", "src/artifact/"],
    ),
    ("serde_saphyr", &["src/config/", "src/catalog/"]),
    (
        "ring",
        &[
            "src/sys/",
            "src/digest.rs",
            "src/catalog/read.rs",
            "src/store/postgres/",
            "src/seal/",
        ],
    ),
    ("argon2", &["src/seal/"]),
    (
        "rustix",
        &[
            "src/sys/",
            "src/store/",
            "src/provider/local/",
            "src/cli/terminal.rs",
        ],
    ),
    ("miette", &["src/render/"]),
    ("tar", &["src/provider/docker/", "src/install/"]),
    ("toml", &["src/artifact/"]),
];

/// The pure rooms, and what they must not know.
const PURE: [&str; 8] = [
    "resource", "config", "catalog", "desired", "state", "plan", "artifact", "digest",
];
const IMPURE: [&str; 7] = [
    "tokio::",
    "crate::sys",
    "crate::provider",
    "std::fs",
    "std::env",
    "std::process",
    "std::time::Instant",
];

/// Every import that the table doesn't allow, and every one that would turn the pipeline round.
pub(crate) fn imports() -> Vec<String> {
    let mut broken = order();
    let table: BTreeMap<&str, &[&str]> = ROOMS.into();
    for file in program() {
        let room = file.room();
        if room == "lib" {
            continue;
        }
        let Some(allowed) = table.get(room) else {
            broken.push(format!("{}: room `{room}` isn't in the table", file.path));
            continue;
        };
        for (line, other) in edges(&file) {
            if other != room && !allowed.contains(&other.as_str()) && table.contains_key(&*other) {
                broken.push(format!("{}:{line}: `{room}` imports `{other}`", file.path));
            }
        }
    }
    broken
}

/// The table itself: each room only imports rooms above it.
fn order() -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut broken = Vec::new();
    for (room, allowed) in ROOMS {
        for other in allowed {
            if !known.contains(other) {
                broken.push(format!(
                    "the table lets `{room}` import `{other}`, a later room"
                ));
            }
        }
        known.insert(room);
    }
    broken
}

/// Crates and effects outside the rooms they belong to.
pub(crate) fn crates() -> Vec<String> {
    let mut broken = Vec::new();
    for file in program() {
        for (line, code) in file.code() {
            for (name, rooms) in CRATES {
                if mentions(code, &format!("{name}::"))
                    && !rooms.iter().any(|room| file.path.starts_with(room))
                {
                    broken.push(format!(
                        "{}:{line}: `{name}` belongs to {}",
                        file.path,
                        rooms.join(", ")
                    ));
                }
            }
            if PURE.contains(&file.room()) {
                for effect in IMPURE {
                    if mentions(code, effect) {
                        broken.push(format!(
                            "{}:{line}: a pure room knows `{effect}`",
                            file.path
                        ));
                    }
                }
            }
        }
    }
    broken
}

/// Whether code names a path, and not merely one that ends like it.
fn mentions(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    })
}

/// The program's own files, tests left out: they may look anywhere.
fn program() -> impl Iterator<Item = Source> {
    tree::below("src", &["rs"])
        .into_iter()
        .filter(|file| !file.is_test())
}

/// The rooms a file names as `crate::room`, with the line; grouped imports included.
fn edges(file: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, code) in file.code() {
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                // `use crate::{address, plan}` isn't how this house writes; refuse what can't be read.
                found.push((line, format!("{{{}", group.trim_end())));
                continue;
            }
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            // `$crate::` of a macro is the crate as well.
            found.push((line, rest[..end].to_owned()));
        }
    }
    found
}
