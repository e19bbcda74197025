//! The terminal of this process.

use std::io;

use crate::provider::TerminalSize;

/// The size of the screen behind standard error, output or input, whichever is a terminal.
pub(crate) fn size() -> Option<TerminalSize> {
    let found = rustix::termios::tcgetwinsize(io::stderr())
        .or_else(|_| rustix::termios::tcgetwinsize(io::stdout()))
        .or_else(|_| rustix::termios::tcgetwinsize(io::stdin()))
        .ok()?;
    (found.ws_col > 0 && found.ws_row > 0).then_some(TerminalSize {
        rows: found.ws_row,
        columns: found.ws_col,
    })
}

/// A terminal whose keys come through unchanged until this is dropped.
pub(crate) struct Raw(rustix::termios::Termios);

impl Raw {
    /// Puts the terminal behind standard input into raw mode.
    pub(crate) fn enter() -> io::Result<Self> {
        let before = rustix::termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        let now = rustix::termios::OptionalActions::Now;
        rustix::termios::tcsetattr(io::stdin(), now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let now = rustix::termios::OptionalActions::Now;
        // A terminal that went away needs no restoring.
        let _gone = rustix::termios::tcsetattr(io::stdin(), now, &self.0).is_err();
    }
}
