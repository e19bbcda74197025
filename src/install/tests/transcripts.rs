//! What is tried again: real last words of tools that failed, each met once.
//!
//! Recorded against a server that misbehaves and hosts that aren't there; hosts, paths and addresses
//! were replaced.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const AGAIN: &[&str] = &[
    // A list that names what is gone is fetched anew.
    "apt-404",
    "apt-503",
    "apt-cut",
    "apt-dns",
    "apt-refused",
    "cargo-503",
    "cargo-cut",
    "cargo-dns",
    "cargo-refused",
    "curl-429",
    "curl-503",
    "curl-cut",
    "curl-dns",
    "curl-refused",
    "curl-slow",
    "mise-503",
    "mise-dns",
    "mise-refused",
    "npm-429",
    "npm-503",
    "npm-cut",
    "npm-dns",
    "npm-refused",
    // pip takes what was cut for what was tampered with: only the second time it is sure.
    "pip-checksum",
    "pip-cut",
    "pip-cut-again",
    // pip says the same of a server that is busy as of a package that doesn't exist.
    "pip-404",
    "pip-503",
    "pip-none",
    "pip-dns",
    "pip-refused",
    "wget-503",
    "wget-dns",
];

const NEVER: &[&str] = &[
    "apt-checksum",
    "apt-none",
    "cargo-checksum",
    "cargo-none",
    "curl-404",
    "curl-certificate",
    "curl-full",
    "curl-loop",
    "mise-404",
    "npm-404",
    "npm-certificate",
    "npm-checksum",
    "npm-full",
    "pip-certificate",
    "pip-full",
    "wget-404",
    "wget-certificate",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/install/tests/transcripts")
}

/// The runner's own judgement of transcripts that one step leaves, one after the other, with one of the
/// shells that a machine may have: whether the last is the end of it.
fn is_permanent(shell: &[&str], names: &[&str]) -> bool {
    let runner = include_str!("../shell/run.sh");
    let start = runner.find("passing() {").unwrap();
    let last = runner.find("permanent() {").unwrap();
    let end = last + runner[last..].find("\n}\n").unwrap() + 3;
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("tails")).unwrap();
    let mut script = runner[start..end].to_owned();
    for name in names {
        let text = folder().join(format!("{name}.txt"));
        writeln!(script, "cp '{}' tails/1\npermanent 1 1", text.display()).unwrap();
    }
    let status = Command::new(shell[0])
        .args(&shell[1..])
        .args(["-c", &script])
        .current_dir(directory.path())
        .status()
        .unwrap();
    status.success()
}

#[test]
fn every_transcript_is_judged_as_it_should_be() {
    let mut wrong = Vec::new();
    for shell in [&["dash"][..], &["busybox", "sh"]] {
        for (names, permanent) in [(AGAIN, false), (NEVER, true)] {
            for name in names {
                if is_permanent(shell, &[name]) != permanent {
                    wrong.push(format!("{name} ({})", shell[0]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_checksum_that_is_wrong_twice_stays_wrong() {
    for shell in [&["dash"][..], &["busybox", "sh"]] {
        assert!(is_permanent(shell, &["pip-checksum", "pip-checksum"]));
        assert!(is_permanent(shell, &["pip-503", "pip-cut", "pip-cut"]));
        // Cut at another place it is another one.
        assert!(!is_permanent(shell, &["pip-cut", "pip-cut-again"]));
    }
}

#[test]
fn no_transcript_is_left_out() {
    let listed: BTreeSet<String> = AGAIN
        .iter()
        .chain(NEVER)
        .map(|name| format!("{name}.txt"))
        .collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, listed);
}
