//! Takes secret values out of whatever is about to be shown.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::Value;
use crate::digest::hex;

/// What stands where a value stood.
const MARK: &[u8] = b"(sensitive)";

/// Shorter values are left alone: they would make holes in every text.
const SHORTEST: usize = 4;

/// Longer patterns are looked for in pieces, so that a stream holds back little.
const LONGEST: usize = 1024;

/// Replaces secret values in texts and streams by `(sensitive)`; cheap to clone.
///
/// Looks for each value of at least four bytes: as it is, trimmed, each of its lines, as base64
/// (both alphabets, at every alignment within a longer text), as hexadecimal, as the inside of a
/// JSON string and percent-encoded.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Patterns>);

#[derive(Default)]
struct Patterns {
    all: Vec<Zeroizing<Vec<u8>>>,
    /// Indices into `all` by first byte.
    by_first: Vec<Vec<usize>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// Takes the values to be kept from sight.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut all = Vec::new();
        for value in values {
            forms(value.expose(), &mut all);
        }
        all.sort_by(|a, b| a.as_slice().cmp(b.as_slice()));
        all.dedup();
        let mut by_first = vec![Vec::new(); 256];
        for (index, pattern) in all.iter().enumerate() {
            by_first[usize::from(pattern[0])].push(index);
        }
        Self(Arc::new(Patterns { all, by_first }))
    }

    /// A text without the values.
    pub fn redact(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redact_bytes(text.as_bytes())).into_owned()
    }

    /// Bytes without the values.
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.stream();
        let mut out = stream.push(bytes);
        out.append(&mut stream.finish());
        out
    }

    /// Redacts what comes in chunks; a value may lie across any number of them.
    pub fn stream(&self) -> RedactorStream {
        RedactorStream {
            patterns: Arc::clone(&self.0),
            held: Zeroizing::new(Vec::new()),
            covered: 0,
            marked: false,
        }
    }
}

/// A stream being redacted.
pub struct RedactorStream {
    patterns: Arc<Patterns>,
    /// Bytes that may still turn out to begin a value.
    held: Zeroizing<Vec<u8>>,
    /// How many of the next bytes belong to a value found already.
    covered: usize,
    /// Whether the last thing given out is the mark of that value.
    marked: bool,
}

impl RedactorStream {
    /// Takes a chunk and gives out what is sure to hold no value.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(chunk);
        self.run(false)
    }

    /// Ends the stream and gives out the rest.
    pub fn finish(&mut self) -> Vec<u8> {
        self.run(true)
    }

    fn run(&mut self, last: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            match self.longest_match(at) {
                Found::Undecided if !last => break,
                Found::Undecided | Found::Nothing => {}
                Found::Value(length) => self.covered = self.covered.max(length),
            }
            if self.covered > 0 {
                if !self.marked {
                    out.extend_from_slice(MARK);
                    self.marked = true;
                }
                self.covered -= 1;
            } else {
                self.marked = false;
                out.push(self.held[at]);
            }
            at += 1;
        }
        self.held.drain(..at);
        out
    }

    /// The longest value that begins here; undecided while a longer one may still come.
    fn longest_match(&self, at: usize) -> Found {
        let rest = &self.held[at..];
        let Some(candidates) = self.patterns.by_first.get(usize::from(rest[0])) else {
            return Found::Nothing;
        };
        let mut longest = 0;
        for pattern in candidates.iter().map(|index| &self.patterns.all[*index]) {
            if rest.starts_with(pattern) {
                longest = longest.max(pattern.len());
            } else if pattern.starts_with(rest) {
                return Found::Undecided;
            }
        }
        if longest == 0 {
            Found::Nothing
        } else {
            Found::Value(longest)
        }
    }
}

enum Found {
    Nothing,
    Undecided,
    Value(usize),
}

/// Every form in which a value may show itself.
fn forms(value: &[u8], out: &mut Vec<Zeroizing<Vec<u8>>>) {
    let trimmed = value.trim_ascii();
    for whole in [value, trimmed] {
        add(whole.to_vec(), out);
        add(json_inside(whole), out);
        add(percent(whole), out);
        if whole.len() >= SHORTEST {
            add(hex(whole).into_bytes(), out);
            add(hex(whole).to_ascii_uppercase().into_bytes(), out);
            base64_forms(whole, out);
        }
    }
    for line in trimmed.split(|b| *b == b'\n') {
        add(line.trim_ascii().to_vec(), out);
    }
}

fn add(pattern: Vec<u8>, out: &mut Vec<Zeroizing<Vec<u8>>>) {
    let pattern = Zeroizing::new(pattern);
    if pattern.len() < SHORTEST {
        return;
    }
    if pattern.len() <= LONGEST {
        out.push(pattern);
        return;
    }
    out.extend(
        pattern
            .chunks_exact(LONGEST)
            .chain([&pattern[pattern.len() - LONGEST..]])
            .map(|piece| Zeroizing::new(piece.to_vec())),
    );
}

/// The value as base64 on its own, and as it shows in the base64 of something longer.
///
/// There it begins at one of three alignments; characters that depend on the neighbours are left
/// out of the pattern.
fn base64_forms(value: &[u8], out: &mut Vec<Zeroizing<Vec<u8>>>) {
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        add(engine.encode(value).into_bytes(), out);
        for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
            let mut shifted = Zeroizing::new(vec![0; before]);
            shifted.extend_from_slice(value);
            let open = usize::from(shifted.len() % 3 != 0);
            let text = Zeroizing::new(engine.encode(shifted.as_slice()));
            if let Some(inner) = text.as_bytes().get(skipped..text.len() - open) {
                add(inner.to_vec(), out);
            }
        }
    }
}

fn json_inside(value: &[u8]) -> Vec<u8> {
    let quoted = std::str::from_utf8(value)
        .ok()
        .and_then(|text| serde_json::to_vec(text).ok())
        .unwrap_or_default();
    quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default()
        .to_vec()
}

fn percent(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    for byte in value {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(*byte);
        } else {
            text.push(b'%');
            text.extend(hex(&[*byte]).to_ascii_uppercase().into_bytes());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[&str]) -> Redactor {
        let values: Vec<Value> = values
            .iter()
            .map(|v| Value::new(v.as_bytes().to_vec()))
            .collect();
        Redactor::new(&values)
    }

    fn contains(text: &[u8], pattern: &[u8]) -> bool {
        text.windows(pattern.len()).any(|window| window == pattern)
    }

    #[test]
    fn a_value_and_its_disguises_are_replaced() {
        let redactor = of(&["hunter2!", "abc", "two\nlines of it\n"]);
        assert_eq!(redactor.redact("pw hunter2! abc"), "pw (sensitive) abc");
        assert_eq!(redactor.redact("pw=aHVudGVyMiE= x"), "pw=(sensitive)= x");
        assert_eq!(redactor.redact("hunter2%21"), "(sensitive)");
        assert_eq!(redactor.redact(" lines of it;"), " (sensitive);");
        assert_eq!(redactor.redact("68756e7465723221"), "(sensitive)");
    }

    #[test]
    fn overlapping_values_are_covered_whole() {
        let redactor = of(&["abcdef", "defghi"]);
        assert_eq!(redactor.redact("xabcdefghix"), "x(sensitive)x");
    }

    #[test]
    fn a_value_within_longer_base64_is_found_at_every_alignment() {
        let redactor = of(&["correct horse battery"]);
        for user in ["u:", "us:", "use:"] {
            let text = STANDARD_NO_PAD.encode(format!("{user}correct horse battery"));
            let shown = redactor.redact(&text);
            assert!(shown.contains("(sensitive)"), "{shown}");
            assert!(shown.len() < 20, "{shown}");
        }
    }

    #[test]
    fn a_long_value_is_covered_in_pieces() {
        let long: String = (0..5000u32)
            .map(|i| char::from(b'a' + u8::try_from((i * i) % 23).unwrap()))
            .collect();
        assert_eq!(of(&[&long]).redact(&format!("<{long}>")), "<(sensitive)>");
    }

    proptest! {
        #[test]
        fn no_canary_passes_at_any_chunking(
            canaries in proptest::collection::vec("[a-cX-Z0-2\n]{4,12}", 1..4),
            parts in proptest::collection::vec((0..8usize, "[a-cX-Z0-2 \n]{0,6}"), 0..12),
            cuts in proptest::collection::vec(1..9usize, 1..20),
        ) {
            let canaries: Vec<String> = canaries
                .into_iter()
                .filter(|c| c.trim().len() >= SHORTEST)
                .collect();
            prop_assume!(!canaries.is_empty());
            let mut text = Vec::new();
            for (pick, between) in parts {
                text.extend_from_slice(between.as_bytes());
                match pick {
                    0..=3 => text.extend(canaries[pick % canaries.len()].bytes()),
                    4 => text.extend(STANDARD_NO_PAD.encode(&canaries[0]).bytes()),
                    _ => {}
                }
            }
            let values: Vec<Value> =
                canaries.iter().map(|c| Value::new(c.clone().into_bytes())).collect();
            let redactor = Redactor::new(&values);
            let whole = redactor.redact_bytes(&text);
            let mut stream = redactor.stream();
            let mut shown = Vec::new();
            let mut rest = text.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, next) = rest.split_at((*cut).min(rest.len()));
                shown.append(&mut stream.push(chunk));
                rest = next;
            }
            shown.append(&mut stream.finish());
            prop_assert_eq!(&shown, &whole, "chunking must not matter");
            for canary in &canaries {
                prop_assert!(!contains(&shown, canary.as_bytes()));
                prop_assert!(!contains(&shown, canary.trim().as_bytes()));
                prop_assert!(!contains(&shown, STANDARD_NO_PAD.encode(canary).as_bytes()));
            }
        }
    }
}
