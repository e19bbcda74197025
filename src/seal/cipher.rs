//! Authenticated encryption: AES-256-GCM with a random nonce before each text.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::key::Raw;
use crate::sys::Random;

/// The cipher's name in envelopes.
pub(super) const NAME: &str = "aes-256-gcm";

/// How many bytes longer the ciphertext is: the nonce before it and the tag behind it.
pub(super) const OVERHEAD: usize = NONCE_LEN + 16;

/// Encrypts; `bound` is authenticated with the text, and must be the same at decryption.
pub(super) fn encrypt(key: &Raw, bound: &[u8], text: &[u8], random: &Random) -> Vec<u8> {
    let nonce = random.bytes::<NONCE_LEN>();
    let mut sealed = Vec::with_capacity(text.len() + OVERHEAD);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(text);
    let tag = keyed(key).seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(bound),
        &mut sealed[NONCE_LEN..],
    );
    #[expect(
        clippy::expect_used,
        reason = "the cipher refuses nothing shorter than 64 GiB, which no state is"
    )]
    sealed.extend_from_slice(tag.expect("a text short enough").as_ref());
    sealed
}

/// Decrypts; none where key, bound bytes or text aren't the ones it was encrypted with.
pub(super) fn decrypt(key: &Raw, bound: &[u8], mut sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = keyed(key)
        .open_in_place(nonce, Aad::from(bound), rest)
        .ok()?
        .len();
    // The room of the nonce and the tag is given back without a second copy of the text.
    sealed.copy_within(NONCE_LEN..NONCE_LEN + length, 0);
    let mut text = Zeroizing::new(sealed);
    text.truncate(length);
    Some(text)
}

fn keyed(key: &Raw) -> LessSafeKey {
    #[expect(
        clippy::expect_used,
        reason = "the key has the cipher's length by type"
    )]
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose()).expect("a key of 32 bytes"))
}
