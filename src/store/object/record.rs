//! The lock object: who holds the state, until when, and which holders were cut off; pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store::LockInfo;

/// What the lock object holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The format's version.
    pub(super) version: u32,
    /// Counts the holders that were cut off; part of the name of every group they write.
    pub(super) epoch: u64,
    /// Epochs whose holders may still be at work: the next one to write keeps them from it first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) unfenced: Vec<u64>,
    /// The server that was seen to honour conditions.
    pub(super) proven: String,
    /// How often it was written since it was taken, so that no two writes are alike.
    #[serde(default)]
    pub(super) renewals: u64,
    /// Who holds it; none where it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) holder: Option<LockInfo>,
}

/// What somebody who wants the lock finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It can be had, by writing this.
    Free(Record),
    /// Somebody has it.
    Held(LockInfo),
}

impl Record {
    const FORMAT: u32 = 1;

    /// The record of a lock that nobody had yet.
    pub(super) fn first() -> Self {
        Self {
            version: Self::FORMAT,
            epoch: 1,
            unfenced: Vec::new(),
            proven: String::new(),
            renewals: 0,
            holder: None,
        }
    }

    /// Whether the lock can be had, and what taking it means.
    pub(super) fn look(self, me: &LockInfo, now: Timestamp, life: Duration) -> Finding {
        let free = match &self.holder {
            None => self,
            Some(holder) => match holder.expires {
                Some(expires) if now >= expires => self.cut_off(),
                Some(_) | None => return Finding::Held(holder.clone()),
            },
        };
        Finding::Free(
            Self {
                holder: Some(me.clone()),
                renewals: 0,
                ..free
            }
            .renewed(now, life),
        )
    }

    /// The record with a later end.
    pub(super) fn renewed(mut self, now: Timestamp, life: Duration) -> Self {
        let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
        self.renewals += 1;
        if let Some(holder) = &mut self.holder {
            holder.expires = Some(now.checked_add(life).unwrap_or(Timestamp::MAX));
        }
        self
    }

    /// The record after its holder gave the lock back, with nothing of its writes under way.
    pub(super) fn released(self) -> Self {
        Self {
            holder: None,
            renewals: self.renewals + 1,
            ..self
        }
    }

    /// The record after the lock was taken from a holder who may still be at work.
    pub(super) fn cut_off(mut self) -> Self {
        self.unfenced.push(self.epoch);
        Self {
            epoch: self.epoch + 1,
            holder: None,
            renewals: self.renewals + 1,
            ..self
        }
    }

    /// Whether this process has it.
    pub(super) fn is_held_by(&self, id: &str) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.id == id)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        (record.version == Self::FORMAT).then_some(record)
    }
}
