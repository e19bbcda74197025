//! Fuzzing as a plain test: the corpus of `fuzz/`, and some thousand mutations of each of its files.
//!
//! By seed, so that a failure names what to run again.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

#[expect(
    unreachable_pub,
    reason = "they are public where the fuzzer takes them from"
)]
#[path = "../fuzz/feed.rs"]
mod feed;

/// How many mutations of each file are fed.
const MUTATIONS: u64 = 2000;

/// The longest that one input may take.
const LONGEST: Duration = Duration::from_secs(10);

type Feed = fn(&[u8]);

const FEEDS: [(&str, Feed); 6] = [
    ("document", feed::document),
    ("journal", feed::journal),
    ("plan", feed::plan),
    ("lock_info", feed::lock_info),
    ("sealed", feed::sealed),
    ("edit", feed::edit),
];

/// One trial a reader.
pub(crate) fn trials() -> Vec<Trial> {
    FEEDS
        .into_iter()
        .map(|(name, feed)| Trial::test(format!("fuzz::{name}"), move || run(name, feed)))
        .collect()
}

fn run(name: &str, feed: Feed) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    if files.is_empty() {
        return Err(Failed::from("the corpus is empty"));
    }
    let contents: Vec<Vec<u8>> = files.iter().map(fs::read).collect::<Result<_, _>>()?;
    for (path, content) in files.iter().zip(&contents) {
        for seed in 0..=MUTATIONS {
            let bytes = match seed {
                0 => content.clone(),
                seed => mutate(content, &contents, seed),
            };
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| feed(&bytes)));
            if outcome.is_err() || begun.elapsed() > LONGEST {
                let what = if outcome.is_err() { "panics" } else { "hangs" };
                return Err(Failed::from(format!(
                    "{} with seed {seed} {what}",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

/// A content changed in a few places; the same seed changes it alike.
fn mutate(content: &[u8], others: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut random = Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = content.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let to = at + random.below((bytes.len() - at).min(64) + 1);
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len() + 1);
                let until = from + random.below((other.len() - from).min(64) + 1);
                bytes.splice(at..to, other[from..until].iter().copied());
            }
            4 => {
                let words: [&[u8]; 9] = [
                    b"18446744073709551615",
                    b"-1",
                    b"1e999",
                    b"null",
                    b"\"\"",
                    b"[[[[[[[[",
                    b"\n",
                    b"\0\0",
                    b"\xff\xfe",
                ];
                bytes.splice(at..at, words[random.below(words.len())].iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    bytes
}

/// Numbers that look random (xorshift).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap_or(0)
    }
}
