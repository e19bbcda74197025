//! Versions in a bucket: an object each, the note on its first line, the document after it.
//!
//! A note and its document are written together or not at all, and a listing of names tells which
//! writes are kept and how large they are.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt};

use super::bucket::{Bucket, Put};
use crate::state::{Lineage, Serial, Version, versions_to_keep};
use crate::store::{Damage, StoreError};

/// The folder of versions.
const FOLDER: &str = "versions";

/// How many bytes of an object are read for its note.
const NOTE_MAX: u64 = 4096;

/// How many notes are read at once.
const ABREAST: usize = 16;

/// What is kept, by the names of the objects, with their sizes.
pub(super) type Listed = BTreeMap<String, u64>;

/// What the object of a version is called: ordered by serial, apart from those of other lineages.
pub(super) fn name(lineage: &Lineage, serial: Serial) -> String {
    format!("{:020}{}", serial.0, tail(lineage))
}

fn tail(lineage: &Lineage) -> String {
    let short = lineage.as_str().get(..8).unwrap_or_default();
    format!(".{short}.json")
}

/// The versions that are there.
pub(super) async fn list(bucket: &Bucket) -> Result<Listed, StoreError> {
    Ok(bucket.list(FOLDER).await?.into_iter().collect())
}

/// The notes of the versions of a lineage, the newest first; one that can't be read is left out.
pub(super) async fn notes(bucket: &Bucket, lineage: &Lineage) -> Result<Vec<Version>, StoreError> {
    let tail = tail(lineage);
    let names: Vec<String> = list(bucket)
        .await?
        .into_keys()
        .filter(|name| name.ends_with(&tail))
        .rev()
        .collect();
    let notes: Vec<Option<Version>> = futures_util::stream::iter(names)
        .map(|name| async move { note(bucket, &name).await })
        .buffered(ABREAST)
        .try_collect()
        .await?;
    let ours = |version: &Version| version.lineage == *lineage;
    Ok(notes.into_iter().flatten().filter(ours).collect())
}

async fn note(bucket: &Bucket, name: &str) -> Result<Option<Version>, StoreError> {
    let key = key(name);
    let Some(start) = bucket.start(&key, NOTE_MAX).await? else {
        return Ok(None);
    };
    if let Some((version, _)) = split(&start) {
        return Ok(Some(version));
    }
    // Longer names than anybody's: then the note is longer too.
    let whole = bucket.get(&key).await?;
    Ok(whole.and_then(|found| Some(split(&found.bytes)?.0)))
}

/// The document of a version, and what its object is called; none under this serial.
pub(super) async fn document(
    bucket: &Bucket,
    lineage: &Lineage,
    serial: Serial,
) -> Result<Option<(std::path::PathBuf, Vec<u8>)>, StoreError> {
    let key = key(&name(lineage, serial));
    let Some(found) = bucket.get(&key).await? else {
        return Ok(None);
    };
    let file = bucket.file(&key);
    match split(&found.bytes) {
        Some((version, document)) if version.lineage == *lineage && version.serial == serial => {
            Ok(Some((file, document.to_vec())))
        }
        Some(_) | None => Err(StoreError::Damaged {
            file,
            source: Box::new(Damage::Version),
        }),
    }
}

/// Keeps a document as a version, in place of one of its serial; gives the size of its object.
pub(super) async fn put(
    bucket: &Bucket,
    version: &Version,
    document: &[u8],
    listed: &Listed,
) -> Result<u64, StoreError> {
    let name = name(&version.lineage, version.serial);
    let key = key(&name);
    let bytes = join(version, document)
        .map_err(|error| StoreError::io(&bucket.file(&key), error.into()))?;
    let size = bytes.len() as u64;
    if !listed.contains_key(&name)
        && let Put::Done(_) = bucket.create(&key, &bytes).await?
    {
        return Ok(size);
    }
    replace(bucket, &key, &bytes).await?;
    Ok(size)
}

/// Puts one in place of an earlier one of its serial, as a change of the state's form leaves it.
async fn replace(bucket: &Bucket, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let put = match bucket.get(key).await? {
        Some(found) if found.bytes == bytes => return Ok(()),
        Some(found) => bucket.update(key, bytes, found.version).await?,
        None => bucket.create(key, bytes).await?,
    };
    match put {
        Put::Done(_) => Ok(()),
        Put::Taken => Err(StoreError::Busy(bucket.name().to_owned())),
    }
}

/// Removes what is too much of a lineage, the oldest first, and forgets it.
pub(super) async fn prune(
    bucket: &Bucket,
    lineage: &Lineage,
    listed: &mut Listed,
) -> Result<(), StoreError> {
    let tail = tail(lineage);
    let of_lineage = listed
        .iter()
        .rev()
        .filter(|(name, _)| name.ends_with(&tail));
    let (names, sizes): (Vec<String>, Vec<u64>) =
        of_lineage.map(|(name, size)| (name.clone(), *size)).unzip();
    let surplus = &names[versions_to_keep(&sizes)..];
    if surplus.is_empty() {
        return Ok(());
    }
    bucket
        .remove(surplus.iter().map(|name| key(name)).collect())
        .await?;
    for name in surplus {
        listed.remove(name);
    }
    Ok(())
}

/// Removes one version; one that is gone already is no error.
pub(super) async fn drop_one(bucket: &Bucket, name: &str) -> Result<(), StoreError> {
    bucket.remove(vec![key(name)]).await
}

fn key(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn join(version: &Version, document: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(version)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(document);
    Ok(bytes)
}

/// The note and the document; none where the first line is no note.
fn split(bytes: &[u8]) -> Option<(Version, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (note, rest) = bytes.split_at(end);
    Some((serde_json::from_slice(note).ok()?, &rest[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{State, Written};

    #[test]
    fn a_version_is_what_was_put_together_and_nothing_else_is_one() {
        let state = State::new("dev", Lineage::from_random([7; 16]));
        let written = Written {
            when: jiff::Timestamp::UNIX_EPOCH,
            who: "ada\nlovelace".into(),
            host: "wren".into(),
            command: "apply".into(),
        };
        let version = Version::of(&state, Some(written));
        for document in [&b""[..], b"\n", b"{}\n{}\n", b"\0\xff\n"] {
            let bytes = join(&version, document).unwrap();
            assert_eq!(split(&bytes), Some((version.clone(), document)));
            for length in 0..bytes.len() - document.len() {
                assert_eq!(split(&bytes[..length]), None);
            }
        }
        assert_eq!(split(b"\n"), None);
        assert_eq!(split(b"{}\nx"), None);
        let [one, other] = [9, 10].map(|serial| name(&state.lineage, Serial(serial)));
        assert!(one < other);
    }
}
