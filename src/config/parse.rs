//! Bytes → tree: YAML read once, within bounds that no honest file meets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as Range, Tag};

use super::code;
use super::tree::{Entry, Node, Span, Value, is_null};
use crate::diagnostic::{Code, Diagnostic, Source};

/// The largest file that is read, in bytes.
pub const SIZE_MAX: usize = 1 << 20;
/// The longest line that is read, in bytes: every finding quotes its line.
const LINE_MAX: usize = 16 << 10;
/// The deepest nesting that is read.
const DEPTH_MAX: usize = 64;
/// The most values a file may hold, aliases expanded.
const WEIGHT_MAX: usize = 250_000;

/// Why a file isn't read at all.
type Refusal = Box<Diagnostic>;

/// Takes bytes as a source, if they are text of bounded size.
pub(super) fn source(name: &str, bytes: &[u8]) -> Result<Source, Refusal> {
    let refuse = |code, summary: String, help: &str| {
        Err(Box::new(Diagnostic::error(code, summary).help(help)))
    };
    if bytes.len() > SIZE_MAX {
        let summary = format!("`{name}` is larger than 1 MiB ({} bytes)", bytes.len());
        let help = "a fleet of equal machines is written once, with `count: N`";
        return refuse(code::TOO_LARGE, summary, help);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            let line = bytes[..error.valid_up_to()]
                .split(|byte| *byte == b'\n')
                .count();
            let summary = format!("`{name}` is not valid UTF-8 (line {line})");
            refuse(code::NOT_UTF8, summary, "save the file as UTF-8")
        }
    }
}

/// The tree of a file, and the keys that are written a second time.
type Parsed = (Arc<Node>, Vec<(Arc<str>, Span)>);

/// Parses a source to its tree; an empty file is null.
pub(super) fn parse(source: &Source) -> Result<Parsed, Refusal> {
    check_size(source)?;
    let mut builder = Builder::new(source);
    let mut documents = 0;
    for event in Parser::new_from_str(&source.text) {
        match event.map_err(|error| syntax(source, &error))? {
            (Event::DocumentStart(..), range) => {
                documents += 1;
                if documents > 1 {
                    let summary = "the file holds more than one document";
                    return Err(builder.refusal(&range, code::SYNTAX, summary));
                }
            }
            (event, range) => builder.take(event, &range)?,
        }
    }
    let empty = || Node::leaf(Value::Null, Span::default());
    Ok((builder.root.unwrap_or_else(empty), builder.repeated))
}

fn check_size(source: &Source) -> Result<(), Refusal> {
    let name = &source.name;
    if source.text.len() > SIZE_MAX {
        let summary = format!("`{name}` is larger than 1 MiB");
        return Err(Box::new(Diagnostic::error(code::TOO_LARGE, summary)));
    }
    let long = source
        .text
        .split('\n')
        .position(|line| line.len() > LINE_MAX);
    long.map_or(Ok(()), |number| {
        let number = number + 1;
        let summary = format!("line {number} of `{name}` is longer than {LINE_MAX} bytes");
        let finding = Diagnostic::error(code::TOO_LARGE, summary);
        Err(Box::new(finding.help("break it into lines")))
    })
}

fn syntax(source: &Source, error: &ScanError) -> Refusal {
    let offset = error.marker().byte_offset().unwrap_or(0);
    let info = error.info();
    let help = if info.contains("tabs") {
        "indent with spaces: YAML takes no tabs there"
    } else {
        "check indentation, colons and quotes here and on the line above"
    };
    Box::new(
        Diagnostic::error(code::SYNTAX, format!("not valid YAML: {info}"))
            .at(source.place(offset, 1))
            .help(help),
    )
}

/// A collection that is still open.
struct Open {
    anchor: usize,
    start: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Arc<Node>>),
    Map {
        entries: Vec<Entry>,
        key: Option<(Arc<str>, Span)>,
        seen: HashSet<Arc<str>>,
        merges: Vec<Arc<Node>>,
    },
}

struct Builder<'a> {
    source: &'a Source,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
    repeated: Vec<(Arc<str>, Span)>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            repeated: Vec::new(),
        }
    }

    fn refusal(&self, range: &Range, code: Code, summary: impl Into<String>) -> Refusal {
        let span = span(range);
        let place = self.source.place(span.start, span.length);
        Box::new(Diagnostic::error(code, summary).at(place))
    }

    fn take(&mut self, event: Event<'_>, range: &Range) -> Result<(), Refusal> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = self.tag(tag.as_deref(), range)?;
                let plain = style == ScalarStyle::Plain && !quoted;
                let value = if plain && is_null(&text) {
                    Value::Null
                } else {
                    Value::Scalar {
                        text: text.as_ref().into(),
                        plain,
                    }
                };
                let node = Node::leaf(value, span(range));
                self.place(anchor, node, range)
            }
            Event::Alias(id) => match self.anchors.get(&id).map(Arc::clone) {
                Some(node) => self.place(0, node, range),
                None => {
                    Err(self.refusal(range, code::SYNTAX, "an alias stands inside what it names"))
                }
            },
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), range)?;
                self.open(anchor, range, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), range)?;
                let kind = OpenKind::Map {
                    entries: Vec::new(),
                    key: None,
                    seen: HashSet::new(),
                    merges: Vec::new(),
                };
                self.open(anchor, range, kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range),
            // Stream and document marks and comments carry no value.
            _ => Ok(()),
        }
    }

    /// Says whether a tag makes a scalar text; refuses those that aren't YAML's own.
    fn tag(&self, tag: Option<&Tag>, range: &Range) -> Result<bool, Refusal> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema() => Ok(tag.is_yaml_core_schema_tag("str")),
            Some(tag) => {
                let summary = format!("the tag `{}` means nothing here", tag.original());
                Err(self.refusal(range, code::SYNTAX, summary))
            }
        }
    }

    fn open(&mut self, anchor: usize, range: &Range, kind: OpenKind) -> Result<(), Refusal> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.refusal(range, code::TOO_DEEP, "nested more than 64 levels deep"));
        }
        self.open.push(Open {
            anchor,
            start: span(range).start,
            kind,
        });
        Ok(())
    }

    fn close(&mut self, range: &Range) -> Result<(), Refusal> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let end = span(range).start;
        let whole = Span {
            start: open.start,
            length: end.saturating_sub(open.start),
        };
        let node = match open.kind {
            OpenKind::List(items) => Node::list(items, whole),
            OpenKind::Map {
                mut entries,
                mut seen,
                merges,
                ..
            } => {
                for entry in merges.iter().flat_map(|node| node.entries()) {
                    if seen.insert(Arc::clone(&entry.key)) {
                        entries.push(entry.clone());
                    }
                }
                Node::map(entries, whole)
            }
        };
        self.place(open.anchor, node, range)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, anchor: usize, node: Arc<Node>, range: &Range) -> Result<(), Refusal> {
        if node.weight > WEIGHT_MAX {
            let summary = "the file holds more than 250,000 values, aliases expanded";
            return Err(self.refusal(range, code::TOO_LARGE, summary));
        }
        if self.open.len() + node.height > DEPTH_MAX {
            return Err(self.refusal(range, code::TOO_DEEP, "nested more than 64 levels deep"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Map {
                entries,
                key,
                seen,
                merges,
            }) => match key.take() {
                None => return self.key(&node, range),
                Some((name, at)) if &*name == "<<" => {
                    let merged = match &node.value {
                        Value::List(items) => items.clone(),
                        Value::Null | Value::Scalar { .. } | Value::Map(_) => vec![node],
                    };
                    let is_map = |node: &Arc<Node>| matches!(node.value, Value::Map(_));
                    if !merged.iter().all(is_map) {
                        let place = self.source.place(at.start, at.length);
                        let summary = "`<<` merges mappings, and this is none";
                        let found = Diagnostic::error(code::SYNTAX, summary).at(place);
                        return Err(Box::new(
                            found.help("write `<<: *name`, where `&name` stands at a mapping"),
                        ));
                    }
                    merges.extend(merged);
                }
                Some((name, at)) => {
                    if seen.insert(Arc::clone(&name)) {
                        entries.push(Entry {
                            key: name,
                            span: at,
                            value: node,
                        });
                    } else {
                        self.repeated.push((name, at));
                    }
                }
            },
        }
        Ok(())
    }

    fn key(&mut self, node: &Node, range: &Range) -> Result<(), Refusal> {
        let text: Arc<str> = match &node.value {
            Value::Scalar { text, .. } => Arc::from(&**text),
            Value::Null => Arc::from(""),
            Value::List(_) | Value::Map(_) => {
                let summary = "a key is a word, not a collection";
                return Err(self.refusal(range, code::SYNTAX, summary));
            }
        };
        if let Some(OpenKind::Map { key, .. }) = self.open.last_mut().map(|open| &mut open.kind) {
            *key = Some((text, node.span));
        }
        Ok(())
    }
}

fn span(range: &Range) -> Span {
    range.byte_range().map_or_else(Span::default, |bytes| Span {
        start: bytes.start,
        length: bytes.len(),
    })
}
