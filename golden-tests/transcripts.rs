//! What the documentation shows is what was seen: its transcripts are held against the cases.
//!
//! A block of a page that shows a command (`$ sindri …`) stands under a line that names the case
//! it comes from: `<!-- seen: CASE -->`. Each command of the block must have shown these very lines
//! there; a line `…` leaves some out, and a command alone shows nothing of what it printed. A block
//! under `<!-- file: CASE/PATH -->` is that file of the case, word for word.

use std::fs;
use std::path::PathBuf;

use crate::tree::{self, Source};

/// What a line of its own leaves out.
const LEFT_OUT: &str = "…";

/// Every transcript and every file of the pages that people read.
pub(crate) fn transcripts() -> Vec<String> {
    let mut pages = tree::below("docs", &["md"]);
    let readme = fs::read_to_string(tree::root().join("README.md"));
    pages.extend(readme.map(|text| Source {
        path: "README.md".to_owned(),
        text,
    }));
    let mut broken: Vec<String> = pages.iter().flat_map(page).collect();
    let shown: usize = pages.iter().map(|page| blocks(&page.text).len()).sum();
    if shown == 0 {
        broken.push("no transcript was found in the documentation".to_owned());
    }
    broken
}

/// A fenced block that shows commands or a file of a case.
struct Block<'a> {
    /// Its first line, counted from 1.
    line: usize,
    mark: Option<Mark<'a>>,
    lines: Vec<&'a str>,
}

/// What a block says it shows.
#[derive(Clone, Copy)]
enum Mark<'a> {
    Seen(&'a str),
    File(&'a str),
}

fn mark(line: &str) -> Option<Mark<'_>> {
    let inner = line.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let (what, name) = inner.split_once(": ")?;
    match what {
        "seen" => Some(Mark::Seen(name)),
        "file" => Some(Mark::File(name)),
        _ => None,
    }
}

/// The blocks that are marked, and those that show a command.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Block<'_>> = None;
    let mut before = "";
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        match (&mut open, fence) {
            (None, true) => {
                open = Some(Block {
                    line: number + 2,
                    mark: mark(before),
                    lines: Vec::new(),
                });
            }
            (Some(_), true) => found.extend(open.take()),
            (Some(block), false) => block.lines.push(line),
            (None, false) => before = line,
        }
    }
    found.retain(|block| {
        let shows = |line: &&str| line.starts_with("$ sindri ");
        block.mark.is_some() || block.lines.iter().any(shows)
    });
    found
}

fn page(page: &Source) -> Vec<String> {
    let place = |block: &Block<'_>| format!("{}:{}", page.path, block.line);
    blocks(&page.text)
        .iter()
        .filter_map(|block| {
            let why = match block.mark {
                None => Err("it names no case that shows it (`<!-- seen: CASE -->`)".to_owned()),
                Some(Mark::File(file)) => file_is(file, &block.lines),
                Some(Mark::Seen(case)) => seen(case, &block.lines),
            };
            why.err().map(|why| format!("{}: {why}", place(block)))
        })
        .collect()
}

fn case(name: &str) -> PathBuf {
    tree::root().join("golden-tests/cases").join(name)
}

fn file_is(file: &str, lines: &[&str]) -> Result<(), String> {
    let path = case(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("`{file}`: {error}"))?;
    if text.lines().eq(lines.iter().copied()) {
        Ok(())
    } else {
        Err(format!("it differs from `golden-tests/cases/{file}`"))
    }
}

fn seen(name: &str, lines: &[&str]) -> Result<(), String> {
    let mut all = Vec::new();
    for stream in ["stdout", "stderr"] {
        let text = fs::read_to_string(case(name).join(stream));
        let text = text.map_err(|error| format!("the case `{name}`: {error}"))?;
        all.extend(sections(text.lines().map(str::to_owned)));
    }
    for (command, shown) in sections(lines.iter().map(|line| (*line).to_owned())) {
        let shown = trimmed(&shown);
        let mut same = all.iter().filter(|(other, _)| *other == command).peekable();
        if same.peek().is_none() {
            return Err(format!("the case `{name}` runs no `{command}`"));
        }
        if !same.any(|(_, printed)| agrees(&shown, &trimmed(printed))) {
            return Err(format!(
                "`{command}` prints something else in the case `{name}`"
            ));
        }
    }
    Ok(())
}

/// The commands of a text with what each printed.
fn sections(lines: impl Iterator<Item = String>) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => {
                // What stands behind a command is for its reader.
                let command = command.split(" # ").next().unwrap_or_default().trim();
                found.push((command.to_owned(), Vec::new()));
            }
            (None, Some((_, printed))) => printed.push(line),
            (None, None) => {}
        }
    }
    found
}

/// Lines without the empty ones around them.
fn trimmed(lines: &[String]) -> Vec<&str> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    let first = lines.iter().position(|line| !line.is_empty());
    let last = lines.iter().rposition(|line| !line.is_empty());
    match (first, last) {
        (Some(first), Some(last)) => lines[first..=last].to_vec(),
        _ => Vec::new(),
    }
}

/// Whether lines are what was printed, in order, but for what `…` leaves out.
fn agrees(shown: &[&str], printed: &[&str]) -> bool {
    if shown.is_empty() {
        return true;
    }
    let mut rest = printed;
    let mut may_skip = false;
    for run in shown.split(|line| line.trim() == LEFT_OUT) {
        if !run.is_empty() {
            let at = rest.windows(run.len()).position(|lines| lines == run);
            match at {
                Some(at) if at == 0 || may_skip => rest = &rest[at + run.len()..],
                _ => return false,
            }
        }
        may_skip = true;
    }
    rest.is_empty() || shown.last().is_some_and(|line| line.trim() == LEFT_OUT)
}
