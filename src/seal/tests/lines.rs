//! Sealed lines of a journal.

use super::{file_key, lineage, vault};
use crate::seal::{SealError, Vault};
use crate::state::Serial;
use crate::sys::Random;

fn sealed(vault: &Vault, text: &[u8]) -> Vec<u8> {
    let mut line = vault.seal_line(&lineage(1), Serial(3), text, &Random::system());
    assert_eq!(line.pop(), Some(b'\n'));
    line
}

#[test]
fn a_line_stays_a_line_and_opens() {
    let vault = vault(&file_key(1));
    let line = sealed(&vault, b"one\ntwo\0");
    assert!(!line.contains(&b'\n'));
    assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
    assert_eq!(
        vault.open_line(&lineage(1), &line),
        Ok((Serial(3), b"one\ntwo\0".to_vec()))
    );
}

#[test]
fn no_changed_and_no_cut_line_opens() {
    let vault = vault(&file_key(1));
    let line = sealed(&vault, b"an event");
    for at in 0..line.len() {
        assert!(vault.open_line(&lineage(1), &line[..at]).is_err());
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = line.clone();
            changed[at] ^= flip;
            assert!(vault.open_line(&lineage(1), &changed).is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_line_of_another_state_or_key_is_refused() {
    let (one, two) = (vault(&file_key(1)), vault(&file_key(1)));
    let line = sealed(&one, b"x");
    assert_eq!(one.open_line(&lineage(2), &line), Err(SealError::Changed));
    assert_eq!(
        two.open_line(&lineage(1), &line),
        Err(SealError::OtherDataKey {
            wanted: two.id(),
            found: one.id()
        })
    );
    assert_eq!(
        one.open_line(&lineage(1), b"{\"check\":\"\"}"),
        Err(SealError::Plaintext)
    );
    assert_eq!(
        one.open_line(&lineage(1), b"{\"sealed\":9}"),
        Err(SealError::Newer(9))
    );
}
