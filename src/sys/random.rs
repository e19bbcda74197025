//! Random bytes.

use std::sync::Mutex;

use ring::rand::{SecureRandom, SystemRandom};

use crate::digest::Digest;

/// A source of random bytes.
#[derive(Debug)]
pub enum Random {
    /// The system's.
    System(SystemRandom),
    /// Reproducible: SHA-256 of a counter. For tests; not for keys that shall hold.
    Counted(Mutex<u64>),
}

impl Random {
    /// The system's.
    pub fn system() -> Self {
        Self::System(SystemRandom::new())
    }

    /// Reproducible bytes.
    pub fn counted() -> Self {
        Self::Counted(Mutex::new(0))
    }

    /// `N` random bytes; at most 32.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            #[expect(
                clippy::expect_used,
                reason = "a kernel that can't give random bytes leaves nothing safe to do"
            )]
            Self::System(source) => source.fill(&mut bytes).expect("random bytes"),
            Self::Counted(counter) => {
                let mut counter = counter
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                *counter += 1;
                let digest = Digest::of_bytes(&counter.to_be_bytes());
                let hex = digest.as_str().trim_start_matches("sha256:").as_bytes();
                for (byte, pair) in bytes.iter_mut().zip(hex.chunks(2)) {
                    let digit = |b: u8| char::from(b).to_digit(16).unwrap_or(0);
                    *byte = u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap_or(0);
                }
            }
        }
        bytes
    }
}
