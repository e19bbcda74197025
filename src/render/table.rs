//! Tables: aligned columns, empty ones left out, free text shortened to the page.

use super::page::{Page, Style, Tone};
use super::text::shorten_middle;

const GAP: usize = 2;

/// A column whose cells may be shortened.
#[derive(Clone, Copy)]
pub(super) struct Free {
    /// Which one.
    pub(super) column: usize,
    /// As how many characters it still tells something.
    pub(super) least: usize,
}

/// Writes a table; the cells must have been made harmless. Only `free` columns are ever shortened;
/// where one would no longer tell anything, its cells go on lines of their own below their rows.
pub(super) fn table(
    headings: &[&str],
    rows: &[Vec<String>],
    free: &[Free],
    style: &Style,
) -> String {
    let mut shown: Vec<usize> = (0..headings.len())
        .filter(|column| rows.iter().any(|row| !row[*column].is_empty()))
        .collect();
    let natural = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(headings[column].len())
    };
    let least = |column: usize| {
        let free = free.iter().find(|free| free.column == column);
        free.map_or(natural(column), |free| natural(column).min(free.least))
    };
    let mut below = Vec::new();
    while sum(shown.iter().map(|column| least(*column))) > style.width {
        let is_free = |column: &usize| free.iter().any(|free| free.column == *column);
        let moved = (0..shown.len()).filter(|at| is_free(&shown[*at]));
        let Some(moved) = moved.max_by_key(|at| least(shown[*at])) else {
            break;
        };
        below.push(shown.remove(moved));
    }
    below.sort_unstable();
    let mut widths: Vec<usize> = shown.iter().map(|column| natural(*column)).collect();
    let leasts: Vec<usize> = shown.iter().map(|column| least(*column)).collect();
    narrow(&mut widths, &leasts, style.width);
    let mut page = Page::new(*style);
    let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
    line(&mut page, &headings, &shown, &widths, Some(Tone::Faint));
    for row in rows {
        line(&mut page, row, &shown, &widths, None);
        for column in below.iter().filter(|column| !row[**column].is_empty()) {
            let name = headings[*column].to_lowercase();
            let room = style.width.saturating_sub(GAP + name.len() + 1);
            page.pad(GAP).tone(Tone::Faint, &name).raw(" ");
            page.raw(&shorten_middle(&row[*column], room)).end();
        }
    }
    page.into_text()
}

/// How wide columns are side by side.
fn sum(widths: impl Iterator<Item = usize>) -> usize {
    widths
        .map(|width| width + GAP)
        .sum::<usize>()
        .saturating_sub(GAP)
}

/// Takes from the widest column that can give, until all fit.
fn narrow(widths: &mut [usize], leasts: &[usize], page: usize) {
    while sum(widths.iter().copied()) > page {
        let able = widths
            .iter_mut()
            .zip(leasts)
            .filter(|(width, least)| **width > **least);
        let Some((width, _)) = able.max_by_key(|(width, _)| **width) else {
            return;
        };
        *width -= 1;
    }
}

fn line(page: &mut Page, cells: &[String], shown: &[usize], widths: &[usize], tone: Option<Tone>) {
    let mut text = String::new();
    for (&column, &width) in shown.iter().zip(widths) {
        let cell = shorten_middle(&cells[column], width);
        text.push_str(&cell);
        let used = cell.chars().count();
        text.extend(std::iter::repeat_n(' ', (width + GAP).saturating_sub(used)));
    }
    let text = text.trim_end();
    match tone {
        Some(tone) => page.tone(tone, text),
        None => page.raw(text),
    };
    page.end();
}
