//! One address while its lock is held: every write is all of it.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::left::Left;
use super::medium::{Server, Unsaved};
use super::protocol::{Body, Content, Holder};
use crate::state::{Lineage, Serial, Version as Dated};
use crate::store::StoreError;
use crate::store::background::Background;
use crate::store::local::History;
use crate::store::medium::{Document, Group, Holding, Ready, Start};

/// All that is kept, while it may be written.
#[derive(Debug)]
pub(super) struct Held {
    server: Server,
    background: Arc<Background>,
    /// None where a person said that nobody else writes.
    lock: Option<Holder>,
    /// Told of a lock that can't be given back.
    left: Left,
    /// Where versions are kept; none where nobody said.
    history: Option<History>,
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
    pub(super) fn new(
        server: Server,
        background: Arc<Background>,
        lock: Option<Holder>,
        left: Left,
        history: Option<History>,
    ) -> Self {
        Self {
            server,
            background,
            lock,
            left,
            history,
            content: Content::default(),
            stopped: None,
        }
    }

    /// Writes all of it; on an error what is kept here is as it was.
    ///
    /// Where no answer comes, it is looked up what became of the write. One that arrived counts;
    /// one that didn't may still be on its way, so nothing follows it.
    fn save(&mut self, content: Content, lineage: &Lineage, serial: u64) -> Result<(), StoreError> {
        self.usable()?;
        let body = Body::new(serial, lineage.as_str(), &content);
        let (server, id) = (
            self.server.clone(),
            self.lock.as_ref().map(|l| l.id.clone()),
        );
        let (before, after) = (self.content.clone(), content.clone());
        let saved = self.background.wait(async move {
            let lost = || (Err(StoreError::Lost(server.name())), Some(Stopped::Lost));
            let error = match server.save(&body, id.as_deref()).await {
                Ok(()) => return (Ok(()), None),
                Err(Unsaved::Refused(error)) => return (Err(error), None),
                Err(Unsaved::Lost) => return lost(),
                Err(Unsaved::Unheard(error)) => error,
            };
            match server.load().await.map(Option::unwrap_or_default) {
                Ok(found) if found == after => (Ok(()), None),
                Ok(found) if found.records_as(&before) => (Err(error), Some(Stopped::Unknown)),
                Ok(_) => lost(),
                Err(_) => (Err(error), Some(Stopped::Unknown)),
            }
        });
        let Some((result, stopped)) = saved else {
            self.stopped = Some(Stopped::Unknown);
            return self.usable();
        };
        self.stopped = stopped;
        if result.is_ok() {
            self.content = content;
        }
        result
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
        self.save(content, document.lineage, document.serial.0)?;
        if let Some(version) = document.version {
            // Where that fails, it isn't found as kept.
            let _unkept = self.keep_version(version, Some(document.bytes));
        }
        Ok(())
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        // It goes with the next document: there is one body for both.
        self.content.key = Zeroizing::new(bytes.to_vec());
        Ok(())
    }

    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError> {
        let history = self.history.as_ref();
        Ok(history.is_none_or(|history| history.has(lineage, serial)))
    }

    fn keep_version(&mut self, version: &Dated, document: Option<&[u8]>) -> Result<(), StoreError> {
        match &self.history {
            Some(history) => history.keep(document.unwrap_or(&self.content.document), version),
            None => Ok(()),
        }
    }

    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError> {
        match &self.history {
            Some(history) => history.drop_version(lineage, serial),
            None => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let (server, holder) = (self.server.clone(), lock.clone());
        let was_lost = matches!(self.stopped, Some(Stopped::Lost));
        let given = self
            .background
            .wait(async move { server.give_back(&holder, was_lost).await });
        if given != Some(true) {
            self.left.note(lock.told());
        }
    }
}
