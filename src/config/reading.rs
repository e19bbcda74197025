//! One reading of one file: where findings gather, and where shared parts are decoded once.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::code;
use super::tree::{Node, Span};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Severity, Source};

/// More findings than this help nobody.
const FINDINGS_MAX: usize = 100;

/// A node, held so that its address stays its own, and what was decoded from it.
type Shared = (Arc<Node>, Box<dyn Any>);

/// The findings made so far, and what was decoded so far.
pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    line_starts: Vec<usize>,
    findings: Vec<(Span, Diagnostic)>,
    seen: HashSet<(Span, String)>,
    left_out: bool,
    /// The text of lines that places were asked for.
    lines: HashMap<usize, Arc<str>>,
    /// Decoded parts by the node they came from and their type.
    shared: HashMap<(usize, TypeId), Shared>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        let breaks = source.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        Self {
            source,
            line_starts: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
            findings: Vec::new(),
            seen: HashSet::new(),
            left_out: false,
            lines: HashMap::new(),
            shared: HashMap::new(),
        }
    }

    /// The place of a span; as [`Source::place`], without reading the file from its start.
    pub(super) fn place(&mut self, span: Span) -> Place {
        let text = &*self.source.text;
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let line = self.line_starts.partition_point(|at| *at <= start);
        let line_start = self.line_starts[line - 1];
        let line_end = self
            .line_starts
            .get(line)
            .map_or(text.len(), |next| next - 1);
        Place {
            file: Arc::clone(&self.source.name),
            line,
            column: text[line_start..start].chars().count() + 1,
            length: span.length.max(1).min(line_end - start),
            source_line: Arc::clone(
                self.lines.entry(line).or_insert_with(|| {
                    Arc::from(text[line_start..line_end].trim_end_matches('\r'))
                }),
            ),
        }
    }

    /// Whether a further error would be left out; it counts as one.
    pub(super) fn skips(&mut self) -> bool {
        self.left_out |= self.findings.len() >= FINDINGS_MAX;
        self.left_out
    }

    /// Reports an error, once for each place and text.
    pub(super) fn error(
        &mut self,
        span: Span,
        code: Code,
        summary: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(span, Diagnostic::error(code, summary).help(help));
    }

    /// Reports a warning, once for each place and text.
    pub(super) fn warning(
        &mut self,
        span: Span,
        code: Code,
        summary: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(span, Diagnostic::warning(code, summary).help(help));
    }

    fn report(&mut self, span: Span, finding: Diagnostic) {
        if self.seen.contains(&(span, finding.summary.clone())) {
            return;
        }
        if finding.severity == Severity::Error && self.skips() {
            return;
        }
        self.seen.insert((span, finding.summary.clone()));
        let place = self.place(span);
        self.findings.push((span, finding.at(place)));
    }

    /// Decodes a node once, however many machines share it.
    pub(super) fn shared<T: 'static>(
        &mut self,
        node: &Arc<Node>,
        decode: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Arc<T>> {
        let key = (Arc::as_ptr(node).addr(), TypeId::of::<T>());
        if let Some((_, found)) = self.shared.get(&key)
            && let Some(found) = found.downcast_ref::<Option<Arc<T>>>()
        {
            return found.clone();
        }
        let value = decode(self).map(Arc::new);
        self.shared
            .insert(key, (Arc::clone(node), Box::new(value.clone())));
        value
    }

    pub(super) fn has_errors(&self) -> bool {
        self.left_out || self.findings.iter().any(|(_, finding)| finding.is_error())
    }

    /// The findings in the order of the file.
    pub(super) fn finish(mut self) -> Diagnostics {
        self.findings.sort_by_key(|(span, _)| *span);
        let mut findings: Diagnostics = self.findings.into_iter().map(|(_, found)| found).collect();
        if self.left_out {
            let summary = format!("there are more errors than these {FINDINGS_MAX}");
            findings
                .push(Diagnostic::error(code::TOO_MANY_FINDINGS, summary).help("mend these first"));
        }
        findings
    }
}
