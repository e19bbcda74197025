//! `.env` files: `KEY=value` lines, read without ever panicking or repeating a value.
//!
//! `export` before a key, comments, single quotes (literal, over several lines), double quotes
//! (escapes `\n \r \t \\ \" \$` and a backslash at the end of a line, over several lines). An
//! unquoted value ends at a `#` after white space. Variables aren't expanded.

use std::sync::Arc;

use super::Value;
use crate::diagnostic::{Code, Diagnostic, Place};

/// What a file holds: the last value of each key, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Dotenv {
    /// Keys and values in the file's order; a later one wins.
    pub(super) entries: Vec<(String, Value)>,
    /// Lines that couldn't be read; they hold no value.
    pub(super) findings: Vec<Diagnostic>,
}

impl Dotenv {
    /// Reads a file's bytes; `name` is the file as the person knows it.
    pub(super) fn parse(name: &str, bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = Reader {
            name: Arc::from(name),
            bytes,
            at: 0,
            line: 1,
            file: Self::default(),
        };
        while reader.at < bytes.len() {
            reader.entry();
        }
        reader.file
    }

    /// The value of a key; an empty one counts as unset, as in the shell's environment.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
            .filter(|value| !value.expose().is_empty())
    }
}

struct Reader<'a> {
    name: Arc<str>,
    bytes: &'a [u8],
    at: usize,
    line: usize,
    file: Dotenv,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        while !matches!(self.next(), None | Some(b'\n')) {}
    }

    /// Reads one line, or several where a quoted value goes on.
    fn entry(&mut self) {
        self.skip_blanks();
        match self.peek() {
            None => return,
            Some(b'\n' | b'#') => return self.skip_line(),
            Some(_) => {}
        }
        let line = self.line;
        let mut key = self.word();
        self.skip_blanks();
        if key == b"export" && self.peek() != Some(b'=') {
            key = self.word();
            self.skip_blanks();
        }
        let valid = key
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if key.is_empty() || !valid || self.peek() != Some(b'=') {
            self.warn(line);
            return self.skip_line();
        }
        let key = String::from_utf8_lossy(&key).into_owned();
        self.at += 1;
        self.skip_blanks();
        let value = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let Some(value) = self.quoted(quote) else {
                    self.unterminated(line, &key, quote);
                    return;
                };
                self.skip_line();
                value
            }
            _ => self.unquoted(),
        };
        self.file.entries.push((key, Value::new(value)));
    }

    fn word(&mut self) -> Vec<u8> {
        let start = self.at;
        while !matches!(
            self.peek(),
            None | Some(b'=' | b' ' | b'\t' | b'\r' | b'\n')
        ) {
            self.at += 1;
        }
        self.bytes[start..self.at].to_vec()
    }

    /// The rest of a quoted value; `None` where the file ends first.
    fn quoted(&mut self, quote: u8) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        loop {
            match self.next()? {
                byte if byte == quote => return Some(value),
                b'\\' if quote == b'"' => match self.next()? {
                    b'n' => value.push(b'\n'),
                    b'r' => value.push(b'\r'),
                    b't' => value.push(b'\t'),
                    b'\n' => {}
                    byte @ (b'\\' | b'"' | b'$' | b'`') => value.push(byte),
                    byte => value.extend([b'\\', byte]),
                },
                byte => value.push(byte),
            }
        }
    }

    fn unquoted(&mut self) -> Vec<u8> {
        let start = self.at;
        let mut end = start;
        let mut after_blank = true;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => break,
                b'#' if after_blank => break,
                b' ' | b'\t' | b'\r' => after_blank = true,
                _ => {
                    after_blank = false;
                    end = self.at + 1;
                }
            }
            self.at += 1;
        }
        let value = self.bytes[start..end].to_vec();
        self.skip_line();
        value
    }

    /// Where a finding stands: the file and the line, and of the line nothing but a key, since the
    /// rest may be a value.
    fn place(&self, line: usize, key: &str) -> Place {
        let shown = if key.is_empty() {
            "(hidden)".to_owned()
        } else {
            format!("{key}=(sensitive)")
        };
        Place {
            file: Arc::clone(&self.name),
            line,
            column: 1,
            length: shown.len(),
            source_line: Arc::from(shown),
        }
    }

    fn warn(&mut self, line: usize) {
        let finding = Diagnostic::warning(
            Code::new("secret::dotenv-line"),
            "this line isn't `KEY=value` and was left out",
        )
        .at(self.place(line, ""))
        .help("write `KEY=value`, put a `#` before a comment, and quote a value of several lines");
        self.file.findings.push(finding);
    }

    fn unterminated(&mut self, line: usize, key: &str, quote: u8) {
        let quote = char::from(quote);
        let finding = Diagnostic::error(
            Code::new("secret::dotenv-unterminated"),
            format!("the value of `{key}` opens with {quote} and never closes"),
        )
        .at(self.place(line, key))
        .help(format!("close the value with {quote}, or remove the quote"));
        self.file.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, key: &str) -> Option<String> {
        Dotenv::parse(".env", text.as_bytes())
            .get(key)
            .map(|value| String::from_utf8_lossy(value.expose()).into_owned())
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        let text = "\u{feff}# comment\nexport A = one # said\r\nB='li$t #eral\\n'\nC=\"a\\n\\\"b\\\" \\$x\"\n\
            D=\"first\nsecond\" # tail\nE=a#b\nF=\nG = \nexport=word\nH='x'\nH=y\n";
        for (key, expected) in [
            ("A", Some("one")),
            ("B", Some("li$t #eral\\n")),
            ("C", Some("a\n\"b\" $x")),
            ("D", Some("first\nsecond")),
            ("E", Some("a#b")),
            ("F", None),
            ("G", None),
            ("export", Some("word")),
            ("H", Some("y")),
        ] {
            assert_eq!(value(text, key).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn an_open_quote_is_a_finding_with_its_line_and_without_its_value() {
        let file = Dotenv::parse(".env", b"OK=1\nFOO=\"hunter2 and more\n");
        let finding = &file.findings[0];
        assert!(finding.is_error());
        let place = finding.place.as_ref().unwrap();
        assert_eq!((&*place.file, place.line), (".env", 2));
        assert_eq!(&*place.source_line, "FOO=(sensitive)");
        assert!(!format!("{file:?}").contains("hunter2"));
        assert!(Dotenv::parse(".env", b"FOO=\"").findings[0].is_error());
    }

    #[test]
    fn a_line_without_a_key_is_left_out_and_not_repeated() {
        let file = Dotenv::parse(".env", b"hunter2\nA=1\n");
        assert_eq!(file.findings.len(), 1);
        assert!(!format!("{:?}", file.findings).contains("hunter2"));
        assert!(file.get("A").is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            Dotenv::parse(".env", &bytes);
        }

        #[test]
        fn a_single_quoted_value_is_itself(text in "[^']*") {
            let file = format!("A='{text}'\nB=2\n");
            let expected = Some(text).filter(|t| !t.is_empty());
            prop_assert_eq!(value(&file, "A"), expected);
            prop_assert_eq!(value(&file, "B"), Some("2".to_owned()));
        }
    }
}
