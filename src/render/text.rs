//! Small texts: quoting, cutting, counting, durations.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

/// Makes visible what would move a terminal or deceive a reader.
///
/// Control characters, escape sequences, line ends and the characters that reorder or hide text
/// become `\n`, `\u{1b}` and the like; everything else stays.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
    if text.bytes().all(is_plain) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a character has no business on a screen.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text in double quotes, its own quotes and backslashes escaped.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    out
}

/// Writes a text in double quotes.
pub(super) fn quote_into(out: &mut String, text: &str) {
    out.push('"');
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if is_unsafe(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A text cut to a number of characters, saying how many are left out.
pub(super) fn cut(text: &str, keep: usize) -> Cow<'_, str> {
    // A text without that many bytes can't have that many characters.
    if text.len() <= keep || text.chars().count() <= keep {
        return Cow::Borrowed(text);
    }
    let end = text.char_indices().nth(keep).map_or(text.len(), |(i, _)| i);
    let left = text[end..].chars().count();
    Cow::Owned(format!("{}... ({left} more characters)", &text[..end]))
}

/// A text shortened to a number of columns with an ellipsis, for tables and progress.
pub(super) fn shorten(text: &str, columns: usize) -> Cow<'_, str> {
    if text.chars().count() <= columns {
        return Cow::Borrowed(text);
    }
    let keep = columns.saturating_sub(3);
    let mut out: String = text.chars().take(keep).collect();
    out.push_str(&"..."[..columns.min(3)]);
    Cow::Owned(out)
}

/// A text shortened to a number of columns with an ellipsis in the middle: what tells names and
/// references apart stands at both ends.
pub(super) fn shorten_middle(text: &str, columns: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    let Some(keep) = columns.checked_sub(3).filter(|_| length > columns) else {
        return shorten(text, columns);
    };
    let head: String = text.chars().take(keep / 2).collect();
    let tail: String = text.chars().skip(length - (keep - keep / 2)).collect();
    Cow::Owned(format!("{head}...{tail}"))
}

/// An object's id as a person compares it: long hexadecimal ones by their first twelve digits.
pub(super) fn short_id(id: &str) -> Cow<'_, str> {
    let digest = id.strip_prefix("sha256:").unwrap_or(id);
    let is_hex = digest.len() >= 40 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex {
        Cow::Owned(format!(
            "{}{}",
            &id[..id.len() - digest.len()],
            &digest[..12]
        ))
    } else {
        clean(id)
    }
}

/// `1 error`, `2 errors`.
pub(super) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

/// A duration as people say it: `350ms`, `3s`, `2m05s`, `1h02m`.
pub(super) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let mut out = String::new();
    let written = match seconds {
        0 => write!(out, "{}ms", elapsed.as_millis()),
        1..60 => write!(out, "{seconds}s"),
        60..3600 => write!(out, "{}m{:02}s", seconds / 60, seconds % 60),
        _ => write!(out, "{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    };
    debug_assert!(written.is_ok(), "a string takes any text");
    out
}

/// Breaks a text at spaces so that no line but an unbreakable one is longer than the columns.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_survives() {
        assert_eq!(
            clean("\u{1b}[2Jdév\u{202e}\r\n"),
            "\\u{1b}[2Jdév\\u{202e}\\r\\n"
        );
        assert_eq!(quote("a \"b\" \\ \t\u{9b}"), r#""a \"b\" \\ \t\u{9b}""#);
    }

    #[test]
    fn cutting_says_what_is_left_out() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß!", 3), "äöü... (2 more characters)");
        assert_eq!(shorten("extension.dev.nodejs", 12), "extension...");
        assert_eq!(shorten("abcd", 2), "..");
        assert_eq!(
            shorten_middle("team/image:2026-01-02", 16),
            "team/i...6-01-02"
        );
        assert_eq!(shorten_middle("äöüß", 4), "äöüß");
        assert_eq!(shorten_middle("abcd", 2), "..");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let said = |millis| duration(Duration::from_millis(millis));
        assert_eq!(
            [
                said(0),
                said(350),
                said(3_900),
                said(125_000),
                said(3_720_000)
            ],
            ["0ms", "350ms", "3s", "2m05s", "1h02m"]
        );
    }

    #[test]
    fn only_long_hexadecimal_ids_are_shortened() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(short_id(&hex), "0123456789ab");
        assert_eq!(short_id(&format!("sha256:{hex}")), "sha256:0123456789ab");
        assert_eq!(short_id("sindri-dev"), "sindri-dev");
    }
}
