//! Random files, randomly edited: comments and all else stay, and the meaning is the one asked for.

use proptest::prelude::*;

use super::{install, names, remove, told};
use crate::config::edit::syntax::Syntax;
use crate::config::{Config, Overrides, read};
use crate::diagnostic::Source;

/// Names that may be asked for; the last of them look like something else.
const POOL: [&str; 8] = ["alpha", "beta", "gamma", "delta", "x1", "null", "true", "7"];

/// How a list is spelled.
#[derive(Clone, Copy, Debug)]
struct Spelling {
    /// In brackets, over several lines, with a comma at the end, with comments, in quotes.
    flow: bool,
    stacked: bool,
    comma: bool,
    comments: bool,
    quote: &'static str,
    /// How far the dashes stand beyond their key.
    dash: usize,
    feed: &'static str,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let quotes = prop_oneof![Just("\""), Just("'")];
    let feeds = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    (flags, quotes, 0..4_usize, feeds).prop_map(|(flags, quote, dash, feed)| Spelling {
        flow: flags.0,
        stacked: flags.1,
        comma: flags.2,
        comments: flags.3,
        quote,
        dash,
        feed,
    })
}

fn listed() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(&POOL[..], 0..=POOL.len()).prop_shuffle()
}

impl Spelling {
    /// `key: …` with its list, at a depth.
    fn list(self, key: &str, items: &[&str], indent: usize, seed: &mut usize) -> String {
        let pad = " ".repeat(indent);
        let mut note = |before: &str| {
            *seed += 1;
            if self.comments && !seed.is_multiple_of(3) {
                format!("{before}# note {seed}")
            } else {
                String::new()
            }
        };
        let item = |text: &&str| format!("{0}{text}{0}", self.quote);
        if self.flow || items.is_empty() {
            let inner = if self.stacked && !items.is_empty() {
                let mut lines: Vec<String> = Vec::new();
                for (number, text) in items.iter().enumerate() {
                    let is_last = number + 1 == items.len();
                    let comma = if is_last && !self.comma { "" } else { "," };
                    let comment = note("  ");
                    lines.push(format!("\n{pad}    {}{comma}{comment}", item(text)));
                }
                format!("{}\n{pad}  ", lines.concat())
            } else {
                items.iter().map(item).collect::<Vec<_>>().join(", ")
            };
            return format!("{pad}{key}: [{inner}]{}\n", note("  "));
        }
        let dash = " ".repeat(indent + self.dash);
        let mut lines = vec![format!("{pad}{key}:{}\n", note("  "))];
        for one in items {
            let above = note(&dash);
            if !above.is_empty() {
                lines.push(format!("{above}\n"));
            }
            lines.push(format!("{dash}- {}{}\n", item(one), note("  ")));
        }
        lines.concat()
    }
}

/// A whole file, and whether a line break ends it.
fn file(spelling: Spelling, top: &[&str], own: &[&str], has: (bool, bool, bool)) -> String {
    let (profile, fleet, ended) = has;
    let mut seed = 0;
    let mut text = "# a file\nversion: \"3.0\" # of the format\nname: dev\n\n".to_owned();
    text += "extensions: # what is installed\n";
    if profile {
        text += "  profile: minimal # small\n";
    }
    let key = if profile { "additional" } else { "active" };
    text += &spelling.list(key, top, 2, &mut seed);
    text += "  # beside it\n  autoInstall: true\n\n";
    if fleet {
        text += "machines:\n  # the first\n  one:\n  two: # has its own\n    extensions:\n";
        text += &spelling.list("active", own, 6, &mut seed);
        text += "    provider: local\n  three: {count: 2, provider: local} # twice\n";
    }
    text += "lifecycle:\n  preventDestroy: true\n  # the last word";
    if ended {
        text += "\n";
    }
    text.replace('\n', spelling.feed)
}

fn meaning(text: &str) -> Config {
    let (config, findings) = read(&Source::new("sindri.yaml", text), Overrides::default());
    config.unwrap_or_else(|| panic!("{}\nin\n{text}", told(&findings)))
}

fn asked(text: &str) -> Vec<Vec<String>> {
    let list = |config: &Config, at: usize| {
        let names = config.machines[at].extensions.names.iter();
        names.map(|one| one.name.to_string()).collect()
    };
    let config = meaning(text);
    (0..config.machines.len())
        .map(|at| list(&config, at))
        .collect()
}

fn comments(text: &str) -> Vec<String> {
    let syntax = Syntax::of(text).unwrap();
    let all = syntax.comments.iter();
    all.map(|comment| text[comment.clone()].to_owned())
        .collect()
}

/// Whether the lines of one text are found in another, in their order.
fn is_within(less: &str, more: &str) -> bool {
    let mut lines = more.lines();
    less.lines().all(|line| lines.any(|other| other == line))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 400 }))]

    #[test]
    fn what_was_installed_is_asked_for_and_all_else_stays(
        spelling in spelling(),
        (top, own) in (listed(), listed()),
        has in any::<(bool, bool, bool)>(),
        new in listed(),
        one in any::<bool>(),
    ) {
        let text = file(spelling, &top, &own, has);
        let only: &[&str] = if one && has.1 { &["two"] } else { &[] };
        let made = install(&text, only, &new).map_err(|found| TestCaseError::fail(told(&found)))?;
        let (before, after) = (asked(&text), asked(&made));
        for (at, (before, after)) in before.iter().zip(&after).enumerate() {
            let mut wanted = before.clone();
            if only.is_empty() || at == 1 {
                let missing = new.iter().filter(|name| !before.contains(&(**name).to_owned()));
                wanted.extend(missing.map(|name| (*name).to_owned()));
            }
            prop_assert_eq!(after, &wanted, "in\n{}", made);
        }
        prop_assert_eq!(comments(&made), comments(&text));
        prop_assert_eq!(made.contains("\r\n"), spelling.feed == "\r\n");
        prop_assert_eq!(made.matches('\n').count(), made.matches(spelling.feed).count());
        prop_assert_eq!(made.ends_with('\n'), text.ends_with('\n'));
        if !spelling.flow && !top.is_empty() && !own.is_empty() {
            prop_assert!(is_within(&text, &made), "lines of\n{text}\nare gone from\n{made}");
        }
    }

    #[test]
    fn what_was_installed_and_removed_again_leaves_the_bytes_as_they_were(
        spelling in spelling(),
        (top, own) in (listed(), listed()),
        has in any::<(bool, bool, bool)>(),
        new in listed(),
    ) {
        let fresh: Vec<&str> = new
            .iter()
            .copied()
            .filter(|name| !top.contains(name) && !own.contains(name))
            .collect();
        let text = file(spelling, &top, &own, has);
        let made = install(&text, &[], &fresh).map_err(|found| TestCaseError::fail(told(&found)))?;
        let back = remove(&made, &[], &fresh).map_err(|found| TestCaseError::fail(told(&found)))?;
        prop_assert_eq!(back, text, "by way of\n{}", made);
    }

    #[test]
    fn what_was_removed_is_gone_with_its_own_comment_alone(
        spelling in spelling(),
        (top, own) in (listed(), listed()),
        has in any::<(bool, bool, bool)>(),
        old in listed(),
    ) {
        let text = file(spelling, &top, &own, has);
        let made = remove(&text, &[], &old).map_err(|found| TestCaseError::fail(told(&found)))?;
        let (before, after) = (asked(&text), asked(&made));
        for (before, after) in before.iter().zip(&after) {
            let mut wanted = before.clone();
            wanted.retain(|name| !old.contains(&&**name));
            prop_assert_eq!(after, &wanted, "in\n{}", made);
        }
        // A comment goes only from the line of an item that goes.
        let gone = names(&old);
        let kept: Vec<String> = comments(&text)
            .into_iter()
            .filter(|comment| {
                let line = text.lines().find(|line| line.ends_with(&**comment)).unwrap();
                let item = line.trim_start().trim_start_matches("- ");
                let item = item.trim_start_matches(spelling.quote);
                let goes = gone.iter().any(|name| {
                    item.strip_prefix(name.as_str())
                        .is_some_and(|rest| rest.starts_with(spelling.quote))
                });
                !goes
            })
            .collect();
        prop_assert_eq!(comments(&made), kept, "from\n{}\nto\n{}", text, made);
    }
}
