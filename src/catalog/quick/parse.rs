//! From lines to a tree.

use super::Tree;

/// How deep maps and lists may lie in each other.
const DEPTH_MAX: usize = 16;
/// How many keys a map may have; doubles are looked for in each.
const KEYS_MAX: usize = 64;

struct Line<'a> {
    indent: usize,
    content: &'a str,
}

struct Parser<'a> {
    lines: Vec<Line<'a>>,
    next: usize,
    depth: usize,
}

/// The tree of a whole text.
pub(super) fn document(text: &str) -> Option<Tree<'_>> {
    if !text
        .bytes()
        .all(|b| b == b'\n' || (b' '..=b'~').contains(&b))
    {
        return None;
    }
    let mut parser = Parser {
        lines: text.split('\n').filter_map(line).collect(),
        next: 0,
        depth: 0,
    };
    if parser.lines.first()?.indent != 0 {
        return None;
    }
    let tree = parser.map(0)?;
    (parser.next == parser.lines.len()).then_some(tree)
}

fn line(text: &str) -> Option<Line<'_>> {
    let content = text.trim_start_matches(' ');
    if content.is_empty() || content.starts_with('#') {
        return None;
    }
    Some(Line {
        indent: text.len() - content.len(),
        content: content.trim_end_matches(' '),
    })
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<(usize, &'a str)> {
        self.lines
            .get(self.next)
            .map(|line| (line.indent, line.content))
    }

    fn map(&mut self, indent: usize) -> Option<Tree<'a>> {
        self.deeper(|parser| {
            let mut entries: Vec<(&'a str, Tree<'a>)> = Vec::new();
            while let Some((at, content)) = parser.peek() {
                if at < indent {
                    break;
                }
                let (key, rest) = entry(content)?;
                let double = entries.iter().any(|(other, _)| *other == key);
                if at != indent || double || entries.len() == KEYS_MAX {
                    return None;
                }
                parser.next += 1;
                entries.push((key, parser.value(indent, rest)?));
            }
            (!entries.is_empty()).then_some(Tree::Map(entries))
        })
    }

    /// What follows a key: a scalar on its line, or a block below it.
    fn value(&mut self, indent: usize, rest: &'a str) -> Option<Tree<'a>> {
        if rest.is_empty() || rest.starts_with('#') {
            let (at, content) = self.peek()?;
            return match content.starts_with("- ") {
                true if at >= indent => self.list(at),
                false if at > indent => self.map(at),
                true | false => None,
            };
        }
        let tree = inline(rest)?;
        // A deeper line would go on with the scalar.
        let goes_on = self.peek().is_some_and(|(at, _)| at > indent);
        (!goes_on).then_some(tree)
    }

    fn list(&mut self, indent: usize) -> Option<Tree<'a>> {
        self.deeper(|parser| {
            let mut items = Vec::new();
            while let Some((at, content)) = parser.peek() {
                let Some(item) = content.strip_prefix("- ") else {
                    // The next key of the map this list belongs to, or a mistake it will see.
                    break;
                };
                if at < indent {
                    break;
                }
                if at > indent || item.starts_with([' ', '-', '#']) && !is_dashed_word(item) {
                    return None;
                }
                if entry(item).is_some() {
                    // The item is a map whose first key stands on the dash's line.
                    let line = parser.lines.get_mut(parser.next)?;
                    line.indent = indent + 2;
                    line.content = item;
                    items.push(parser.map(indent + 2)?);
                } else {
                    parser.next += 1;
                    let tree = inline(item)?;
                    if parser.peek().is_some_and(|(at, _)| at > indent) {
                        return None;
                    }
                    items.push(tree);
                }
            }
            (!items.is_empty()).then_some(Tree::List(items))
        })
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<Tree<'a>>) -> Option<Tree<'a>> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let tree = read(self);
        self.depth -= 1;
        tree
    }
}

/// A word such as `-V` or `--fast`, not the dash of a list.
fn is_dashed_word(text: &str) -> bool {
    let word = text.trim_start_matches('-');
    text.len() - word.len() <= 2 && word.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// A key and what follows it on its line.
fn entry(content: &str) -> Option<(&str, &str)> {
    let (key, rest) = content.split_once(':')?;
    let word = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !word || is_special(key) || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    Some((key, rest.trim_start_matches(' ')))
}

fn inline(text: &str) -> Option<Tree<'_>> {
    match text.as_bytes().first()? {
        b'[' => brackets(text),
        b'"' | b'\'' => {
            let (inner, rest) = quoted(text)?;
            is_end(rest).then_some(Tree::Quoted(inner))
        }
        _ => plain(text),
    }
}

/// Whether nothing but a comment follows.
fn is_end(rest: &str) -> bool {
    let trimmed = rest.trim_start_matches(' ');
    trimmed.is_empty() || (trimmed.len() < rest.len() && trimmed.starts_with('#'))
}

/// What stands in quotes, without escapes, and what follows the closing one.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next()?;
    let (inner, rest) = text.get(1..)?.split_once(quote)?;
    let escapes = inner.contains('\\') && quote == '"' || rest.starts_with(quote);
    (!escapes).then_some((inner, rest))
}

fn plain(text: &str) -> Option<Tree<'_>> {
    let text = match text.find(" #") {
        Some(comment) => text.get(..comment)?.trim_end_matches(' '),
        None => text,
    };
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "_./~$^(".contains(c))
        || is_dashed_word(text);
    let unsure = text.contains(": ") || text.ends_with(':') || is_special(text);
    (starts && !unsure).then_some(Tree::Plain(text))
}

/// A list in brackets on one line, of words and quoted texts.
fn brackets(text: &str) -> Option<Tree<'_>> {
    let mut rest = text.strip_prefix('[')?.trim_start_matches(' ');
    let mut items = Vec::new();
    if let Some(end) = rest.strip_prefix(']') {
        return is_end(end).then_some(Tree::List(items));
    }
    loop {
        let (item, after) = if rest.starts_with(['"', '\'']) {
            let (inner, after) = quoted(rest)?;
            (Tree::Quoted(inner), after)
        } else {
            let end = rest.find([',', ']', ' '])?;
            let (word, after) = rest.split_at(end);
            let known = word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_./-=@$~+".contains(&b));
            let starts = word
                .starts_with(|c: char| c.is_ascii_alphanumeric() || "_./~$".contains(c))
                || is_dashed_word(word);
            if !known || !starts || is_special(word) {
                return None;
            }
            (Tree::Plain(word), after)
        };
        items.push(item);
        let after = after.trim_start_matches(' ');
        if let Some(end) = after.strip_prefix(']') {
            return is_end(end).then_some(Tree::List(items));
        }
        rest = after.strip_prefix(',')?.trim_start_matches(' ');
    }
}

/// Words that YAML reads as something else than text, or that its versions disagree on.
fn is_special(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "~", "null", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "inf", "nan", "...", "---",
    ];
    text.len() <= 5 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
