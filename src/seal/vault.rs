//! A state's data key, unwrapped: what seals and opens everything of that state.

use zeroize::Zeroizing;

use super::envelope::{self, Envelope, Kind};
use super::key::{KeyId, Raw, UnlockKey};
use super::wrap::{Cost, Wrap, data_id};
use super::{SealError, cipher, line};
use crate::state::{Lineage, Serial};
use crate::sys::Random;

/// A state's data key, unwrapped, and the same key as its envelopes carry it.
#[derive(Debug)]
pub struct Vault {
    data: Raw,
    id: KeyId,
    wrap: Wrap,
}

impl Vault {
    /// Makes a new data key and wraps it.
    pub fn new(key: &UnlockKey, cost: Cost, random: &Random) -> Result<Self, SealError> {
        let data = Raw::new(random.bytes());
        let wrap = Wrap::new(&data, key, cost, random)?;
        Ok(Self::of(data, wrap))
    }

    pub(super) fn of(data: Raw, wrap: Wrap) -> Self {
        Self {
            id: data_id(&data),
            data,
            wrap,
        }
    }

    pub(super) fn wrap(&self) -> &Wrap {
        &self.wrap
    }

    /// The public name of the data key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Seals bytes as what they are, of which state, as of which write; ends with a newline.
    pub fn seal(
        &self,
        kind: Kind,
        lineage: &Lineage,
        serial: Serial,
        bytes: &[u8],
        random: &Random,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let key = self.data.derive(&[], kind.purpose());
        envelope::write(kind, lineage, serial, &self.wrap, |bound| {
            cipher::encrypt(&key, bound, bytes, random)
        })
    }

    /// Opens an envelope that was sealed under this data key.
    pub fn open(&self, envelope: &Envelope<'_>) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if envelope.wrap().data != self.id {
            return Err(SealError::OtherDataKey {
                wanted: self.id,
                found: envelope.wrap().data,
            });
        }
        let key = self.data.derive(&[], envelope.kind().purpose());
        cipher::decrypt(&key, envelope.bound, envelope.sealed()?).ok_or(SealError::Changed)
    }

    /// Seals a group of a journal by itself; `first` is the number of its first entry.
    pub fn seal_group(
        &self,
        lineage: &Lineage,
        first: Serial,
        group: &[u8],
        random: &Random,
    ) -> Vec<u8> {
        line::seal_group(&self.data, self.id, lineage, first, group, random)
    }

    /// Opens a group of a journal.
    pub fn open_group(
        &self,
        lineage: &Lineage,
        first: Serial,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        line::open_group(&self.data, self.id, lineage, first, sealed)
    }

    /// Seals a group of a journal as a line, newline at the end.
    pub fn seal_line(
        &self,
        lineage: &Lineage,
        first: Serial,
        group: &[u8],
        random: &Random,
    ) -> Vec<u8> {
        line::write(first, &self.seal_group(lineage, first, group, random))
    }

    /// Opens a line of a journal, without newline; gives its number and what it holds.
    pub fn open_line(
        &self,
        lineage: &Lineage,
        line: &[u8],
    ) -> Result<(Serial, Vec<u8>), SealError> {
        let (first, sealed) = line::read(line)?;
        let mut group = self.open_group(lineage, first, &sealed)?;
        Ok((first, std::mem::take(&mut *group)))
    }
}
