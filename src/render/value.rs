//! A value as text: on one line where it fits, opened up where it doesn't.

use std::borrow::Cow;

use serde_json::Value;

use super::page::{Page, Tone};
use super::text::{cut, quote, short_id};

/// Longer strings are cut when shown; the JSON plan has them whole.
const STRING_MAX: usize = 240;
/// What a digest starts with.
const DIGEST: &str = "sha256:";

/// A value on one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), inline(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
    }
}

/// A string in quotes; an overlong one is cut outside of them, a digest to its first digits.
fn string(text: &str) -> String {
    // A digest is told from another by its first digits.
    if text.starts_with(DIGEST) && short_id(text).len() < text.len() {
        return format!("\"{}\"", short_id(text));
    }
    match text.char_indices().nth(STRING_MAX) {
        None => quote(text),
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!("{}... ({left} more characters)", quote(&text[..end]))
        }
    }
}

/// A key, bare where it is a plain word.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    let is_plain = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if is_plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(cut(&quote(name), STRING_MAX).into_owned())
    }
}

/// Whether a string is shown line by line.
pub(super) fn is_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

/// Writes a value after `key = `; nested lines start with the mark at the column.
pub(super) fn write(page: &mut Page, value: &Value, mark: Mark, column: usize, used: usize) {
    match value {
        Value::String(text) if is_block(text) => block(page, text, column),
        // Most values are short and plain, and a large plan has very many of them.
        Value::String(text) if text.len() <= STRING_MAX && !text.starts_with(DIGEST) => {
            page.quote(text);
        }
        Value::Number(number) => {
            page.show(number);
        }
        Value::Array(items) if !items.is_empty() && !fits(page, value, used) => {
            page.raw("[").end();
            for item in items {
                mark.write(page, column + 4);
                write(page, item, mark, column + 4, column + 6);
                page.raw(",").end();
            }
            page.pad(column + 2).raw("]");
        }
        Value::Object(members) if !members.is_empty() && !fits(page, value, used) => {
            page.raw("{").end();
            for (name, value) in members {
                let name = key(name);
                mark.write(page, column + 4);
                page.raw(&name).raw(" = ");
                write(page, value, mark, column + 4, column + 9 + name.len());
                page.end();
            }
            page.pad(column + 2).raw("}");
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            page.raw(&inline(value));
        }
    }
}

fn fits(page: &Page, value: &Value, used: usize) -> bool {
    let nested = |value: &Value| match value {
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => is_block(text),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => false,
    };
    // A list of objects reads better one to a line.
    let is_rows = matches!(value, Value::Array(items) if items.iter().any(nested));
    !is_rows && used + inline(value).chars().count() <= page.style.width
}

/// Writes a string of several lines between marks, each line made harmless.
fn block(page: &mut Page, text: &str, column: usize) {
    page.raw("<<-EOT").end();
    let text = text.strip_suffix('\n').unwrap_or(text);
    for line in text.split('\n') {
        page.pad(column + 6).user(&cut(line, STRING_MAX)).end();
    }
    page.pad(column + 2).raw("EOT");
}

/// What stands before a field: what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is set.
    Add,
    /// It is unset.
    Remove,
    /// It gets another value.
    Change,
    /// It stays.
    Same,
}

impl Mark {
    /// Writes the mark and a space at a column.
    pub(super) fn write(self, page: &mut Page, column: usize) {
        page.pad(column);
        match self {
            Self::Add => page.tone(Tone::Good, "+").raw(" "),
            Self::Remove => page.tone(Tone::Bad, "-").raw(" "),
            Self::Change => page.tone(Tone::Changed, "~").raw(" "),
            Self::Same => page.raw("  "),
        };
    }
}
