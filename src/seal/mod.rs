//! Seals: encryption at rest and signatures; bytes and keys in, bytes out; pure but for the
//! randomness that is handed in.

mod cipher;
mod envelope;
mod error;
mod key;
mod keys;
mod line;
mod pem;
mod signature;
#[cfg(test)]
mod tests;
mod vault;
mod wrap;

pub use envelope::{Envelope, Kind, is_sealed};
pub use error::{Opener, SealError};
pub use key::{KeyId, UnlockKey};
pub use keys::Keys;
pub use line::is_sealed_line;
pub use signature::{
    Signature, SignatureError, Signed, SigningKey, VerifyingKey, sign, split_signature,
};
pub use vault::Vault;
pub use wrap::Cost;
