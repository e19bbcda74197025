//! The screen: turns the executor's events into lines; nothing else moves it.

use std::time::{Duration, Instant};

use super::session::Session;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{Audience, Event};
use crate::plan::Plan;
use crate::render::{self, EditMeta};

/// A screen with the session it writes to.
pub(crate) struct Shown<'a> {
    pub(crate) screen: &'a mut Screen,
    pub(crate) session: &'a mut Session,
}

impl Audience for Shown<'_> {
    fn event(&mut self, event: Event) {
        self.screen.event(self.session, &event);
    }

    fn beat(&mut self) {
        self.screen.tick(self.session);
    }
}

/// How often a screen is repainted while nothing happens.
const BEAT: Duration = Duration::from_millis(120);

/// The progress of one command.
pub(crate) struct Screen {
    progress: render::Progress,
    started: Instant,
    painted: Option<Instant>,
    /// How many lines of the last block stand on the screen.
    height: usize,
    live: bool,
    ended: Option<crate::engine::Summary>,
}

impl Screen {
    pub(crate) fn new(session: &Session) -> Self {
        let style = session.side_style();
        let live = session.terminal().progress && !session.quiet && !session.is_json();
        Self {
            progress: if live {
                render::Progress::live(&style)
            } else {
                render::Progress::plain(&style)
            },
            started: Instant::now(),
            painted: None,
            height: 0,
            live,
            ended: None,
        }
    }

    /// Shows one event.
    pub(crate) fn event(&mut self, session: &mut Session, event: &Event) {
        if let Event::Ended(summary) = event {
            self.ended = Some(summary.clone());
        }
        if session.tells_events() {
            let lines = render::event_json(event, session.world().clock.now());
            // A reader that went away must not stop the work.
            let _deaf = session.answer(&lines).is_err();
            return;
        }
        if session.quiet && !matches!(event, Event::Failed { .. } | Event::Warned(_)) {
            return;
        }
        let at = self.started.elapsed();
        let lines = self.progress.feed(event, at);
        self.paint(session, &lines, true);
    }

    /// Lets time pass on the screen.
    pub(crate) fn tick(&mut self, session: &mut Session) {
        if session.is_json() || session.quiet {
            return;
        }
        let due = self.painted.is_none_or(|painted| painted.elapsed() >= BEAT);
        if due {
            let lines = self.progress.tick(self.started.elapsed());
            self.paint(session, &lines, false);
        }
    }

    fn paint(&mut self, session: &mut Session, lines: &[String], at_once: bool) {
        if !self.live {
            for line in lines {
                session.aside(&format!("{line}\n"));
            }
            self.painted = Some(Instant::now());
            return;
        }
        let due = self.painted.is_none_or(|painted| painted.elapsed() >= BEAT);
        if lines.is_empty() && at_once && !due {
            return;
        }
        let rows = session
            .terminal()
            .size
            .map_or(24, |size| usize::from(size.rows));
        let block = self
            .progress
            .block(self.started.elapsed(), rows.saturating_sub(2));
        let mut text = self.erase();
        for line in lines.iter().chain(&block) {
            text.push_str(line);
            text.push('\n');
        }
        self.height = block.len();
        self.painted = Some(Instant::now());
        session.aside(&text);
    }

    /// The control sequence that takes the last block off the screen.
    fn erase(&mut self) -> String {
        let height = std::mem::take(&mut self.height);
        if height == 0 {
            return String::new();
        }
        format!("\x1b[{height}A\x1b[J")
    }

    /// Shows a plan, and the edit it was made from, as the events that programs read.
    pub(crate) fn planned(
        session: &mut Session,
        plan: &Plan,
        edit: Option<&EditMeta<'_>>,
    ) -> Result<(), Diagnostics> {
        let now = session.world().clock.now();
        let version = render::version_event_json(env!("CARGO_PKG_VERSION"), now);
        session.answer(&version)?;
        if let Some(edit) = edit {
            session.answer(&render::edit_planned_event_json(edit, now))?;
        }
        session.answer(&render::plan_events_json(plan, now))
    }

    /// Shows findings as events.
    pub(crate) fn diagnostics(
        session: &mut Session,
        findings: &[Diagnostic],
    ) -> Result<(), Diagnostics> {
        let now = session.world().clock.now();
        let mut text = String::new();
        for found in findings {
            text.push_str(&render::diagnostic_event_json(found, now));
        }
        session.answer(&text)
    }

    /// Says how it ended.
    pub(crate) fn done(&mut self, session: &mut Session) -> Result<(), Diagnostics> {
        if self.live {
            let erased = self.erase();
            session.aside(&erased);
        }
        let Some(summary) = self.ended.take().filter(|_| !session.is_json()) else {
            return Ok(());
        };
        let text = render::summary_human(&summary, &session.style());
        session.answer(&format!("\n{text}"))
    }
}
