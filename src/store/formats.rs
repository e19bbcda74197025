//! The committed schemas, and the frozen documents of every format there was.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::state::sample::{history, lineage, states};
use crate::state::{
    JournalHeader, Location, Serial, Transit, document_schema, journal_schema, read_document,
    write_document, write_group,
};
use crate::sys::Environment;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("state")
}

/// Compares a committed file with what it should hold; `SINDRI_BLESS=1` rewrites it.
fn check(name: &str, expected: &str) {
    let path = root().join(name);
    if Environment::of_process().get("SINDRI_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "state/{name} is out of date: run the tests with SINDRI_BLESS=1"
    );
}

/// A history in which every kind of resource, event, effect and status occurs.
fn everything() -> Vec<u8> {
    (0..=255).chain((0..=255).rev()).collect()
}

#[test]
fn the_schemas_are_up_to_date() {
    let text = |schema: &Value| format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    check("state.schema.json", &text(&document_schema()));
    check("journal.schema.json", &text(&journal_schema()));
}

#[test]
fn what_is_written_fits_the_schemas() {
    let read = |name: &str| {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
    };
    let (document, journal) = (read("state.schema.json"), read("journal.schema.json"));
    let groups = history(&everything());
    let mut lines = JournalHeader::new(lineage(), Serial(0))
        .to_line()
        .into_bytes();
    for group in &groups {
        write_group(Serial(1), group, &mut lines).unwrap();
    }
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let line: Value = serde_json::from_slice(line).unwrap();
        assert!(
            journal.is_valid(&line),
            "{:?}",
            journal.iter_errors(&line).next()
        );
    }
    for state in states(&groups) {
        let value: Value = serde_json::from_slice(&write_document(&state).unwrap()).unwrap();
        assert!(
            document.is_valid(&value),
            "{:?}",
            document.iter_errors(&value).next()
        );
    }
    assert!(!document.is_valid(&json!({"version": 1})));
    assert!(!journal.is_valid(&json!({"check": "0123456789abcdef", "entry": {}})));
}

/// Every format that was ever written is read, and written again as the newest.
///
/// A pair is frozen: it is never rewritten, only a new one is added with a new format.
#[test]
fn frozen_documents_of_every_format_are_upgraded() {
    let directory = root().join("upgrade");
    freeze(&directory, "1");
    freeze(&directory, "2");
    freeze(&directory, "3");
    let mut pairs = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(format) = name.strip_suffix(".in.json") {
            let state = read_document(&std::fs::read(&path).unwrap()).unwrap();
            let expected = std::fs::read(directory.join(format!("{format}.out.json"))).unwrap();
            assert!(
                write_document(&state).unwrap() == expected,
                "{name} reads differently"
            );
            pairs += 1;
        }
    }
    assert_eq!(pairs, 3, "one pair for every format");
}

fn sample_transit() -> Transit {
    let settings = [("store", "local"), ("path", "/srv/state")];
    Transit::Moved {
        to: Location(
            settings
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
        ),
        migration: "0123456789abcdef".to_owned(),
    }
}

/// Makes the pair of the present format when it is blessed for the first time.
fn freeze(directory: &Path, format: &str) {
    let pair = ["in", "out"].map(|side| directory.join(format!("{format}.{side}.json")));
    if Environment::of_process().get("SINDRI_BLESS").is_some() && !pair[0].exists() {
        let mut state = states(&history(&everything())).pop().unwrap();
        state.transit = (format == "3").then(sample_transit);
        std::fs::create_dir_all(directory).unwrap();
        for path in pair {
            std::fs::write(path, write_document(&state).unwrap()).unwrap();
        }
    }
}
