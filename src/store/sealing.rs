//! Where the keys of a state come from, and the form its bytes have in a store: plain or sealed.
//!
//! The one seam of encryption: stores hand over the bytes they read and those they want to write.

use std::borrow::Cow;
use std::cell::RefCell;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use super::StoreError;
use crate::seal::{Envelope, Keys, Kind, SealError, UnlockKey, Vault, is_sealed, is_sealed_line};
use crate::state::{
    JournalError, Lineage, Lines, OpenLine, Serial, State, read_document, read_line, read_lines,
};
use crate::sys::{Environment, Random, World, files};

/// The most bytes read of a key file.
const KEY_FILE_MAX: u64 = 4096;

/// Where the keys come from: read when they are first needed, and kept for the command's time.
#[derive(Clone, Debug)]
pub struct Sealing(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    environment: Arc<Environment>,
    random: Arc<Random>,
    /// The working directory, in which key files named by the environment are found.
    directory: PathBuf,
    /// The key file that the configuration names.
    configured: Option<PathBuf>,
    keys: OnceLock<Keys>,
}

/// The form of one state's bytes.
#[derive(Clone, Debug)]
pub struct Form {
    /// None where the state is plain.
    vault: Option<Arc<Vault>>,
    random: Arc<Random>,
}

impl Sealing {
    /// Keys of the environment, or else of the key file that the configuration names.
    pub fn new(world: &World, directory: &Path, configured: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            environment: Arc::clone(&world.environment),
            random: Arc::clone(&world.random),
            directory: directory.to_owned(),
            configured,
            keys: OnceLock::new(),
        }))
    }

    /// The keys.
    pub fn keys(&self) -> Result<&Keys, StoreError> {
        let inner = &*self.0;
        if let Some(keys) = inner.keys.get() {
            return Ok(keys);
        }
        let configured = inner.configured.as_deref();
        let current = inner.key(
            "SINDRI_STATE_PASSPHRASE",
            "SINDRI_STATE_KEY_FILE",
            configured,
        )?;
        let old = inner.key(
            "SINDRI_STATE_OLD_PASSPHRASE",
            "SINDRI_STATE_OLD_KEY_FILE",
            None,
        )?;
        Ok(inner.keys.get_or_init(|| Keys::new(current, old)))
    }

    /// The form of a state that isn't begun yet: sealed where a key is given.
    pub fn begin(&self, file: &Path) -> Result<Form, StoreError> {
        let fresh = self.keys()?.fresh(&self.0.random);
        Ok(self.form(fresh.map_err(|error| StoreError::sealed(file, error))?))
    }

    /// Plain, whatever keys are given.
    pub fn plain(&self) -> Form {
        self.form(None)
    }

    fn form(&self, vault: Option<Arc<Vault>>) -> Form {
        Form {
            vault,
            random: Arc::clone(&self.0.random),
        }
    }

    /// The form of a document, which isn't opened for it.
    pub fn form_of(&self, file: &Path, bytes: &[u8]) -> Result<Form, StoreError> {
        if !is_sealed(bytes) {
            return Ok(self.plain());
        }
        let sealed = |source| StoreError::sealed(file, source);
        let envelope = Envelope::read(bytes).map_err(sealed)?;
        let vault = self.keys()?.unlock(&envelope).map_err(sealed)?;
        Ok(self.form(Some(vault)))
    }

    /// The form in which something is, and its state and bytes.
    pub fn open(&self, file: &Path, kind: Kind, bytes: &[u8]) -> Result<Opened, StoreError> {
        let sealed = |source| StoreError::sealed(file, source);
        if !is_sealed(bytes) {
            return Ok(Opened {
                form: self.plain(),
                origin: None,
                bytes: Zeroizing::new(bytes.to_vec()),
            });
        }
        let envelope = Envelope::read(bytes).map_err(sealed)?;
        envelope.expect(kind, None).map_err(sealed)?;
        let vault = self.keys()?.unlock(&envelope).map_err(sealed)?;
        Ok(Opened {
            origin: Some((envelope.lineage().clone(), envelope.serial())),
            bytes: vault.open(&envelope).map_err(sealed)?,
            form: self.form(Some(vault)),
        })
    }

    /// Reads a document in whatever form it is; refuses a plain one where a key is given, unless
    /// its form is about to be changed.
    pub fn document(
        &self,
        file: &Path,
        bytes: &[u8],
        rekeying: bool,
    ) -> Result<(State, Form), StoreError> {
        let parse =
            |bytes: &[u8]| read_document(bytes).map_err(|error| StoreError::document(file, error));
        let sealed = |source| StoreError::sealed(file, source);
        if !is_sealed(bytes) {
            let state = parse(bytes)?;
            if !rekeying && self.keys()?.seals() {
                return Err(sealed(SealError::NotSealed));
            }
            return Ok((state, self.plain()));
        }
        let opened = self.open(file, Kind::Document, bytes)?;
        let state = parse(&opened.bytes)?;
        if let Some((lineage, serial)) = opened.origin {
            if lineage != state.lineage {
                return Err(sealed(SealError::OtherLineage {
                    wanted: lineage,
                    found: state.lineage,
                }));
            }
            if serial != state.serial {
                return Err(sealed(SealError::OtherSerial {
                    wanted: serial,
                    found: state.serial,
                }));
            }
        }
        Ok((state, opened.form))
    }
}

/// Something opened: its form, the state and write it is bound to where it was sealed, its bytes.
#[derive(Debug)]
pub struct Opened {
    /// The form it was in.
    pub form: Form,
    /// The state it belongs to and the write it is of; none where it was plain.
    pub origin: Option<(Lineage, Serial)>,
    /// What it holds.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Form {
    /// Whether the state is encrypted.
    pub fn is_sealed(&self) -> bool {
        self.vault.is_some()
    }

    /// Brings something into this form.
    pub fn encode(
        &self,
        kind: Kind,
        lineage: &Lineage,
        serial: Serial,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        match &self.vault {
            None => Ok(bytes),
            Some(vault) => vault.seal(kind, lineage, serial, &bytes, &self.random),
        }
    }

    /// Brings a line of the journal, with its newline, into this form.
    pub fn encode_line(&self, lineage: &Lineage, sequence: Serial, line: Vec<u8>) -> Vec<u8> {
        let Some(vault) = &self.vault else {
            return line;
        };
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        vault.seal_line(lineage, sequence, line, &self.random)
    }

    /// The lines of a journal in this form.
    pub(super) fn lines<'a>(
        &self,
        file: &Path,
        lineage: &Lineage,
        bytes: &'a [u8],
    ) -> Result<Lines<'a>, StoreError> {
        self.opening(file, lineage, &|open| read_lines(bytes, open))
    }

    /// The text of a group that is kept by itself, as a line in this form.
    pub(super) fn line<'a>(
        &self,
        file: &Path,
        lineage: &Lineage,
        number: usize,
        bytes: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, StoreError> {
        self.opening(file, lineage, &|open| {
            read_line(bytes, open).map_err(|error| match error {
                JournalError::Damaged { .. } => JournalError::Damaged { line: number },
                other @ (JournalError::OutOfOrder { .. } | JournalError::Newer(_)) => other,
            })
        })
    }

    /// Reads lines, and says why one couldn't be opened rather than that it is damaged.
    fn opening<T>(
        &self,
        file: &Path,
        lineage: &Lineage,
        read: &dyn Fn(&OpenLine<'_>) -> Result<T, JournalError>,
    ) -> Result<T, StoreError> {
        let refused = RefCell::new(None);
        let read = read(&|line| match self.decode_line(lineage, line) {
            Ok(line) => Some(line),
            Err(error) => {
                refused.borrow_mut().get_or_insert(error);
                None
            }
        });
        read.map_err(|error| match (error, refused.take()) {
            (JournalError::Damaged { .. }, Some(refused)) => StoreError::sealed(file, refused),
            (error, _) => StoreError::journal(file, error),
        })
    }

    fn decode_line<'a>(
        &self,
        lineage: &Lineage,
        line: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, SealError> {
        match &self.vault {
            // Damage of a plain line is the journal's own business.
            None if is_sealed_line(line) => Err(SealError::SealedInPlain),
            None => Ok(Cow::Borrowed(line)),
            Some(vault) => Ok(Cow::Owned(vault.open_line(lineage, line)?.1)),
        }
    }

    /// Reads a fingerprint key that must be in this form, of this state and under its data key.
    pub fn fingerprint_key(
        &self,
        file: &Path,
        lineage: &Lineage,
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let sealed = |source| StoreError::sealed(file, source);
        match &self.vault {
            None if is_sealed(bytes) => Err(sealed(SealError::SealedInPlain)),
            None => Ok(Zeroizing::new(bytes.to_vec())),
            Some(vault) => {
                let envelope = Envelope::read(bytes).map_err(sealed)?;
                envelope
                    .expect(Kind::FingerprintKey, Some(lineage))
                    .map_err(sealed)?;
                vault.open(&envelope).map_err(sealed)
            }
        }
    }
}

impl Inner {
    /// The key that one pair of variables gives.
    fn key(
        &self,
        passphrase: &'static str,
        file: &'static str,
        configured: Option<&Path>,
    ) -> Result<Option<UnlockKey>, StoreError> {
        let named = self
            .environment
            .get(file)
            .map(|path| self.directory.join(path));
        match (self.environment.get(passphrase), named) {
            (Some(_), Some(_)) => Err(StoreError::TwoKeys(passphrase, file)),
            (Some(text), None) => Ok(Some(UnlockKey::passphrase(text))),
            (None, Some(path)) => read_key_file(&path).map(Some),
            (None, None) => configured.map(read_key_file).transpose(),
        }
    }
}

/// Reads a key file, which nobody but its owner may read.
fn read_key_file(path: &Path) -> Result<UnlockKey, StoreError> {
    let io = |source| StoreError::NoKeyFile {
        file: path.to_owned(),
        source,
    };
    let mode = std::fs::metadata(path).map_err(io)?.mode();
    if mode & 0o077 != 0 {
        return Err(StoreError::OpenKeyFile {
            file: path.to_owned(),
            mode: mode & 0o777,
        });
    }
    let content = Zeroizing::new(files::read_limited(path, KEY_FILE_MAX).map_err(io)?);
    UnlockKey::key_file(&content).map_err(|source| StoreError::sealed(path, source))
}
