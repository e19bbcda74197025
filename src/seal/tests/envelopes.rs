//! Envelopes: what goes in comes out, and nothing else.

use proptest::prelude::*;

use super::{file_key, lineage, sealed, vault};
use crate::seal::{Envelope, Keys, Kind, SealError, is_sealed};
use crate::state::Serial;

fn open(keys: &Keys, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    let envelope = Envelope::read(bytes)?;
    envelope.expect(Kind::Document, Some(&lineage(1)))?;
    Ok(keys.unlock(&envelope)?.open(&envelope)?.to_vec())
}

fn keys() -> Keys {
    Keys::new(Some(file_key(1)), None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_sealed_opens(text in prop::collection::vec(any::<u8>(), 0..2000)) {
        let sealed = sealed(&vault(&file_key(1)), &text);
        prop_assert!(is_sealed(&sealed));
        prop_assert_eq!(sealed.split(|byte| *byte == b'\n').count(), 2);
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&sealed).is_ok());
        prop_assert_eq!(open(&keys(), &sealed), Ok(text));
    }

    #[test]
    fn nothing_opens_that_was_changed(
        text in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let sealed = sealed(&vault(&file_key(1)), &text);
        let mut changed = sealed.clone();
        let at = at.index(changed.len());
        let end = (at + bytes.len()).min(changed.len());
        changed.splice(at..end, bytes);
        prop_assume!(changed != sealed);
        prop_assert!(open(&keys(), &changed).is_err());
    }
}

#[test]
fn no_changed_byte_opens() {
    let (keys, sealed) = (keys(), sealed(&vault(&file_key(1)), b"a state"));
    for at in 0..sealed.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = sealed.clone();
            changed[at] ^= flip;
            let opened = open(&keys, &changed);
            assert!(opened.is_err(), "byte {at} ^ {flip:#x} opened");
            assert!(
                !matches!(opened, Err(SealError::WrongKey { .. })),
                "byte {at} was taken for a wrong key"
            );
        }
    }
}

#[test]
fn every_truncation_is_an_error_of_its_own() {
    let (keys, sealed) = (keys(), sealed(&vault(&file_key(1)), b"a state"));
    for length in 0..sealed.len() {
        let error = open(&keys, &sealed[..length]).unwrap_err();
        let newline_only = length + 1 == sealed.len();
        let wanted = if newline_only {
            SealError::Changed
        } else {
            SealError::Truncated
        };
        assert_eq!(error, wanted, "cut at {length}");
    }
}

#[test]
fn what_is_swapped_is_told_apart() {
    let vault = vault(&file_key(1));
    let keys = keys();
    let seal = |kind, of| {
        vault
            .seal(
                kind,
                &lineage(of),
                Serial(7),
                b"x",
                &crate::sys::Random::system(),
            )
            .unwrap()
    };
    assert_eq!(
        open(&keys, &seal(Kind::Plan, 1)),
        Err(SealError::OtherKind {
            wanted: Kind::Document,
            found: Kind::Plan
        })
    );
    assert_eq!(
        open(&keys, &seal(Kind::Document, 2)),
        Err(SealError::OtherLineage {
            wanted: lineage(1),
            found: lineage(2)
        })
    );
}

#[test]
fn a_head_of_another_envelope_fits_no_other_text() {
    let (one, two) = (vault(&file_key(1)), vault(&file_key(1)));
    let text = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let at = text.find("\"text\"").unwrap();
        (text[..at].to_owned(), text[at..].to_owned())
    };
    let (first, second) = (text(&sealed(&one, b"1")), text(&sealed(&one, b"1")));
    let later = one
        .seal(
            Kind::Document,
            &lineage(1),
            Serial(8),
            b"1",
            &crate::sys::Random::system(),
        )
        .unwrap();
    let other = text(&sealed(&two, b"1"));
    assert_eq!(
        open(&keys(), format!("{}{}", first.0, second.1).as_bytes()),
        Ok(b"1".to_vec())
    );
    for head in [other.0, text(&later).0] {
        assert_eq!(
            open(&keys(), format!("{head}{}", first.1).as_bytes()),
            Err(SealError::Changed)
        );
    }
}

#[test]
fn newer_formats_and_plaintext_are_named() {
    let sealed = String::from_utf8(sealed(&vault(&file_key(1)), b"x")).unwrap();
    let newer = sealed.replacen("\"sealed\":1", "\"sealed\":2", 1);
    assert_eq!(open(&keys(), newer.as_bytes()), Err(SealError::Newer(2)));
    let unknown = "{\"sealed\":3,\"anything\":[]}\n";
    assert_eq!(open(&keys(), unknown.as_bytes()), Err(SealError::Newer(3)));
    assert_eq!(
        open(&keys(), b"{\"version\":1}\n"),
        Err(SealError::Plaintext)
    );
}
