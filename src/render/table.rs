//! Tables: aligned columns, empty ones left out, the widest cut to the page but for the first.

use super::page::{Page, Style, Tone};
use super::text::shorten;

/// Narrower than this a column isn't cut.
const COLUMN_MIN: usize = 8;
const GAP: usize = 2;

/// Writes a table; the cells must have been made harmless.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>], style: &Style) -> String {
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
    narrow(&mut widths, style.width);
    let mut page = Page::new(*style);
    let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
    line(&mut page, &headings, &shown, &widths, Some(Tone::Faint));
    for row in rows {
        line(&mut page, row, &shown, &widths, None);
    }
    page.into_text()
}

fn narrow(widths: &mut [usize], page: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    loop {
        let total: usize = widths.iter().sum::<usize>() + gaps;
        let Some(widest) = widths.iter_mut().skip(1).max() else {
            return;
        };
        if total <= page || *widest <= COLUMN_MIN {
            return;
        }
        *widest = widest.saturating_sub(total - page).max(COLUMN_MIN);
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
