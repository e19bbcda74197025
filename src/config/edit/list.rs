//! Items of a list: added at its end and taken out, in brackets as in lines.

use super::flow::Members;
use super::lines::{
    Splices, after_own_comments, column, indent, is_blank, line_break, line_end, line_start,
    next_line,
};
use super::manner::{Item, Manner, quote};
use super::odd::Odd;
use super::syntax::{Form, Pair, Piece, Syntax};

/// Where the dash of an item stands; none of an item that isn't plainly written after one.
pub(super) fn dash(text: &str, item: &Piece) -> Option<usize> {
    let before = text[..item.span.start].trim_end_matches([' ', '\t']);
    before.ends_with('-').then(|| before.len() - 1)
}

/// The items of the list that is a pair's value.
fn items(pair: &Pair) -> Result<&[Piece], Odd> {
    match &pair.value.form {
        Form::List { items, .. } => Ok(items),
        Form::Scalar { .. } | Form::Map { .. } | Form::Alias => {
            Err(Odd::Spelling(pair.value.span.start))
        }
    }
}

/// Adds items at the end of a list.
pub(super) fn append(
    text: &str,
    syntax: &Syntax,
    pair: &Pair,
    new: &[Item],
    manner: Manner,
) -> Result<String, Odd> {
    let there = items(pair)?;
    let odd = || Odd::Spelling(pair.value.span.start);
    let manner = Manner {
        quote: match there.last() {
            Some(last) => quote(last.named()),
            None => quote(&pair.key),
        },
        line_break: line_break(text, pair.key.span.start),
        ..manner
    };
    if pair.value.is_flow() {
        let new: Option<Vec<String>> = new.iter().map(|item| manner.flow_item(item)).collect();
        let members = Members::of(text, syntax, &pair.value);
        return Ok(members.append(&new.ok_or_else(odd)?).make(text));
    }
    let last = there.last().ok_or_else(odd)?;
    let (dash, indent) = dashed(text, last)?;
    let gap = &text[dash + 1..last.span.start];
    let end = after_own_comments(text, last.span.end, column(text, dash));
    let mut splices = Splices::default();
    splices.insert(end, manner.block_items(new, indent, gap));
    Ok(splices.make(text))
}

/// Takes an item out, with the comment on its own line; a list that is empty then is `[]`.
pub(super) fn remove(
    text: &str,
    syntax: &Syntax,
    pair: &Pair,
    index: usize,
) -> Result<String, Odd> {
    let list = items(pair)?;
    let item = list.get(index).ok_or(Odd::Meaning)?;
    if item.has_properties() {
        return Err(Odd::Spelling(item.span.start));
    }
    if pair.value.is_flow() {
        let members = Members::of(text, syntax, &pair.value);
        return Ok(members.remove(index).make(text));
    }
    let (dash, _) = dashed(text, item)?;
    let end = item.span.end;
    let rest = end..line_end(text, end);
    if syntax.comment_in(rest.clone()).is_none() && !is_blank(text, rest) {
        return Err(Odd::Spelling(item.span.start));
    }
    let mut splices = Splices::default();
    let (start, after) = (line_start(text, dash), next_line(text, end));
    if text[..after].ends_with('\n') {
        splices.delete(start..after);
    } else {
        // The last line of a file that doesn't end with a line break, and shall not.
        let kept = text[..start].strip_suffix('\n').unwrap_or_default();
        splices.delete(kept.strip_suffix('\r').unwrap_or(kept).len()..after);
    }
    if list.len() == 1 {
        if pair.value.has_properties() {
            return Err(Odd::Spelling(pair.value.span.start));
        }
        splices.insert(colon(text, pair)? + 1, " []");
    }
    Ok(splices.make(text))
}

/// The dash of an item that begins its line, and the blanks before it.
fn dashed<'a>(text: &'a str, item: &Piece) -> Result<(usize, &'a str), Odd> {
    let odd = || Odd::Spelling(item.span.start);
    let dash = dash(text, item).ok_or_else(odd)?;
    Ok((dash, indent(text, dash).ok_or_else(odd)?))
}

/// Where the colon after a key stands.
pub(super) fn colon(text: &str, pair: &Pair) -> Result<usize, Odd> {
    let end = pair.key.span.end;
    let rest = text[end..].trim_start_matches([' ', '\t']);
    if rest.starts_with(':') {
        Ok(text.len() - rest.len())
    } else {
        Err(Odd::Spelling(pair.key.span.start))
    }
}
