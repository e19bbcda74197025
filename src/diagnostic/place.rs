//! Places in a file, with the text they stand in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file that was read: its name as the person knows it, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as typed or shown, never made absolute.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl Source {
    /// Takes a file's name and text.
    pub fn new(name: &str, text: &str) -> Self {
        Self {
            name: Arc::from(name),
            text: Arc::from(text),
        }
    }

    /// The place of a byte range; offsets beyond the end are clamped to it.
    pub fn place(&self, offset: usize, length: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[offset..]
            .find('\n')
            .map_or(self.text.len(), |i| offset + i);
        Place {
            file: Arc::clone(&self.name),
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: self.text[line_start..offset].chars().count() + 1,
            length: self.text[offset..line_end].len().min(length.max(1)),
            source_line: Arc::from(self.text[line_start..line_end].trim_end_matches('\r')),
        }
    }
}

/// A place in a file: line and column count from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file's name as the person knows it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in bytes, within the line.
    pub length: usize,
    /// The line's text.
    pub source_line: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_knows_its_line_and_column() {
        let source = Source::new("sindri.yaml", "name: dév\nfly: regoin\n");
        let place = source.place(source.text.find("regoin").unwrap(), 6);
        assert_eq!((place.line, place.column, place.length), (2, 6, 6));
        assert_eq!(&*place.source_line, "fly: regoin");
        let end = source.place(9999, 4);
        assert_eq!((end.line, end.column), (3, 1));
    }
}
