//! Tables: aligned columns, empty ones left out, free text cut to the page.

use super::page::{Page, Style, Tone};
use super::text::shorten;

/// Narrower than this a column isn't cut.
const COLUMN_MIN: usize = 8;
const GAP: usize = 2;

/// Writes a table; the cells must have been made harmless. Only `free` columns are ever cut.
pub(super) fn table(
    headings: &[&str],
    rows: &[Vec<String>],
    free: &[usize],
    style: &Style,
) -> String {
    let shown: Vec<usize> = (0..headings.len())
        .filter(|column| rows.iter().any(|row| !row[*column].is_empty()))
        .collect();
    let mut widths: Vec<usize> = shown
        .iter()
        .map(|column| {
            let cells = rows.iter().map(|row| row[*column].chars().count());
            cells.max().unwrap_or(0).max(headings[*column].len())
        })
        .collect();
    let is_free: Vec<bool> = shown.iter().map(|column| free.contains(column)).collect();
    narrow(&mut widths, &is_free, style.width);
    let mut page = Page::new(*style);
    let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
    line(&mut page, &headings, &shown, &widths, Some(Tone::Faint));
    for row in rows {
        line(&mut page, row, &shown, &widths, None);
    }
    page.into_text()
}

fn narrow(widths: &mut [usize], is_free: &[bool], page: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    loop {
        let total: usize = widths.iter().sum::<usize>() + gaps;
        let free = widths
            .iter_mut()
            .zip(is_free)
            .filter(|(_, is_free)| **is_free);
        let widest = free.map(|(width, _)| width).max();
        match widest {
            Some(width) if total > page && *width > COLUMN_MIN => *width -= 1,
            Some(_) | None => return,
        }
    }
}

fn line(page: &mut Page, cells: &[String], shown: &[usize], widths: &[usize], tone: Option<Tone>) {
    let mut text = String::new();
    for (&column, &width) in shown.iter().zip(widths) {
        let cell = shorten(&cells[column], width);
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
