//! What is looked for in bytes: values as they are, and as they look encoded.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Values that must not be found.
#[derive(Clone, Debug, Default)]
pub(super) struct Needles(Vec<(String, Vec<Vec<u8>>)>);

impl Needles {
    /// Looks for values, plain or as base64 or hexadecimal digits.
    pub(super) fn of<V: AsRef<[u8]>>(values: impl IntoIterator<Item = (String, V)>) -> Self {
        let forms = |(name, value): (String, V)| (name, forms(value.as_ref()));
        Self(values.into_iter().map(forms).collect())
    }

    /// Looks for words as they are.
    pub(super) fn words(words: &[&str]) -> Self {
        let plain = |word: &&str| ((*word).to_owned(), vec![word.as_bytes().to_vec()]);
        Self(words.iter().map(plain).collect())
    }

    /// Looks for these too.
    pub(super) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The name of one that bytes hold.
    pub(super) fn found(&self, bytes: &[u8]) -> Option<&str> {
        let has = |needle: &Vec<u8>| holds(bytes, needle);
        let found = self.0.iter().find(|(_, forms)| forms.iter().any(has));
        found.map(|(name, _)| name.as_str())
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

/// Whether bytes hold others.
pub(super) fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == needle[0]) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let digits = sindri::digest::hex(value);
    let mut forms = vec![
        value.to_vec(),
        digits.to_uppercase().into_bytes(),
        digits.into_bytes(),
    ];
    // Where in a group of three bytes it begins decides how it looks; so do its neighbours, at
    // both ends.
    for before in 0..3 {
        let shifted = [&b"xxx"[..before], value].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let coded = engine.encode(&shifted);
            forms.push(coded.as_bytes()[(before * 8).div_ceil(6)..coded.len() - 1].to_vec());
        }
    }
    forms
}

#[test]
fn a_value_is_found_however_it_is_encoded() {
    let needles = Needles::of([("it".to_owned(), "canary-1c3d")]);
    for before in ["", "a", "ab", "abc"] {
        for after in ["", "z", "zy"] {
            let text = format!("{before}canary-1c3d{after}");
            let coded = STANDARD_NO_PAD.encode(&text);
            for shown in [text.clone(), coded, sindri::digest::hex(text.as_bytes())] {
                assert_eq!(needles.found(shown.as_bytes()), Some("it"), "{shown}");
            }
        }
    }
    assert_eq!(needles.found(b"canary-1c3"), None);
}
