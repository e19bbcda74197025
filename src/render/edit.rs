//! An edit of a configuration, as people and programs see it.

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::page::{Page, Style, Tone};

/// Lines shown around what changes.
const CONTEXT: usize = 3;

/// An edit that isn't written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditMeta<'a> {
    /// The file as the person names it.
    pub file: &'a str,
    /// Its text.
    pub before: &'a str,
    /// Its text once it is edited.
    pub after: &'a str,
}

impl EditMeta<'_> {
    /// The file, and the difference as `patch` reads it.
    pub(super) fn json(&self) -> Value {
        let diff = TextDiff::from_lines(self.before, self.after)
            .unified_diff()
            .context_radius(CONTEXT)
            .header(self.file, self.file)
            .to_string();
        json!({"file": self.file, "diff": diff})
    }
}

/// An edit as a difference of lines.
pub fn edit_human(edit: &EditMeta<'_>, style: &Style) -> String {
    let mut page = Page::new(*style);
    page.start(Tone::Strong).user(edit.file).stop(Tone::Strong);
    page.raw(" would be edited:").end().end();
    let diff = TextDiff::from_lines(edit.before, edit.after);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let header = hunk.header().to_string();
        page.pad(2).tone(Tone::Faint, header.trim_end()).end();
        for change in hunk.iter_changes() {
            let line: &str = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let (mark, tone) = match change.tag() {
                ChangeTag::Delete => ("-", Some(Tone::Bad)),
                ChangeTag::Insert => ("+", Some(Tone::Good)),
                ChangeTag::Equal => (" ", None),
            };
            match tone {
                Some(tone) => page
                    .pad(2)
                    .start(tone)
                    .raw(mark)
                    .user(line)
                    .stop(tone)
                    .end(),
                None if line.is_empty() => page.end(),
                None => page.pad(2).raw(mark).user(line).end(),
            };
        }
    }
    page.end();
    page.into_text()
}
