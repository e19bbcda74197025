//! The recorder: what is committed, and what is kept of a run whose store was lost on the way.

use std::path::PathBuf;

use super::dispatcher::Journal;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::state::{Event, State};
use crate::store::StoreError;

/// A journal that may be lost while calls are running.
pub(super) struct Recorder<'a> {
    journal: &'a mut dyn Journal,
    lost: Option<Lost>,
}

/// A store that failed in the middle of an apply.
pub(super) struct Lost {
    error: StoreError,
    /// How those calls ended that were running then, or had ended just before.
    outcomes: Vec<Event>,
    /// Where they are kept instead, if anywhere.
    kept: Result<Option<PathBuf>, StoreError>,
}

impl Lost {
    /// The store failed while no call was being made.
    pub(super) fn at_the_start(error: StoreError) -> Self {
        Self {
            error,
            outcomes: Vec::new(),
            kept: Ok(None),
        }
    }
}

impl<'a> Recorder<'a> {
    pub(super) fn new(journal: &'a mut dyn Journal) -> Self {
        Self {
            journal,
            lost: None,
        }
    }

    /// The state with everything committed so far.
    pub(super) fn state(&self) -> &State {
        self.journal.state()
    }

    /// Whether nothing can be recorded any more.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Records a group; whether what it begins may be started.
    ///
    /// Once the store is lost, outcomes are kept on this host as they come in.
    pub(super) fn record(&mut self, group: Vec<Event>) -> bool {
        if group.is_empty() {
            return true;
        }
        let ended = |event: &&Event| !matches!(event, Event::Begin(_));
        let mut outcomes: Vec<Event> = group.iter().filter(ended).cloned().collect();
        match &mut self.lost {
            Some(lost) => lost.outcomes.append(&mut outcomes),
            None => match self.journal.commit(group) {
                Ok(()) => return true,
                Err(error) => {
                    self.lost = Some(Lost {
                        error,
                        outcomes,
                        kept: Ok(None),
                    });
                }
            },
        }
        if let Some(lost) = &mut self.lost
            && !lost.outcomes.is_empty()
        {
            lost.kept = self.journal.keep(&lost.outcomes);
        }
        false
    }

    /// How it ended: why the store was lost, and where the outcomes are.
    pub(super) fn end(self) -> Result<(), Lost> {
        self.lost.map_or(Ok(()), Err)
    }
}

/// Records the one outcome of a command that makes one call, or keeps it where it can't be recorded.
pub fn conclude(journal: &mut dyn Journal, outcome: Event) -> Result<(), Diagnostics> {
    let mut recorder = Recorder::new(journal);
    recorder.record(vec![outcome]);
    recorder.end().map_err(|lost| lost.diagnose())
}

impl Diagnose for Lost {
    fn diagnose(&self) -> Diagnostics {
        let mut found = self.error.diagnose();
        let count = match self.outcomes.len() {
            0 => return found,
            1 => "how 1 step ended".to_owned(),
            count => format!("how {count} steps ended"),
        };
        found.push(match &self.kept {
            Ok(Some(path)) => Diagnostic::advice(
                Code::new("engine::kept-here"),
                format!("{count} is kept in `{}`", path.display()),
            )
            .help(
                "the next command from here that writes the state records it; from anywhere else \
                what they made is found by its labels",
            ),
            Ok(None) => Diagnostic::advice(
                Code::new("engine::not-kept"),
                format!("{count} couldn't be recorded"),
            )
            .help("run the command again: what they made is found by its labels"),
            Err(error) => Diagnostic::advice(
                Code::new("engine::not-kept"),
                format!("{count} couldn't be recorded, nor kept on this host"),
            )
            .caused_by(error)
            .help("run the command again: what they made is found by its labels"),
        });
        found
    }
}
