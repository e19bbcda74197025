//! The lock: the operating system's, so that a killed process leaves none behind.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::files::{self, Durable};
use super::paths::Paths;
use crate::store::{LockInfo, LockRequest, StoreError};
use crate::sys::files::{list, remove_empty_dir, remove_file};
use crate::sys::{World, host_name};

/// How long to sleep between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a holder may take to say who it is.
const GRACE: Duration = Duration::from_millis(200);

/// The lock, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    paths: Paths,
    /// Whether the directory was made for it.
    made: bool,
    /// Closing it gives the lock back, whoever or whatever closes it.
    _file: File,
}

impl Lock {
    /// Takes the lock, and makes its directory where there is none.
    pub(super) fn take(
        paths: &Paths,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Self, StoreError> {
        loop {
            let made = files::create_private_directory(&paths.directory)?;
            if let Some(lock) = Self::take_there(paths, made, world, request, waiting)? {
                return Ok(lock);
            }
        }
    }

    /// Takes the lock; none where the one before it has removed the directory in the meantime.
    fn take_there(
        paths: &Paths,
        made: bool,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Option<Self>, StoreError> {
        let opened = files::private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&paths.lock);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                files::refuse_dangling(&paths.directory)?;
                return Ok(None);
            }
            Err(error) => return Err(StoreError::io(&paths.lock, error)),
        };
        let began = Instant::now();
        let mut told = None;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io(&paths.lock, error));
                }
            }
            let holder = read_info(&paths.lock_info);
            let elapsed = began.elapsed();
            if elapsed >= request.timeout && (holder.is_some() || elapsed >= GRACE) {
                let holder = holder.unwrap_or_else(|| unknown(world));
                return Err(StoreError::Held(Box::new(holder)));
            }
            if let Some(holder) = holder
                && told.as_ref() != Some(&holder.id)
            {
                waiting(&holder);
                told = Some(holder.id);
            }
            request.pause(PAUSE.min(request.timeout.saturating_sub(elapsed).max(PAUSE / 10)))?;
        }
        // What is locked must be what the next one finds.
        if !files::is_at(&file, &paths.lock).map_err(|error| StoreError::io(&paths.lock, error))? {
            return Ok(None);
        }
        let lock = Self {
            paths: paths.clone(),
            made,
            _file: file,
        };
        lock.say(&LockInfo::of_this_process(world, request.operation))?;
        Ok(Some(lock))
    }

    fn say(&self, info: &LockInfo) -> Result<(), StoreError> {
        let path = &self.paths.lock_info;
        let mut text =
            serde_json::to_vec(info).map_err(|error| StoreError::io(path, error.into()))?;
        text.push(b'\n');
        files::replace(path, &text, Durable::No)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only for people, and only true while the lock is held: leaving it does no harm.
        remove_file(&self.paths.lock_info).unwrap_or_default();
        if self.made {
            self.leave_nothing();
        }
    }
}

impl Lock {
    /// Removes the directory that was made for the lock, where nothing was begun in it.
    ///
    /// Whoever waits finds then that what it locked is gone, and makes both anew.
    fn leave_nothing(&self) {
        let Paths {
            directory,
            ignore,
            lock,
            ..
        } = &self.paths;
        let ours = |name: OsString| [ignore, lock].contains(&&directory.join(name));
        let Ok(names) = list(directory) else { return };
        if names.into_iter().all(ours) {
            let removed = remove_file(ignore)
                .and_then(|()| remove_file(lock))
                .and_then(|()| remove_empty_dir(directory));
            // What can't be removed does no harm.
            removed.unwrap_or_default();
        }
    }
}

/// Reads who holds the lock; none while a holder has not said so yet.
fn read_info(path: &Path) -> Option<LockInfo> {
    let bytes = files::read(path).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// Says why the lock of a running process can't be taken away.
pub(super) fn refuse_to_force(paths: &Paths, id: &str) -> Result<LockInfo, StoreError> {
    let store = || paths.directory.clone();
    match read_info(&paths.lock_info) {
        Some(holder) if is_held(paths)? => Err(if holder.id == id {
            StoreError::OfTheSystem(Box::new(holder))
        } else {
            StoreError::OtherHolder(Box::new(holder))
        }),
        Some(_) | None => Err(StoreError::NotHeld(store())),
    }
}

fn is_held(paths: &Paths) -> Result<bool, StoreError> {
    let io = |error| StoreError::io(&paths.lock, error);
    let file = File::open(&paths.lock).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// A holder that didn't say who it is.
fn unknown(world: &World) -> LockInfo {
    LockInfo {
        id: "unknown".to_owned(),
        who: "an unknown user".to_owned(),
        host: host_name(),
        operation: "an unknown command".to_owned(),
        since: world.clock.now(),
        pid: 0,
        expires: None,
    }
}
