//! Pairs of a map: added, taken out, renamed, given another value.

use super::flow::Members;
use super::lines::{
    Splices, after_own_comments, column, indent, is_blank, line_break, line_end, line_start,
    next_line,
};
use super::list::colon;
use super::manner::{Manner, Value, quote};
use super::odd::Odd;
use super::syntax::{Pair, Piece, Syntax};

/// Where a new pair goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// Before the others, unless a comment stands there that tells of the first of them.
    First,
    /// After the others.
    Last,
}

/// Adds a pair to a map.
pub(super) fn put(
    text: &str,
    syntax: &Syntax,
    map: &Piece,
    (key, value): (&str, &Value),
    spot: Spot,
    manner: Manner,
) -> Result<String, Odd> {
    let odd = || Odd::Spelling(map.span.start);
    let pairs = map.pairs();
    let manner = like_siblings(text, pairs, manner);
    let mut splices = Splices::default();
    if map.is_flow() {
        let value = manner.flow(value).ok_or_else(odd)?;
        let pair = format!("{} {value}", manner.key(key));
        return Ok(Members::of(text, syntax, map).append(&[pair]).make(text));
    }
    let (first, last) = pairs.first().zip(pairs.last()).ok_or_else(odd)?;
    let start = first.key.span.start;
    let width = indent(text, start).ok_or_else(odd)?.len();
    let block = manner.block(key, value, width);
    if spot == Spot::First && !is_commented(text, start) {
        let feed = manner.line_break;
        let line = block.strip_prefix(feed).unwrap_or(&block);
        splices.insert(line_start(text, start), format!("{line}{feed}"));
        return Ok(splices.make(text));
    }
    let end = after_own_comments(text, end(text, last)?, column(text, start));
    // Sections that stand apart go on standing apart.
    let gap = if width == 0 && stands_apart(text, last.key.span.start) {
        manner.line_break
    } else {
        ""
    };
    splices.insert(end, format!("{gap}{block}"));
    Ok(splices.make(text))
}

/// Gives a pair of a map a value in place of the null or scalar it has.
pub(super) fn set(
    text: &str,
    map: &Piece,
    pair: &Pair,
    value: &Value,
    manner: Manner,
) -> Result<String, Odd> {
    let odd = || Odd::Spelling(pair.value.span.start);
    if pair.value.has_properties() {
        return Err(odd());
    }
    let manner = like_siblings(text, map.pairs(), manner);
    let mut splices = Splices::default();
    if !pair.value.is_unwritten() {
        let manner = Manner {
            quote: if pair.value.is_null() {
                manner.quote
            } else {
                quote(&pair.value)
            },
            ..manner
        };
        let value = manner.flow(value).ok_or_else(odd)?;
        splices.replace(pair.value.span.clone(), value);
        return Ok(splices.make(text));
    }
    let colon = colon(text, pair)?;
    if map.is_flow() || matches!(value, Value::Name(_)) {
        let value = manner.flow(value).ok_or_else(odd)?;
        splices.insert(colon + 1, format!(" {value}"));
        return Ok(splices.make(text));
    }
    let width = indent(text, pair.key.span.start).ok_or_else(odd)?.len();
    let key = manner.key("");
    let block = manner.block("", value, width);
    // The key is there already: only what follows it is new.
    let lead = manner.line_break.len() + width + key.len();
    let below = block.get(lead..).ok_or_else(odd)?;
    let at = if below.starts_with(manner.line_break) {
        after_own_comments(text, colon + 1, width)
    } else {
        colon + 1
    };
    splices.insert(at, below);
    Ok(splices.make(text))
}

/// Takes a pair with a value on the same line out of a map; a comment there stays.
pub(super) fn take(text: &str, syntax: &Syntax, map: &Piece, pair: &Pair) -> Result<String, Odd> {
    let odd = || Odd::Spelling(pair.key.span.start);
    if pair.value.has_properties() || pair.key.has_properties() {
        return Err(odd());
    }
    if map.is_flow() {
        let same = |other: &Pair| other.key.span == pair.key.span;
        let index = map.pairs().iter().position(same).ok_or_else(odd)?;
        return Ok(Members::of(text, syntax, map).remove(index).make(text));
    }
    let (start, end) = (pair.key.span.start, end(text, pair)?);
    indent(text, start).ok_or_else(odd)?;
    let line = line_end(text, end);
    if text[start..end].contains('\n') {
        return Err(odd());
    }
    let mut splices = Splices::default();
    match syntax.comment_in(end..line) {
        Some(comment) => splices.delete(start..comment.start),
        None if is_blank(text, end..line) => {
            splices.delete(line_start(text, start)..next_line(text, end));
        }
        None => return Err(odd()),
    }
    Ok(splices.make(text))
}

/// Gives a key another name.
pub(super) fn rename(text: &str, pair: &Pair, name: &str) -> Result<String, Odd> {
    if pair.key.has_properties() {
        return Err(Odd::Spelling(pair.key.span.start));
    }
    let quote = quote(&pair.key);
    let mut splices = Splices::default();
    splices.replace(pair.key.span.clone(), format!("{quote}{name}{quote}"));
    Ok(splices.make(text))
}

/// Where a pair's last byte stands.
fn end(text: &str, pair: &Pair) -> Result<usize, Odd> {
    if pair.value.is_unwritten() {
        return Ok(colon(text, pair)? + 1);
    }
    // A literal text ends with line breaks.
    let whole = &text[..pair.value.span.end];
    Ok(whole.trim_end().len().max(pair.key.span.end))
}

/// Keys in quotes are followed by keys in quotes, and by names in them; line breaks by their like.
fn like_siblings(text: &str, pairs: &[Pair], manner: Manner) -> Manner {
    let Some(last) = pairs.last() else {
        return manner;
    };
    let quoted = quote(&last.key);
    Manner {
        quote: quoted,
        key_quote: quoted,
        line_break: line_break(text, last.key.span.start),
        ..manner
    }
}

/// Whether the line before that of an offset is a comment.
fn is_commented(text: &str, at: usize) -> bool {
    let above = text[..line_start(text, at)].trim_end_matches(['\n', '\r']);
    let line = &above[line_start(above, above.len())..];
    line.trim_start().starts_with('#') && text[..line_start(text, at)].len() - above.len() <= 2
}

/// Whether an empty line stands before that of an offset and its comments.
fn stands_apart(text: &str, at: usize) -> bool {
    let above = &text[..line_start(text, at)];
    above
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.starts_with('#'))
        .is_some_and(str::is_empty)
}
