//! Members of a collection in brackets: added and taken out, commas and lines kept in order.

use std::ops::Range;

use super::lines::{Splices, indent, is_blank, line_break, line_end, line_start, next_line};
use super::syntax::{Form, Piece, Syntax};

/// The members of `[…]` or `{…}` in a text.
pub(super) struct Members<'a> {
    text: &'a str,
    syntax: &'a Syntax,
    /// Where the closing bracket stands.
    close: usize,
    /// What is between the brackets where there are no members.
    inner: Range<usize>,
    parts: Vec<Range<usize>>,
}

impl<'a> Members<'a> {
    /// The members of a collection in brackets.
    pub(super) fn of(text: &'a str, syntax: &'a Syntax, whole: &Piece) -> Self {
        let parts = match &whole.form {
            Form::List { items, .. } => items.iter().map(|item| item.span.clone()).collect(),
            Form::Map { pairs, .. } => pairs
                .iter()
                .map(|pair| pair.key.span.start..pair.end())
                .collect(),
            Form::Scalar { .. } | Form::Alias => Vec::new(),
        };
        let close = whole.span.end.saturating_sub(1);
        Self {
            text,
            syntax,
            close,
            inner: (whole.span.start + 1).min(close)..close,
            parts,
        }
    }

    /// Adds members at the end.
    pub(super) fn append(&self, new: &[String]) -> Splices {
        let mut splices = Splices::default();
        let Some(last) = self.parts.last() else {
            let inner = &self.text[self.inner.clone()];
            let padding = if is_blank(self.text, self.inner.clone()) {
                inner
            } else {
                ""
            };
            splices.insert(self.close, new.join(", ") + padding);
            return splices;
        };
        let comma = self.comma_after(last.end);
        if let Some(indent) = self.own_lines(last) {
            let line = line_end(self.text, comma.map_or(last.end, |comma| comma + 1));
            let feed = line_break(self.text, last.end);
            let mut added: Vec<String> = new
                .iter()
                .map(|one| format!("{feed}{indent}{one}"))
                .collect();
            match comma {
                None => splices.insert(last.end, ","),
                Some(_) => added.push(String::new()),
            }
            splices.insert(line, added.join(","));
        } else {
            let separator = self.separator();
            for one in new {
                splices.insert(last.end, format!("{separator}{one}"));
            }
        }
        splices
    }

    /// Takes a member out, with the comment on its own line.
    pub(super) fn remove(&self, index: usize) -> Splices {
        let mut splices = Splices::default();
        let part = self.parts[index].clone();
        let comma = self.comma_after(part.end);
        let end = comma.map_or(part.end, |comma| comma + 1);
        let previous = index.checked_sub(1).map(|before| &self.parts[before]);
        let next = self.parts.get(index + 1);
        if self.own_lines(&part).is_some() {
            splices.delete(line_start(self.text, part.start)..next_line(self.text, end));
            if let Some(before) = previous.filter(|_| comma.is_none())
                && let Some(comma) = self.comma_after(before.end)
            {
                splices.delete(comma..comma + 1);
            }
            return splices;
        }
        match (previous, next) {
            (_, Some(next)) if self.on_one_line(part.end, next.start) => {
                splices.delete(part.start..next.start);
            }
            (Some(before), _) if self.on_one_line(before.end, part.start) => {
                splices.delete(before.end..part.end);
            }
            (_, Some(_)) => splices.delete(part.start..end),
            (Some(before), None) => {
                splices.delete(part);
                if let Some(other) = self.comma_after(before.end).filter(|_| comma.is_none()) {
                    splices.delete(other..other + 1);
                }
            }
            (None, None) => {
                let rest = self.text[end..self.close].trim_start_matches(' ').len();
                splices.delete(part.start..self.close - rest);
            }
        }
        splices
    }

    /// The comma after a member, past blanks, line ends and comments.
    fn comma_after(&self, end: usize) -> Option<usize> {
        let mut at = end;
        while at < self.close {
            if let Some(comment) = self.syntax.comment_in(at..at + 1) {
                at = comment.end;
                continue;
            }
            match self.text.as_bytes()[at] {
                b',' => return Some(at),
                b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                _ => return None,
            }
        }
        None
    }

    /// The blanks before a member that has its lines for itself, but for a comment.
    fn own_lines(&self, part: &Range<usize>) -> Option<&'a str> {
        let indent = indent(self.text, part.start)?;
        let comma = self.comma_after(part.end);
        let end = comma.map_or(part.end, |comma| comma + 1);
        let line = line_end(self.text, end);
        let rest = end..line;
        let is_commented = self.syntax.comment_in(rest.clone()).is_some();
        let is_last_on_line = is_commented || is_blank(self.text, rest);
        let is_apart = line < self.close && self.on_one_line(part.end, end);
        (is_last_on_line && is_apart).then_some(indent)
    }

    fn on_one_line(&self, from: usize, to: usize) -> bool {
        !self.text[from..to].contains('\n')
    }

    /// What stands between the last two members; a comma and a space where that can't be told.
    fn separator(&self) -> &'a str {
        let [.., before, last] = &*self.parts else {
            return ", ";
        };
        let between = &self.text[before.end..last.start];
        let is_plain = between
            .bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b','));
        if is_plain { between } else { ", " }
    }
}
