//! A process group that dies with its guard.

use rustix::process::{Pid, Signal, kill_process_group};

/// The group of a child started as its own leader; killed when dropped, unless released.
pub(super) struct Group(Option<Pid>);

impl Group {
    /// Takes the id of a child that leads its group.
    pub(super) fn of(id: Option<u32>) -> Self {
        Self(id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Signals every process of the group; one that is gone already needs no signal.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Lets what is left of the group live on.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
