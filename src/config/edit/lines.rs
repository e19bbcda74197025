//! Lines of a text, and replacing parts of it.

use std::ops::Range;

/// Where the line of an offset begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |before| before + 1)
}

/// Where the line of an offset ends, its line break not included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |more| at + more);
    if text[..end].ends_with('\r') && end > at {
        end - 1
    } else {
        end
    }
}

/// Where the line after that of an offset begins; the text's end where there is none.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |more| at + more + 1)
}

/// The line break used around an offset.
pub(super) fn line_break(text: &str, at: usize) -> &'static str {
    let end = next_line(text, at);
    let line = if text[..end].ends_with('\n') {
        &text[..end]
    } else {
        // The last line has none: the one before it says.
        &text[..line_start(text, at)]
    };
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// The blanks before an offset on its line, if there is nothing else.
pub(super) fn indent(text: &str, at: usize) -> Option<&str> {
    let before = &text[line_start(text, at)..at];
    before.bytes().all(|byte| byte == b' ').then_some(before)
}

/// The column of an offset, in bytes, from 0.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

/// Whether a range holds nothing but spaces and tabs.
pub(super) fn is_blank(text: &str, range: Range<usize>) -> bool {
    text[range].bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The line end after which a sibling of what ends at `end` may follow: comments that stand deeper
/// than `column` right below it stay with it.
pub(super) fn after_own_comments(text: &str, end: usize, column: usize) -> usize {
    let mut settled = line_end(text, end);
    let mut next = next_line(text, end);
    while next < text.len() {
        let line = &text[next..line_end(text, next)];
        let content = line.trim_start_matches([' ', '\t']);
        if content.starts_with('#') {
            if line.len() - content.len() <= column {
                break;
            }
            settled = next + line.len();
        } else if !content.is_empty() {
            break;
        }
        let after = next_line(text, next);
        if after == next {
            break;
        }
        next = after;
    }
    settled
}

/// Replacements in one text, made all at once.
#[derive(Default)]
pub(super) struct Splices(Vec<(Range<usize>, String)>);

impl Splices {
    pub(super) fn insert(&mut self, at: usize, new: impl Into<String>) {
        self.0.push((at..at, new.into()));
    }

    pub(super) fn delete(&mut self, range: Range<usize>) {
        self.0.push((range, String::new()));
    }

    pub(super) fn replace(&mut self, range: Range<usize>, new: impl Into<String>) {
        self.0.push((range, new.into()));
    }

    /// The text with all replacements made; what goes to one place keeps its order.
    pub(super) fn make(mut self, text: &str) -> String {
        self.0.sort_by_key(|(range, _)| range.start);
        let mut made = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for (range, new) in self.0 {
            // Replacements that overlap would be a mistake of ours; nothing is written twice.
            let start = range.start.max(done);
            made.push_str(&text[done..start]);
            made.push_str(&new);
            done = range.end.max(start);
        }
        made.push_str(&text[done..]);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_whatever_ends_them() {
        let text = "a: 1\r\nb: 2\r\n  # deep\r\n\r\n  # deeper still\r\n# flat\r\nc: 3";
        let b = text.find("b:").unwrap();
        assert_eq!(line_start(text, b + 2), b);
        assert_eq!(&text[b..line_end(text, b)], "b: 2");
        assert_eq!(line_break(text, b), "\r\n");
        let c = text.find("c:").unwrap();
        assert_eq!(line_break(text, c), "\r\n");
        assert_eq!(next_line(text, c), text.len());
        let settled = after_own_comments(text, b + 4, 0);
        assert!(text[..settled].ends_with("still"), "{:?}", &text[..settled]);
        assert_eq!(after_own_comments(text, b + 4, 2), b + 4);
    }

    #[test]
    fn replacements_are_made_in_the_order_of_the_text() {
        let mut splices = Splices::default();
        splices.replace(4..5, "E");
        splices.insert(2, "<");
        splices.insert(2, ">");
        splices.delete(0..1);
        assert_eq!(splices.make("abcdef"), "b<>cdEf");
    }
}
