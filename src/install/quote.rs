//! Text into shell words.

/// A word that the shell reads as exactly this text.
pub(super) fn quote(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    // The shell can't hold a NUL in a word at all.
    format!("'{}'", text.replace('\0', "").replace('\'', r"'\''"))
}

/// Words, separated by spaces.
pub(super) fn words<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = all.into_iter().map(|word| quote(word.as_ref())).collect();
    quoted.join(" ")
}

/// A word in which `$NAME` and `${NAME}` are expanded, and nothing else is.
pub(super) fn expandable(text: &str) -> String {
    let mut word = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\0' => {}
            '"' | '\\' | '`' => word.extend(['\\', c]),
            '$' => {
                let name = |c: &char| c.is_ascii_alphabetic() || *c == '_';
                let simple = match rest.peek() {
                    Some('{') => braced(rest.clone().skip(1)),
                    next => next.is_some_and(name),
                };
                word.push_str(if simple { "$" } else { "\\$" });
            }
            c => word.push(c),
        }
    }
    word.push('"');
    word
}

/// Whether what follows `${` is a name and a closing brace.
fn braced(rest: impl Iterator<Item = char>) -> bool {
    let mut length = 0;
    for c in rest {
        match c {
            '}' => return length > 0,
            '_' | 'a'..='z' | 'A'..='Z' => length += 1,
            '0'..='9' if length > 0 => length += 1,
            _ => return false,
        }
    }
    false
}

/// A path in the machine as a word: `~/…` and relative paths lie under its home.
pub(super) fn path(text: &str) -> String {
    if text.starts_with('/') {
        return quote(text);
    }
    let rest = text
        .strip_prefix("~/")
        .or_else(|| text.strip_prefix("$HOME/"))
        .or_else(|| text.strip_prefix("${HOME}/"))
        .unwrap_or(text);
    format!("\"$HOME\"/{}", quote(rest))
}

/// Adds to a script.
pub(super) fn add(script: &mut String, more: &str) {
    script.push_str(more);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn shell(script: &str) -> String {
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn only_plain_variables_are_expanded() {
        let word = expandable("$A ${A} $(id) `id` \"q\" \\ $ ${A:-x} $1");
        assert_eq!(
            shell(&format!("A=v; printf %s {word}")),
            "v v $(id) `id` \"q\" \\ $ ${A:-x} $1"
        );
        assert_eq!(path("~/a b"), "\"$HOME\"/'a b'");
        assert_eq!(path("/etc/x"), "/etc/x");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_shell_reads_back_what_was_quoted(texts in proptest::collection::vec("[^\0]*", 1..4)) {
            let shown = shell(&format!("printf '%s\\036' {}", words(&texts)));
            let expected = texts.join("\u{1e}") + "\u{1e}";
            prop_assert_eq!(shown, expected);
        }

        #[test]
        fn an_expandable_word_runs_nothing(text in "[$`(){}\\\\\"a-c ;|&\n']{0,20}") {
            // Neither command substitution nor a second command may print the mark.
            let script = format!("a=; b=; c=; printf %s {} >/dev/null 2>&1; echo done", expandable(&text));
            prop_assert_eq!(shell(&script), "done\n");
        }
    }
}
