//! From what machines shall ask for to the text that says it.

use std::collections::BTreeSet;

use super::layer::{bring, by_hand};
use super::odd::Odd;
use super::proof;
use super::syntax::Syntax;
use super::written::{Asking, Layer, Written, machines};
use crate::address::{Name, NameRule};
use crate::config::model::Config;
use crate::config::read::{Overrides, read};
use crate::config::{code, parse};
use crate::diagnostic::{Diagnostic, Diagnostics, Source, did_you_mean};

/// Which machines an edit is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Every,
    /// These entries of `machines`, or the file's one machine.
    Only(BTreeSet<Name>),
}

/// An edited file.
#[derive(Clone, Debug)]
pub struct Edited {
    /// Its bytes; the same as before where there was nothing to edit.
    pub bytes: Vec<u8>,
    /// Every machine or entry in the scope, in the order of the file.
    pub entries: Vec<EditedEntry>,
}

/// What became of what a machine, or an entry that makes several, asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedEntry {
    /// The machine, or the entry.
    pub name: Name,
    /// What it asked for.
    pub before: Asking,
    /// What it asks for now.
    pub after: Asking,
}

/// What a machine or entry shall ask for, given what it asks for.
///
/// Names that it keeps are in their order, those that come new after them.
pub type Wish<'a> = dyn FnMut(&Name, &Asking) -> Result<Asking, Diagnostics> + 'a;

/// Edits a file so that each machine in the scope asks for what it shall, and the others for what
/// they did.
///
/// The result was read again: it has no more errors than before (a file with errors isn't edited),
/// and apart from the profiles and extensions of those machines it means the same.
pub fn edit(
    name: &str,
    bytes: &[u8],
    scope: &Scope,
    wish: &mut Wish<'_>,
) -> Result<Edited, Diagnostics> {
    let source = parse::source(name, bytes).map_err(|finding| vec![*finding])?;
    let (config, findings) = read(&source, Overrides::default());
    let Some(config) = config else {
        return Err(findings);
    };
    let file = File {
        source: &source,
        config: &config,
    };
    let mut entries = file.entries(scope)?;
    for entry in &mut entries {
        entry.after = wish(&entry.name, &entry.before)?;
    }
    let shared = match scope {
        Scope::Every => file.shared().and_then(|before| {
            // What is wrong with it is wrong with the machines that it shows through in.
            let after = wish(&file.config.name, &before).ok()?;
            Some((before, after))
        }),
        Scope::Only(_) => None,
    };
    let text = file
        .edit(&entries, shared.as_ref())
        .map_err(|odd| vec![file.refusal(&odd, &entries)])?;
    proof::holds(&file, &text, &entries).map_err(|odd| vec![file.refusal(&odd, &entries)])?;
    // A mark at the beginning of the file isn't part of its text.
    let mark = &bytes[..bytes.len() - source.text.len()];
    Ok(Edited {
        bytes: [mark, text.as_bytes()].concat(),
        entries,
    })
}

/// A file that is read, and what it means.
pub(super) struct File<'a> {
    pub(super) source: &'a Source,
    pub(super) config: &'a Config,
}

impl File<'_> {
    /// What the entries in the scope ask for.
    fn entries(&self, scope: &Scope) -> Result<Vec<EditedEntry>, Diagnostics> {
        let odd = |odd: Odd| vec![self.refusal(&odd, &[])];
        let syntax = Syntax::of(&self.source.text).ok_or_else(|| odd(Odd::Meaning))?;
        let fleet = fleet(&syntax).map_err(odd)?;
        let known: Vec<&str> = match &fleet {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => vec![self.config.name.as_str()],
        };
        if let Scope::Only(names) = scope {
            let unknown = names.iter().filter(|name| !known.contains(&name.as_str()));
            let found: Diagnostics = unknown.map(|name| self.no_machine(name, &known)).collect();
            if !found.is_empty() {
                return Err(found);
            }
        }
        let top = Written::of(&syntax, Layer::Top).map_err(odd)?;
        let mut entries = Vec::new();
        for name in known {
            let Some(name) = name_of(name).filter(|name| scope.has(name)) else {
                continue;
            };
            let before = if fleet.is_some() {
                let own = Written::of(&syntax, Layer::Entry(name.as_str())).map_err(odd)?;
                own.over(Some(&top))
            } else {
                top.over(None)
            };
            entries.push(EditedEntry {
                after: before.clone(),
                name,
                before,
            });
        }
        Ok(entries)
    }

    /// What a fleet shares.
    fn shared(&self) -> Option<Asking> {
        let syntax = Syntax::of(&self.source.text)?;
        machines(&syntax).ok()??;
        let top = Written::of(&syntax, Layer::Top).ok()?;
        Some(top.over(None))
    }

    fn edit(
        &self,
        entries: &[EditedEntry],
        shared: Option<&(Asking, Asking)>,
    ) -> Result<String, Odd> {
        let mut text = self.source.text.to_string();
        let syntax = Syntax::of(&text).ok_or(Odd::Meaning)?;
        if fleet(&syntax)?.is_none() {
            for entry in entries {
                text = bring(&text, Layer::Top, &entry.after)?;
            }
            return Ok(text);
        }
        if let Some((before, after)) = shared {
            let mut shows = false;
            for entry in entries {
                let own = Written::of(&syntax, Layer::Entry(entry.name.as_str()))?;
                shows |= before.names != after.names && own.inherits_names();
                shows |= before.profile != after.profile && own.inherits_profile();
            }
            if shows {
                text = bring(&text, Layer::Top, after)?;
            }
        }
        for entry in entries {
            text = bring(&text, Layer::Entry(entry.name.as_str()), &entry.after)?;
        }
        Ok(text)
    }

    fn no_machine(&self, name: &Name, known: &[&str]) -> Diagnostic {
        let text = name.as_str();
        let counted = known.iter().find(|entry| {
            let number = text
                .strip_prefix(**entry)
                .and_then(|rest| rest.strip_prefix('-'));
            let is_machine = self.config.machines.iter().any(|one| one.name == *name);
            number.is_some() && is_machine
        });
        let summary = format!("there is no machine `{name}` in `{}`", self.source.name);
        let found = Diagnostic::error(code::UNKNOWN_MACHINE, summary);
        if let Some(entry) = counted {
            return found
                .because(format!("`{name}` is one of those that `{entry}` makes"))
                .help(format!(
                    "name `{entry}`: what one of them asks for, all of them do"
                ));
        }
        let listed: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        found.help(
            match (did_you_mean(text, known.iter().copied()), &*listed) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, [only]) => format!("there is {only} alone"),
                (None, several) => format!("there are {}", several.join(", ")),
            },
        )
    }

    /// Says why the file isn't edited, and what to write by hand.
    fn refusal(&self, odd: &Odd, entries: &[EditedEntry]) -> Diagnostic {
        let name = &self.source.name;
        let summary = format!("`{name}` can't be edited here without guessing");
        let found = Diagnostic::error(code::NOT_EDITABLE, summary).because(odd.to_string());
        let found = match odd.offset() {
            Some(at) => found.at(self.source.place(at, 1)),
            None => found,
        };
        let is_fleet = self.source.text.contains("machines");
        let changed: Vec<String> = entries
            .iter()
            .filter(|entry| entry.before != entry.after)
            .map(|entry| {
                let place = if is_fleet {
                    format!("under `machines.{}`", entry.name)
                } else {
                    "at the top level".to_owned()
                };
                format!("{place}, `{}`", by_hand(&entry.after))
            })
            .collect();
        let mut help = odd.plainly().to_owned();
        if !changed.is_empty() {
            help = format!("{help}; by hand it is, {}", changed.join("; "));
        }
        found.help(help)
    }
}

/// The names of the entries of `machines`; none without a fleet.
fn fleet(syntax: &Syntax) -> Result<Option<Vec<String>>, Odd> {
    let machines = machines(syntax)?;
    Ok(machines.map(|map| {
        let keys = map.pairs().iter().filter_map(|pair| pair.key.text());
        keys.map(str::to_owned).collect()
    }))
}

/// The parsed name of an entry: that of a machine, or one that counted machines begin with.
fn name_of(text: &str) -> Option<Name> {
    Name::parse(NameRule::Label, text).ok()
}

impl Scope {
    fn has(&self, name: &Name) -> bool {
        match self {
            Self::Every => true,
            Self::Only(names) => names.contains(name),
        }
    }
}
