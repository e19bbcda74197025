//! The little of TOML that an artifact is written in.

use std::fmt::Write as _;

/// A document under construction: plain keys first, then tables.
#[derive(Debug, Default)]
pub(super) struct Toml(String);

impl Toml {
    /// Begins a table.
    pub(super) fn table(&mut self, name: &str) {
        self.line(&format!("\n[{name}]"));
    }

    /// Begins one more table of a list.
    pub(super) fn entry(&mut self, name: &str) {
        self.line(&format!("\n[[{name}]]"));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }

    pub(super) fn number(&mut self, key: &str, value: impl Into<u64>) {
        self.line(&format!("{key} = {}", value.into()));
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.line(&format!("{key} = {value}"));
    }

    pub(super) fn list(&mut self, key: &str, values: &[&str]) {
        let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        self.line(&format!("{key} = [{}]", values.join(", ")));
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

/// A string: as it is where it has several lines and nothing in it that would end it.
fn quoted(text: &str) -> String {
    let literal = text.contains('\n')
        && !text.contains("'''")
        && !text.ends_with('\'')
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || !c.is_control());
    if literal {
        return format!("'''\n{text}'''");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String can't fail.
            c if c.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_written_so_that_nothing_ends_it() {
        for (text, written) in [
            ("plain", r#""plain""#),
            (r#"a "b" \c"#, r#""a \"b\" \\c""#),
            ("tab\tbell\u{7}del\u{7f}", r#""tab\tbell\u0007del\u007F""#),
            ("two\nlines ''", r#""two\nlines ''""#),
            ("two\n'' lines", "'''\ntwo\n'' lines'''"),
            ("two\n''' lines", r#""two\n''' lines""#),
            ("two\r\nlines", r#""two\u000D\nlines""#),
        ] {
            assert_eq!(quoted(text), written);
        }
    }
}
