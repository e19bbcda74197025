//! What no test can fix, blanked out: a closed list.

use std::path::Path;

/// Blanks out the temporary directory, times that passed, and this process and its host.
pub(crate) fn redact(text: &str, directory: &Path) -> String {
    let text = text.replace(&*directory.to_string_lossy(), "<dir>");
    let text = text.replace(
        &format!("process {} ", std::process::id()),
        "process <pid> ",
    );
    let host = sindri::sys::host_name();
    let text = text.replace(&format!("on {host}"), "on <host>");
    let text = text.replace(&format!("\"host\":\"{host}\""), "\"host\":\"<host>\"");
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(&elapsed(line));
    }
    out
}

/// `after 12ms`, `[2s elapsed]`, `"elapsed_seconds":0`: the time becomes `<time>`.
fn elapsed(line: &str) -> String {
    let line = after(line, " after ", "");
    let line = after(&line, "\"elapsed_seconds\":", "");
    let line = after(&line, "[", " elapsed]");
    let line = ended(&line, "it ended ", "0000-00-00 00:00 UTC");
    let line = ended(&line, ", ended ", "0000-00-00 00:00 UTC");
    [
        "\"at\":\"",
        "\"ended\":\"",
        ", ready, ",
        ", found, ",
        ", partial, ",
        ", failed, ",
    ]
    .iter()
    .fold(line, |line, before| {
        ended(&line, before, "0000-00-00T00:00:00Z")
    })
}

/// Blanks out the time by another's clock that follows `before`: when something there ended.
fn ended(line: &str, before: &str, shape: &str) -> String {
    let length = shape.len();
    let is_time = |text: &str| {
        let mut shape = shape.bytes().zip(text.bytes());
        text.len() >= length
            && shape.all(|(wanted, b)| wanted == b || wanted == b'0' && b.is_ascii_digit())
    };
    match line.split_once(before) {
        Some((head, tail)) if is_time(tail) => format!("{head}{before}<time>{}", &tail[length..]),
        Some(_) | None => line.to_owned(),
    }
}

/// Blanks out each time that follows `before` and is followed by `then`.
fn after(line: &str, before: &str, then: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        out.push_str(head);
        let length = time(tail);
        if length > 0 && tail[length..].starts_with(then) {
            out.push_str("<time>");
            rest = &tail[length..];
        } else {
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// How long the time is that a text starts with: `0`, `0.5`, `12ms`, `3s`, `1m 5s`.
fn time(text: &str) -> usize {
    let digits = |text: &str| {
        text.bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count()
    };
    let mut length = digits(text);
    if length == 0 || text[..length].starts_with('.') {
        return 0;
    }
    if text[..length].ends_with('.') {
        length -= 1;
    }
    for unit in ["ms", "s", "h", "m"] {
        if text[length..].starts_with(unit) {
            length += unit.len();
            let rest = &text[length..];
            let more = rest.strip_prefix(' ').map_or(0, time);
            if unit != "ms" && unit != "s" && more > 0 {
                length += 1 + more;
            }
            return length;
        }
    }
    let next = text[length..].chars().next();
    if next.is_none_or(|c| !c.is_alphanumeric()) {
        length
    } else {
        0
    }
}
