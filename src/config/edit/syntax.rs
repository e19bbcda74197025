//! A file as it is written: every value with its notation and where it begins and ends.
//!
//! The reader's tree says what a file means, with aliases expanded; this one says how it is spelled,
//! so that an edit touches the bytes it must and no others. Both come from the same parser.

use std::collections::HashSet;
use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

/// A file's spelling.
pub(super) struct Syntax {
    pub(super) root: Piece,
    /// The comments, from `#` to the line's end, in the order of the file.
    pub(super) comments: Vec<Range<usize>>,
    /// The anchors that an alias leads to.
    aliased: HashSet<usize>,
}

/// A value as it is written.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) form: Form,
    /// From its first to its last byte; a block collection ends where its last value does.
    pub(super) span: Range<usize>,
    /// The number of its anchor, or 0.
    anchor: usize,
    /// Whether a tag stands before it.
    pub(super) is_tagged: bool,
}

/// How a value is written.
#[derive(Debug)]
pub(super) enum Form {
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    List {
        is_flow: bool,
        items: Vec<Piece>,
    },
    Map {
        is_flow: bool,
        pairs: Vec<Pair>,
    },
    /// A reference to a value that stands elsewhere.
    Alias,
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: Piece,
    pub(super) value: Piece,
}

impl Piece {
    /// The pairs of a map; none of anything else.
    pub(super) fn pairs(&self) -> &[Pair] {
        match &self.form {
            Form::Map { pairs, .. } => pairs,
            Form::Scalar { .. } | Form::List { .. } | Form::Alias => &[],
        }
    }

    /// The pair under a key.
    pub(super) fn pair(&self, key: &str) -> Option<&Pair> {
        self.pairs()
            .iter()
            .find(|pair| pair.key.text() == Some(key))
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.form {
            Form::Scalar { text, .. } => Some(text),
            Form::List { .. } | Form::Map { .. } | Form::Alias => None,
        }
    }

    /// The scalar that names an item of a list: itself, or what stands under `name`.
    pub(super) fn named(&self) -> &Self {
        self.pair("name").map_or(self, |pair| &pair.value)
    }

    /// Whether it stands without quotes and means nothing.
    pub(super) fn is_null(&self) -> bool {
        match &self.form {
            Form::Scalar { text, style } => {
                *style == ScalarStyle::Plain
                    && !self.is_tagged
                    && crate::config::tree::is_null(text)
            }
            Form::List { .. } | Form::Map { .. } | Form::Alias => false,
        }
    }

    /// Whether it is a null of which no byte is written.
    pub(super) fn is_unwritten(&self) -> bool {
        self.is_null() && self.span.is_empty()
    }

    /// Whether it is a collection in brackets.
    pub(super) fn is_flow(&self) -> bool {
        match &self.form {
            Form::List { is_flow, .. } | Form::Map { is_flow, .. } => *is_flow,
            Form::Scalar { .. } | Form::Alias => false,
        }
    }

    /// Whether an anchor or a tag stands before it.
    pub(super) fn has_properties(&self) -> bool {
        self.anchor != 0 || self.is_tagged
    }
}

impl Pair {
    /// Where its last written byte stands, but for a colon without a value.
    pub(super) fn end(&self) -> usize {
        if self.value.is_unwritten() {
            self.key.span.end
        } else {
            self.value.span.end
        }
    }
}

impl Syntax {
    /// Takes a text apart; none where the parser refuses it.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut builder = Builder::default();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            builder.take(event, span.byte_range()?)?;
        }
        Some(Self {
            root: builder.root?,
            comments: builder.comments,
            aliased: builder.aliased,
        })
    }

    /// Whether something else in the file refers to this very value.
    pub(super) fn is_shared(&self, piece: &Piece) -> bool {
        piece.anchor != 0 && self.aliased.contains(&piece.anchor)
    }

    /// The comment that begins in a range.
    pub(super) fn comment_in(&self, range: Range<usize>) -> Option<Range<usize>> {
        let mut all = self.comments.iter();
        all.find(|comment| range.contains(&comment.start)).cloned()
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Piece>,
    comments: Vec<Range<usize>>,
    aliased: HashSet<usize>,
}

/// A collection that isn't closed yet.
struct Open {
    piece: Piece,
    /// The key that waits for its value.
    key: Option<Piece>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.place(Piece {
                form: Form::Scalar {
                    text: text.into_owned(),
                    style,
                },
                span,
                anchor,
                is_tagged: tag.is_some(),
            }),
            Event::Alias(id) => {
                self.aliased.insert(id);
                self.place(Piece {
                    form: Form::Alias,
                    span,
                    anchor: 0,
                    is_tagged: false,
                })
            }
            Event::SequenceStart(style, anchor, tag) => {
                let form = Form::List {
                    is_flow: style == StructureStyle::Flow,
                    items: Vec::new(),
                };
                self.open(form, span, anchor, tag.is_some());
                Some(())
            }
            Event::MappingStart(style, anchor, tag) => {
                let form = Form::Map {
                    is_flow: style == StructureStyle::Flow,
                    pairs: Vec::new(),
                };
                self.open(form, span, anchor, tag.is_some());
                Some(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Comment(..) => {
                self.comments.push(span);
                Some(())
            }
            // Marks of the stream and of documents.
            _ => Some(()),
        }
    }

    fn open(&mut self, form: Form, span: Range<usize>, anchor: usize, is_tagged: bool) {
        self.open.push(Open {
            piece: Piece {
                form,
                span,
                anchor,
                is_tagged,
            },
            key: None,
        });
    }

    fn close(&mut self, end: &Range<usize>) -> Option<()> {
        let mut piece = self.open.pop()?.piece;
        let last = match &piece.form {
            Form::List { items, .. } => items.last().map(|item| item.span.end),
            Form::Map { pairs, .. } => pairs.last().map(Pair::end),
            Form::Scalar { .. } | Form::Alias => None,
        };
        piece.span.end = if piece.is_flow() { end.end } else { last? };
        self.place(piece)
    }

    fn place(&mut self, piece: Piece) -> Option<()> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(piece);
            return Some(());
        };
        match &mut open.piece.form {
            Form::List { items, .. } => items.push(piece),
            Form::Map { pairs, .. } => match open.key.take() {
                None => open.key = Some(piece),
                Some(key) => pairs.push(Pair { key, value: piece }),
            },
            // Only collections are opened.
            Form::Scalar { .. } | Form::Alias => return None,
        }
        Some(())
    }
}
