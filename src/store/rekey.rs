//! Changing the form of a state: encrypting it, giving it another key, decrypting it.

use zeroize::Zeroizing;

use super::locked::seal_key;
use super::reading::parse_key;
use super::{Locked, Sealing, StoreError};
use crate::digest::FingerprintKey;
use crate::seal::{Kind, SealError};
use crate::state::State;
use crate::sys::World;

/// Gives the secrets of a state other fingerprints, under a new key.
pub type Renew<'a> = &'a dyn Fn(&mut State, &FingerprintKey);

/// What a change of form did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rekeyed {
    /// A plain state is sealed now.
    Encrypted,
    /// A sealed state is sealed under another key.
    Rotated,
    /// A sealed state is plain now.
    Decrypted,
}

impl Locked {
    /// Brings every file of the state into another form: sealed under a new data key with the key
    /// given now, or plain; `fingerprint` gives secrets other fingerprints under a new key.
    ///
    /// A crash leaves files in both forms, which this same call accepts and finishes. In the
    /// end no file is left in the old form, backups included.
    pub fn rekey(
        &mut self,
        sealing: &Sealing,
        world: &World,
        decrypt: bool,
        fingerprint: Option<Renew<'_>>,
    ) -> Result<Rekeyed, StoreError> {
        self.usable()?;
        if self.is_new {
            return Err(StoreError::NotBegun(self.medium.names().store.clone()));
        }
        if !decrypt && !sealing.keys()?.seals() {
            return Err(StoreError::NoNewKey);
        }
        let before = self.form.is_sealed();
        // The journal must be empty before the document changes its form: its lines are in the old.
        self.journal_counts = true;
        self.compact()?;
        let key = self.key_bytes(sealing)?;
        self.form = if decrypt {
            sealing.plain()
        } else {
            sealing.begin(&self.medium.names().document)?
        };
        let key = match fingerprint {
            Some(renew) => {
                let key = Zeroizing::new(world.random.bytes::<32>());
                renew(&mut self.state, &FingerprintKey::new(&key));
                key
            }
            None => key,
        };
        self.state.serial = self.state.serial.next();
        let sealed = seal_key(&*self.medium, &self.form, &self.state, &key)?;
        self.holding.put_key(&sealed)?;
        self.journal_counts = true;
        self.compact()?;
        self.key = FingerprintKey::new(&key);
        self.holding.drop_backups()?;
        self.holding.drop_versions()?;
        self.keep_version()?;
        Ok(match (before, decrypt) {
            (false, false) => Rekeyed::Encrypted,
            (true, false) => Rekeyed::Rotated,
            (_, true) => Rekeyed::Decrypted,
        })
    }

    /// The fingerprint key's bytes, in whatever form they are.
    fn key_bytes(&self, sealing: &Sealing) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let path = &self.medium.names().key;
        let bytes = self.medium.key()?.unwrap_or_default();
        let opened = sealing.open(path, Kind::FingerprintKey, &bytes)?;
        if let Some((lineage, _)) = &opened.origin
            && *lineage != self.state.lineage
        {
            let swapped = SealError::OtherLineage {
                wanted: self.state.lineage.clone(),
                found: lineage.clone(),
            };
            return Err(StoreError::sealed(path, swapped));
        }
        parse_key(path, &opened.bytes)?;
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&opened.bytes);
        Ok(key)
    }
}
