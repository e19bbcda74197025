//! Bytes → tree: YAML read once, within bounds that no honest file meets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as Range, Tag};

use super::code;
use super::tree::{Entry, Node, Span, Value, is_null};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};

/// The largest file that is read, in bytes.
pub const SIZE_MAX: usize = 1 << 20;
/// The longest line that is read, in bytes: every finding quotes its line.
const LINE_MAX: usize = 16 << 10;
/// The deepest nesting that is read.
const DEPTH_MAX: usize = 64;
/// The most values a file may hold, aliases expanded.
const WEIGHT_MAX: usize = 250_000;

/// Takes bytes as a source, if they are text of bounded size.
pub(super) fn source(name: &str, bytes: &[u8]) -> Result<Source, Diagnostic> {
    let refuse = |code, summary: String| Diagnostic::error(code, summary);
    if bytes.len() > SIZE_MAX {
        let summary = format!("`{name}` is larger than 1 MiB ({} bytes)", bytes.len());
        return Err(refuse(code::TOO_LARGE, summary)
            .help("a fleet of equal machines is written once, with `count: N`"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            let good = &bytes[..error.valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            let summary = format!("`{name}` is not valid UTF-8 (line {line})");
            Err(refuse(code::NOT_UTF8, summary).help("save the file as UTF-8"))
        }
    }
}

/// Parses a source to its tree; an empty file is null.
pub(super) fn parse(source: &Source) -> Result<Arc<Node>, Diagnostics> {
    if source.text.len() > SIZE_MAX {
        let summary = format!("`{}` is larger than 1 MiB", source.name);
        return Err(vec![Diagnostic::error(code::TOO_LARGE, summary)]);
    }
    if let Some(number) = source.text.split('\n').position(|line| line.len() > LINE_MAX) {
        let summary = format!(
            "line {} of `{}` is longer than {LINE_MAX} bytes",
            number + 1,
            source.name
        );
        let finding = Diagnostic::error(code::TOO_LARGE, summary).help("break it into lines");
        return Err(vec![finding]);
    }
    let mut builder = Builder::new(source);
    let mut documents = 0;
    for event in Parser::new_from_str(&source.text) {
        let (event, range) = event.map_err(|error| vec![syntax(source, &error)])?;
        let done = match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    builder.fail(&range, code::SYNTAX, "the file holds more than one document");
                    break;
                }
                Ok(())
            }
            event => builder.take(event, &range),
        };
        if done.is_err() {
            break;
        }
    }
    if builder.findings.is_empty() {
        Ok(builder
            .root
            .unwrap_or_else(|| Node::leaf(Value::Null, Span::default())))
    } else {
        Err(builder.findings)
    }
}

fn syntax(source: &Source, error: &ScanError) -> Diagnostic {
    let offset = error.marker().byte_offset().unwrap_or(0);
    Diagnostic::error(code::SYNTAX, format!("not valid YAML: {}", error.info()))
        .at(source.place(offset, 1))
        .help("check indentation, colons and quotes here and on the line above")
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

/// Stops the reading; what happened is among the findings.
struct Stop;

struct Builder<'a> {
    source: &'a Source,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
    findings: Diagnostics,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            findings: Vec::new(),
        }
    }

    fn fail(&mut self, range: &Range, code: Code, summary: impl Into<String>) {
        let span = span(range);
        let place = self.source.place(span.start, span.length);
        self.findings
            .push(Diagnostic::error(code, summary).at(place));
    }

    fn take(&mut self, event: Event<'_>, range: &Range) -> Result<(), Stop> {
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
                None => self.stop(range, code::SYNTAX, "an alias stands inside what it names"),
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

    fn stop(&mut self, range: &Range, code: Code, summary: &str) -> Result<(), Stop> {
        self.fail(range, code, summary);
        Err(Stop)
    }

    /// Says whether a tag makes a scalar text; refuses those that aren't YAML's own.
    fn tag(&mut self, tag: Option<&Tag>, range: &Range) -> Result<bool, Stop> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema() => Ok(tag.is_yaml_core_schema_tag("str")),
            Some(tag) => {
                let summary = format!("the tag `{}` means nothing here", tag.original());
                self.fail(range, code::SYNTAX, summary);
                Err(Stop)
            }
        }
    }

    fn open(&mut self, anchor: usize, range: &Range, kind: OpenKind) -> Result<(), Stop> {
        if self.open.len() >= DEPTH_MAX {
            return self.stop(range, code::TOO_DEEP, "nested more than 64 levels deep");
        }
        self.open.push(Open {
            anchor,
            start: span(range).start,
            kind,
        });
        Ok(())
    }

    fn close(&mut self, range: &Range) -> Result<(), Stop> {
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
    fn place(&mut self, anchor: usize, node: Arc<Node>, range: &Range) -> Result<(), Stop> {
        if node.weight > WEIGHT_MAX {
            let summary = "the file holds more than 250,000 values, aliases expanded";
            return self.stop(range, code::TOO_LARGE, summary);
        }
        if self.open.len() + node.height > DEPTH_MAX {
            return self.stop(range, code::TOO_DEEP, "nested more than 64 levels deep");
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
                Some((name, _)) if &*name == "<<" => match &node.value {
                    Value::List(items) => merges.extend(items.iter().cloned()),
                    Value::Null | Value::Scalar { .. } | Value::Map(_) => merges.push(node),
                },
                Some((name, at)) => {
                    if seen.insert(Arc::clone(&name)) {
                        entries.push(Entry {
                            key: name,
                            span: at,
                            value: node,
                        });
                    } else {
                        let summary = format!("`{name}` is written twice");
                        let place = self.source.place(at.start, at.length);
                        self.findings.push(
                            Diagnostic::error(code::DUPLICATE_KEY, summary)
                                .at(place)
                                .help("keep one of them"),
                        );
                    }
                }
            },
        }
        Ok(())
    }

    fn key(&mut self, node: &Node, range: &Range) -> Result<(), Stop> {
        let text: Arc<str> = match &node.value {
            Value::Scalar { text, .. } => Arc::from(&**text),
            Value::Null => Arc::from(""),
            Value::List(_) | Value::Map(_) => {
                return self.stop(range, code::SYNTAX, "a key is a word, not a collection");
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
