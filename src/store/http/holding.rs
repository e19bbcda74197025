//! One address while its lock is held: every write is all of it.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::medium::Server;
use super::protocol::{Body, Content, Holder};
use crate::state::Lineage;
use crate::store::StoreError;
use crate::store::background::Background;
use crate::store::medium::{Document, Group, Holding, Ready, Start};

/// All that is kept, while it may be written.
#[derive(Debug)]
pub(super) struct Held {
    server: Server,
    background: Arc<Background>,
    /// None where a person said that nobody else writes.
    lock: Option<Holder>,
    content: Content,
    /// Why nothing more may be written.
    stopped: Option<Stopped>,
}

#[derive(Clone, Copy, Debug)]
enum Stopped {
    /// Another has the lock.
    Lost,
    /// What became of a write isn't known.
    Unknown,
}

impl Held {
    pub(super) fn new(server: Server, background: Arc<Background>, lock: Option<Holder>) -> Self {
        Self {
            server,
            background,
            lock,
            content: Content::default(),
            stopped: None,
        }
    }

    /// Writes all of it; on an error what is kept here is as it was.
    fn save(&mut self, content: Content, lineage: &Lineage, serial: u64) -> Result<(), StoreError> {
        self.usable()?;
        let body = Body::new(serial, lineage.as_str(), &content);
        let (server, id) = (
            self.server.clone(),
            self.lock.as_ref().map(|l| l.id.clone()),
        );
        let saved = self
            .background
            .wait(async move { server.save(&body, id.as_deref()).await });
        match saved {
            Some(Ok(())) => {
                self.content = content;
                Ok(())
            }
            Some(Err(error)) => {
                if matches!(error, StoreError::Lost(_)) {
                    self.stopped = Some(Stopped::Lost);
                } else if matches!(error, StoreError::Unreachable { .. }) {
                    self.stopped = Some(Stopped::Unknown);
                }
                Err(error)
            }
            None => {
                self.stopped = Some(Stopped::Unknown);
                self.usable()
            }
        }
    }
}

impl Holding for Held {
    fn resume(&mut self, _start: Start) -> Result<Ready, StoreError> {
        let server = self.server.clone();
        // The key comes with the rest, and goes with it at every write.
        match self.background.wait(async move { server.load().await }) {
            Some(loaded) => self.content = loaded?.unwrap_or_default(),
            None => self.stopped = Some(Stopped::Unknown),
        }
        self.usable().map(|()| Ready::Yes)
    }

    fn usable(&self) -> Result<(), StoreError> {
        match self.stopped {
            None => Ok(()),
            Some(Stopped::Lost) => Err(StoreError::Lost(self.server.name())),
            Some(Stopped::Unknown) => Err(StoreError::Poisoned(self.server.name())),
        }
    }

    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        let mut content = self.content.clone();
        content.journal.push(group.line.to_vec());
        self.save(content, group.lineage, group.last.0)
    }

    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.replace(document)
    }

    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        let content = Content {
            document: document.bytes.to_vec(),
            journal: Vec::new(),
            key: self.content.key.clone(),
        };
        self.save(content, document.lineage, document.serial.0)
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        // It goes with the next document: there is one body for both.
        self.content.key = Zeroizing::new(bytes.to_vec());
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A write that may still arrive needs the lock until a person has looked.
        if self.stopped.is_none()
            && let Some(lock) = self.lock.take()
        {
            let server = self.server.clone();
            // Where it can't be given back, the next command is told how to.
            let _kept = self
                .background
                .wait(async move { server.unlock(&lock).await });
        }
    }
}
