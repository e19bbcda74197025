//! What the corpus of `fuzz/` holds of documents, journals and what is sealed.

use std::path::Path;

use crate::seal::{Cost, Kind, UnlockKey, Vault};
use crate::state::sample::{history, lineage, states};
use crate::state::{JournalHeader, Serial, write_document, write_group};
use crate::sys::{Environment, Random};

/// Compares a file of the corpus with what it should hold; `SINDRI_BLESS=1` rewrites it.
fn check(name: &str, expected: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    if Environment::of_process().get("SINDRI_BLESS").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    assert!(
        std::fs::read(&path).unwrap_or_default() == expected,
        "fuzz/corpus/{name} is out of date: run the tests with SINDRI_BLESS=1"
    );
}

fn vault(key: &UnlockKey) -> Vault {
    let cost = Cost {
        memory: 8,
        passes: 1,
        lanes: 1,
    };
    Vault::new(key, cost, &Random::counted()).unwrap()
}

#[test]
fn the_corpus_is_up_to_date() {
    let groups = history(&(0..64).chain([200, 90, 255]).collect::<Vec<u8>>());
    let all = states(&groups);
    let (first, last) = (
        write_document(&all[0]).unwrap(),
        write_document(&all[all.len() - 1]).unwrap(),
    );
    check("document/first", &first);
    check("document/last", &last);
    let mut journal = JournalHeader::new(lineage(), Serial(0))
        .to_line()
        .into_bytes();
    let mut next = Serial(1);
    let key = UnlockKey::key_file(&[7; 32]).unwrap();
    let vault = vault(&key);
    let random = Random::counted();
    let seal = |kind, bytes: &[u8]| {
        vault
            .seal(kind, &lineage(), Serial(0), bytes, &random)
            .unwrap()
    };
    let mut sealed_journal = seal(Kind::Document, &first);
    for group in groups.iter().take(12) {
        let mut line = Vec::new();
        write_group(next, group, &mut line).unwrap();
        journal.extend_from_slice(&line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        sealed_journal.extend(vault.seal_line(&lineage(), next, line, &random));
        next = Serial(next.0 + group.len() as u64);
    }
    check("journal/groups", &journal);
    let torn = journal.len() - 40;
    check("journal/torn", &journal[..torn]);
    journal.extend_from_slice(&[0; 32]);
    check("journal/with-room", &journal);
    check("sealed/document-and-journal", &sealed_journal);
    check("sealed/key", &seal(Kind::FingerprintKey, &[9; 32]));
    check("sealed/plan", &seal(Kind::Plan, b"{\"sindri_plan\":1}\n"));
    let passphrase = self::vault(&UnlockKey::passphrase("corpus"));
    let by_passphrase = passphrase.seal(Kind::Document, &lineage(), Serial(0), &first, &random);
    check("sealed/by-passphrase", &by_passphrase.unwrap());
}
