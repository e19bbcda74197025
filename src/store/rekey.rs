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
    /// end no file is left in the old form, backups and versions included; gives also how many
    /// versions were dropped since no key given opens them.
    pub fn rekey(
        &mut self,
        sealing: &Sealing,
        world: &World,
        decrypt: bool,
        fingerprint: Option<Renew<'_>>,
    ) -> Result<(Rekeyed, usize), StoreError> {
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
        self.fold(false)?;
        self.keep_or_note();
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
        let dropped = self.reform_versions(sealing)?;
        self.keep_version()?;
        let form = match (before, decrypt) {
            (false, false) => Rekeyed::Encrypted,
            (true, false) => Rekeyed::Rotated,
            (_, true) => Rekeyed::Decrypted,
        };
        Ok((form, dropped))
    }

    /// Brings every version into the form that the state has now, and drops those that none of the
    /// keys given opens: how many.
    ///
    /// Their fingerprints stay those of their time: what is restored after a new fingerprint key
    /// was made has its secrets delivered once more.
    fn reform_versions(&mut self, sealing: &Sealing) -> Result<usize, StoreError> {
        let lineage = self.state.lineage.clone();
        let mut dropped = 0;
        for version in self.medium.versions(&lineage)?.iter().rev() {
            // What was written just now has its form.
            if version.serial == self.state.serial {
                continue;
            }
            let Some((path, bytes)) = self.medium.version(&lineage, version.serial)? else {
                continue;
            };
            match sealing.open(&path, Kind::Document, &bytes) {
                Ok(mut opened) => {
                    let plain = std::mem::take(&mut *opened.bytes);
                    let bytes = self
                        .form
                        .encode(Kind::Document, &lineage, version.serial, plain)
                        .map_err(|error| StoreError::io(&path, error.into()))?;
                    self.holding.keep_version(version, Some(&bytes))?;
                }
                Err(StoreError::Sealed { .. }) => {
                    self.holding.drop_version(&lineage, version.serial)?;
                    dropped += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(dropped)
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
