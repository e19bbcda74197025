//! How a file is spelled where it can be spelled in several ways, and new values spelled so.

use serde_saphyr::granit_parser::ScalarStyle;

use super::lines::column;
use super::syntax::{Form, Piece, Syntax};
use crate::address::Name;
use crate::config::tree::is_null;

/// A value to be written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A name.
    Name(Name),
    /// A list.
    Items(Vec<Item>),
    /// A map.
    Section(Vec<(&'static str, Self)>),
}

/// An item to be written.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A name.
    New(Name),
    /// What stands elsewhere in the file, its later lines as far in as they stand beyond the first.
    Copied {
        /// The lines.
        lines: Vec<String>,
        /// Whether it may stand in brackets.
        fits_flow: bool,
    },
}

/// The habits of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// How far a map stands beyond its key.
    pub(super) step: usize,
    /// How far the dashes of a list stand beyond its key.
    pub(super) dash: usize,
    pub(super) line_break: &'static str,
    /// The quotes around names.
    pub(super) quote: &'static str,
    /// The quotes around keys.
    pub(super) key_quote: &'static str,
}

impl Manner {
    /// The habits of a file, read off its first map and its first list in lines.
    pub(super) fn of(text: &str, syntax: &Syntax, line_break: &'static str) -> Self {
        let mut step = None;
        let mut dash = None;
        habits(text, &syntax.root, &mut step, &mut dash);
        let step = step.filter(|step| (1..=8).contains(step)).unwrap_or(2);
        Self {
            step,
            dash: dash.filter(|dash| *dash <= 8).unwrap_or(step),
            line_break,
            quote: "",
            key_quote: "",
        }
    }

    /// A key as it is written, with its colon.
    pub(super) fn key(&self, key: &str) -> String {
        let quote = self.key_quote;
        format!("{quote}{key}{quote}:")
    }

    /// A name as it is written.
    pub(super) fn name(&self, name: &Name) -> String {
        let quote = match self.quote {
            "" if is_null(name.as_str()) => "\"",
            quote => quote,
        };
        format!("{quote}{name}{quote}")
    }

    /// A value in brackets; none where a copied item can't stand there.
    pub(super) fn flow(&self, value: &Value) -> Option<String> {
        match value {
            Value::Name(name) => Some(self.name(name)),
            Value::Items(items) => {
                let items: Option<Vec<String>> =
                    items.iter().map(|item| self.flow_item(item)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Value::Section(pairs) => {
                let pairs: Option<Vec<String>> = pairs
                    .iter()
                    .map(|(key, value)| Some(format!("{} {}", self.key(key), self.flow(value)?)))
                    .collect();
                Some(format!("{{{}}}", pairs?.join(", ")))
            }
        }
    }

    /// An item in brackets.
    pub(super) fn flow_item(&self, item: &Item) -> Option<String> {
        match item {
            Item::New(name) => Some(self.name(name)),
            Item::Copied { lines, fits_flow } => {
                (*fits_flow && lines.len() == 1).then(|| lines.concat())
            }
        }
    }

    /// A key and its value in lines, each with a line break before it.
    pub(super) fn block(&self, key: &str, value: &Value, indent: usize) -> String {
        let feed = self.line_break;
        let start = format!("{feed}{:indent$}{}", "", self.key(key));
        match value {
            Value::Name(name) => format!("{start} {}", self.name(name)),
            Value::Items(items) if items.is_empty() => format!("{start} []"),
            Value::Items(items) => {
                let gap = " ";
                let dash = format!("{:width$}", "", width = indent + self.dash);
                start + &self.block_items(items, &dash, gap)
            }
            Value::Section(pairs) => {
                let indent = indent + self.step;
                let lines: Vec<String> = pairs
                    .iter()
                    .map(|(key, value)| self.block(key, value, indent))
                    .collect();
                start + &lines.concat()
            }
        }
    }

    /// Items after dashes, each with a line break before it.
    pub(super) fn block_items(&self, items: &[Item], indent: &str, gap: &str) -> String {
        let feed = self.line_break;
        let mut text = String::new();
        for item in items {
            text.push_str(feed);
            text.push_str(indent);
            text.push('-');
            text.push_str(gap);
            match item {
                Item::New(name) => text.push_str(&self.name(name)),
                Item::Copied { lines, .. } => {
                    let below = format!("{feed}{indent} {:width$}", "", width = gap.len());
                    text.push_str(&lines.join(&below));
                }
            }
        }
        text
    }
}

/// The quotes around a scalar.
pub(super) fn quote(piece: &Piece) -> &'static str {
    match &piece.form {
        Form::Scalar {
            style: ScalarStyle::SingleQuoted,
            ..
        } => "'",
        Form::Scalar {
            style: ScalarStyle::DoubleQuoted,
            ..
        } => "\"",
        Form::Scalar { .. } | Form::List { .. } | Form::Map { .. } | Form::Alias => "",
    }
}

/// Finds how far the first map and the first list in lines stand beyond their keys.
fn habits(text: &str, piece: &Piece, step: &mut Option<usize>, dash: &mut Option<usize>) {
    for pair in piece.pairs().iter().filter(|_| !piece.is_flow()) {
        let key = column(text, pair.key.span.start);
        match &pair.value.form {
            Form::Map {
                is_flow: false,
                pairs,
            } => {
                let first = pairs.first().map(|pair| column(text, pair.key.span.start));
                *step = step.or_else(|| first?.checked_sub(key));
                habits(text, &pair.value, step, dash);
            }
            Form::List {
                is_flow: false,
                items,
            } => {
                let first = items
                    .first()
                    .and_then(|item| super::list::dash(text, item))
                    .map(|at| column(text, at));
                *dash = dash.or_else(|| first?.checked_sub(key));
            }
            Form::Map { .. } | Form::List { .. } | Form::Scalar { .. } | Form::Alias => {}
        }
    }
}
