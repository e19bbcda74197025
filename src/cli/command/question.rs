//! Questions: only a person at a terminal answers, and may stop instead.

use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};

use super::pace::stopped_by;
use crate::cli::session::{Session, small_runtime};
use crate::cli::signals::Heed;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::engine::Stop;

/// What is asked, and what to do where nobody can be.
pub(super) struct Question<'a> {
    pub(super) what: &'a str,
    pub(super) instead: &'a str,
}

impl Question<'_> {
    /// Asks for a command that does nothing else meanwhile.
    pub(super) fn put_alone(&self, session: &mut Session) -> Result<bool, Diagnostics> {
        let runtime = small_runtime()?;
        let stop = session.heed(Heed::Once, None)?;
        self.put(session, &runtime, &stop)
    }

    /// Whether a person says yes; without one there is an error that says what to do instead.
    pub(super) fn put(
        &self,
        session: &mut Session,
        runtime: &Runtime,
        stop: &watch::Receiver<Stop>,
    ) -> Result<bool, Diagnostics> {
        if !session.terminal().input || session.is_json() {
            return Err(vec![
                Diagnostic::error(
                    Code::new("cli::no-terminal"),
                    "nobody can be asked whether to go on: there is no terminal",
                )
                .help(self.instead),
            ]);
        }
        session.aside(&format!(
            "\n{}\nOnly `yes` is taken as an answer: ",
            self.what
        ));
        let nobody = Box::new(|| Ok(None));
        let mut read = std::mem::replace(&mut session.host.ask, nobody);
        let (tell, told) = oneshot::channel();
        // Reading a terminal can't be broken off: the thread is left behind where a person stops.
        std::thread::spawn(move || {
            let line = read();
            let _nobody_waits = tell.send((line, read)).is_err();
        });
        let mut stop = stop.clone();
        let answered = runtime.block_on(async {
            tokio::select! {
                Ok(answered) = told => Ok(answered),
                Ok(stopped) = stop.wait_for(|stop| *stop != Stop::Go) => Err(*stopped),
                else => Err(Stop::Now),
            }
        });
        let (line, read) = answered.map_err(|stopped| {
            session.aside("\n");
            stopped_by(stopped)
        })?;
        session.host.ask = read;
        let line = line.map_err(|error| {
            vec![
                Diagnostic::error(Code::new("cli::input"), "the answer couldn't be read")
                    .because(error.to_string()),
            ]
        })?;
        Ok(line.is_some_and(|line| line.trim() == "yes"))
    }
}
