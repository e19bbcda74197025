//! The page: text with colours where they are wanted, and nothing in it that moves a terminal.

use std::fmt;

use anstyle::{AnsiColor, Effects};

use super::text::{clean, quote_into};

/// How text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used; without them no escape character is ever written.
    pub color: bool,
    /// Columns to keep within, where a line can be broken or a value cut.
    pub width: usize,
    /// Whether drawing characters beyond ASCII are used.
    pub unicode: bool,
}

impl Style {
    /// Plain ASCII at 80 columns: for files, pipes and CI.
    pub const PLAIN: Self = Self {
        color: false,
        width: 80,
        unicode: false,
    };

    /// A line across the page.
    pub(super) fn rule(self) -> String {
        let stroke = if self.unicode { "─" } else { "-" };
        stroke.repeat(self.width.clamp(20, 80))
    }
}

/// What a piece of text stands for; its colour follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something is made, or went well.
    Good,
    /// Something is changed.
    Changed,
    /// Something is deleted, or failed.
    Bad,
    /// Something is taken over or let go.
    Moved,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
}

impl Tone {
    fn ansi(self) -> anstyle::Style {
        let style = anstyle::Style::new();
        let color = |color: AnsiColor| style.fg_color(Some(color.into()));
        match self {
            Self::Good => color(AnsiColor::Green),
            Self::Changed => color(AnsiColor::Yellow),
            Self::Bad => color(AnsiColor::Red),
            Self::Moved => color(AnsiColor::Cyan),
            Self::Strong => style.effects(Effects::BOLD),
            Self::Faint => style.effects(Effects::DIMMED),
        }
    }
}

/// Text as it is being written.
pub(super) struct Page {
    text: String,
    pub(super) style: Style,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self {
            text: String::new(),
            style,
        }
    }

    /// Writes text of our own; what comes from outside goes through [`Page::user`].
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Writes text from outside, control characters made visible.
    pub(super) fn user(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&clean(text));
        self
    }

    /// Writes text from outside in quotes.
    pub(super) fn quote(&mut self, text: &str) -> &mut Self {
        quote_into(&mut self.text, text);
        self
    }

    /// Writes what displays as text of our own, such as numbers and addresses.
    pub(super) fn show(&mut self, shown: impl fmt::Display) -> &mut Self {
        let written = fmt::Write::write_fmt(&mut self.text, format_args!("{shown}"));
        debug_assert!(written.is_ok(), "a string takes any text");
        self
    }

    /// Writes text of our own, or cleaned before, in a tone.
    pub(super) fn tone(&mut self, tone: Tone, text: &str) -> &mut Self {
        self.start(tone).raw(text).stop(tone)
    }

    /// What follows is in a tone, until it is stopped.
    pub(super) fn start(&mut self, tone: Tone) -> &mut Self {
        if self.style.color {
            self.show(tone.ansi().render());
        }
        self
    }

    /// Ends a tone.
    pub(super) fn stop(&mut self, tone: Tone) -> &mut Self {
        if self.style.color {
            self.show(tone.ansi().render_reset());
        }
        self
    }

    /// Writes spaces.
    pub(super) fn pad(&mut self, columns: usize) -> &mut Self {
        self.text.extend(std::iter::repeat_n(' ', columns));
        self
    }

    /// Ends the line.
    pub(super) fn end(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// Takes what was written so far and keeps the room for more.
    pub(super) fn drain(&mut self, mut take: impl FnMut(&str)) {
        take(&self.text);
        self.text.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
