//! Words of a shell's command line, for people to copy.

/// A word as a shell takes it; one that needs no quotes has none.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    // A home directory must stay outside the quotes.
    if let Some(rest) = text.strip_prefix("~/") {
        return format!("~/{}", word(rest));
    }
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_quotes_has_them() {
        for (text, written) in [
            ("keys/id.pub", "keys/id.pub"),
            ("~/.ssh/my key", "~/'.ssh/my key'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("$(id)", "'$(id)'"),
        ] {
            assert_eq!(word(text), written);
        }
    }
}
