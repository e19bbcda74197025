//! Writes a lock: the same value gives the same bytes, and a small change a small difference.

use std::collections::BTreeMap;

use super::body::{self, Body};
use super::model::{Lock, Origin, Pin, Set};
use super::range;
use crate::address::Name;

/// What every lock begins with.
const HEADER: &str = "\
# Exactly which extensions the machines get, so that the same configuration gives the same machines
# later, with a newer sindri too. Written by `sindri apply`, moved by `sindri extension upgrade`: keep
# it under version control, and leave it to them.
";

impl Lock {
    /// The file's text.
    pub fn render(&self) -> String {
        let mut out = format!("{HEADER}format: {}\n", Self::FORMAT);
        self.groups(&mut out);
        if !self.profiles.is_empty() {
            out.push_str("\nprofiles:\n");
            for (name, members) in &self.profiles {
                out.push_str("  - name: ");
                out.push_str(&scalar(name.as_str()));
                out.push_str("\n    extensions:\n");
                list(&mut out, members.iter().map(Name::to_string));
            }
        }
        let pins = || {
            let named = self.pins.iter();
            named.flat_map(|(name, pins)| pins.iter().map(move |pin| (name, pin)))
        };
        out.push_str("\nextensions:");
        if self.pins.is_empty() {
            out.push_str(" []\n");
        } else {
            out.push('\n');
        }
        for (name, pin) in pins() {
            entry(&mut out, name, pin);
        }
        for (name, pin) in pins() {
            match &pin.body {
                Body::None => {}
                Body::Text(text) => {
                    out.push_str("---\n");
                    out.push_str(text.trim_end_matches('\n'));
                    out.push('\n');
                }
                Body::Folder(folder) => {
                    let named = format!("{name} {}", pin.version);
                    out.push_str("---\n");
                    out.push_str(&body::document(folder, &named, &pin.content));
                }
            }
        }
        out
    }

    /// Machines that get the same, together.
    fn groups(&self, out: &mut String) {
        let mut groups: Vec<(&Set, Vec<&Name>)> = Vec::new();
        let mut index: BTreeMap<&Set, usize> = BTreeMap::new();
        for (name, set) in &self.machines {
            let at = *index.entry(set).or_insert_with(|| {
                groups.push((set, Vec::new()));
                groups.len() - 1
            });
            groups[at].1.push(name);
        }
        out.push_str("\nmachines:");
        if groups.is_empty() {
            out.push_str(" []\n");
            return;
        }
        out.push('\n');
        for (set, names) in groups {
            out.push_str("  - names:\n");
            list(out, range::shorten(&names).into_iter());
            let lines = set.iter().filter_map(|(name, content)| {
                let pin = self.pin(name, content)?;
                let twins = self.pins.get(name).into_iter().flatten();
                let alike = twins.filter(|other| other.version == pin.version).count();
                Some(if alike > 1 {
                    format!("{name} {} {}", pin.version, pin.content.short())
                } else {
                    format!("{name} {}", pin.version)
                })
            });
            out.push_str("    extensions:\n");
            list(out, lines);
        }
    }
}

fn list(out: &mut String, lines: impl Iterator<Item = String>) {
    for line in lines {
        out.push_str("      - ");
        out.push_str(&scalar(&line));
        out.push('\n');
    }
}

fn entry(out: &mut String, name: &Name, pin: &Pin) {
    let from = match pin.origin {
        Origin::Carried => "carried",
        Origin::Beside => "beside",
    };
    out.push_str("  - name: ");
    out.push_str(&scalar(name.as_str()));
    out.push_str("\n    version: ");
    out.push_str(&scalar(&pin.version));
    out.push_str("\n    from: ");
    out.push_str(from);
    out.push_str("\n    content: ");
    out.push_str(pin.content.as_str());
    out.push('\n');
    if !pin.tools.is_empty() {
        out.push_str("    tools:\n");
        let tools = pin.tools.iter();
        list(
            out,
            tools.map(|(tool, version)| format!("{tool} {version}")),
        );
    }
    if !pin.checksums.is_empty() {
        out.push_str("    checksums:\n");
        let sums = pin.checksums.iter();
        list(
            out,
            sums.map(|((name, arch), sum)| format!("{name} {arch} sha256:{sum}")),
        );
    }
}

/// A text as it may stand in the file: in quotes where YAML could take it for something else.
fn scalar(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" .-_+/:".contains(&b);
    let is_text = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(plain)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && (text.contains(' ')
            || text.contains('-')
            || text.matches('.').count() > 1
            || is_word(text));
    if is_text {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// A word that no YAML takes for a boolean, a number or nothing.
fn is_word(text: &str) -> bool {
    let special = [
        "null", "yes", "no", "on", "off", "true", "false", "y", "n", "inf", "nan",
    ];
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && !special.contains(&text)
}
