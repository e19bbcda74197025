//! The extensions of a plan on one screen: what is installed, what isn't and why, what it takes.

use std::fmt::Write as _;
use std::time::Duration;

use crate::address::Name;
use crate::catalog::{Install, LeftOut, Outlook};
use crate::cost::{Cost, Estimate, PRICES_OF, Usd};
use crate::render::page::{Page, Tone};
use crate::render::text::{clean, count, wrap};
use crate::resource::Size;

/// How many machines are named.
const NAMED: usize = 3;

/// Writes what becomes of the extensions, machines that are alike together.
pub(in crate::render) fn outlooks(page: &mut Page, outlooks: &[Outlook]) {
    for outlook in outlooks {
        outlook_of(page, outlook);
    }
}

fn outlook_of(page: &mut Page, outlook: &Outlook) {
    page.tone(Tone::Strong, &heading(outlook)).end();
    if !outlook.installs.is_empty() {
        let names: Vec<String> = outlook.installs.iter().map(named).collect();
        entry(page, Tone::Good, "+", &names.join(" "));
        entry(page, Tone::Faint, " ", &takes(outlook));
        if let Estimate::Monthly(cost) = &outlook.cost {
            entry(page, Tone::Faint, " ", &price(cost));
        }
    }
    for left in &outlook.left_out {
        entry(page, Tone::Bad, "!", &why(left));
    }
    page.end();
}

/// An extension's name, with its tools where not all of them are installed.
fn named(one: &Install) -> String {
    if one.tools.is_empty() {
        return one.name.to_string();
    }
    format!("{} ({})", one.name, clean(&one.tools.join(", ")))
}

fn entry(page: &mut Page, tone: Tone, sign: &str, text: &str) {
    for (nth, line) in wrap(text, page.style.width.saturating_sub(4))
        .iter()
        .enumerate()
    {
        let sign = if nth == 0 { sign } else { " " };
        page.raw("  ").tone(tone, sign).raw(" ").raw(line).end();
    }
}

/// `Extensions of dev on fly: 30 to install, 3 not installed`.
pub(in crate::render) fn heading(outlook: &Outlook) -> String {
    let mut parts = Vec::new();
    if !outlook.installs.is_empty() || outlook.left_out.is_empty() {
        parts.push(format!("{} to install", outlook.installs.len()));
    }
    if !outlook.left_out.is_empty() {
        parts.push(format!("{} not installed", outlook.left_out.len()));
    }
    format!(
        "Extensions of {} on {}: {}",
        machines(&outlook.machines),
        outlook.provider,
        parts.join(", ")
    )
}

fn machines(names: &[Name]) -> String {
    let first: Vec<&str> = names.iter().take(NAMED).map(Name::as_str).collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {}", first.join(", "), count(more, "more machine")),
    }
}

/// What installing takes: time, disk, and what it costs where nothing does.
pub(in crate::render) fn takes(outlook: &Outlook) -> String {
    let expected = outlook.expected();
    let (low, high) = (about(expected.side_by_side), about(expected.in_turn));
    let mut parts = Vec::new();
    if expected.in_turn.is_zero() {
        parts.push("time not known".to_owned());
    } else if low == high {
        parts.push(format!("about {high}"));
    } else {
        parts.push(format!(
            "about {low} side by side, {high} one after another"
        ));
    }
    let disk = Size::mib(expected.disk.div_ceil(Size::mib(1).as_bytes()));
    if expected.disk == 0 {
        parts.push("disk not known".to_owned());
    } else {
        parts.push(format!("{disk} of disk"));
    }
    parts.push(cost(outlook));
    if expected.unsaid > 0 && expected.unsaid < outlook.installs.len() {
        parts.push(format!("{} of them not counted", expected.unsaid));
    }
    parts.join("; ")
}

/// What the machines cost together.
fn cost(outlook: &Outlook) -> String {
    let cost = match &outlook.cost {
        Estimate::Nothing => return "no monthly cost".to_owned(),
        Estimate::Unknown { why } => return format!("monthly cost unknown: {}", clean(why)),
        Estimate::Monthly(cost) => cost,
    };
    let machines = outlook.machines.len().max(1) as u64;
    let mut text = format!("about {} a month running", cost.running * machines);
    let asleep = cost.asleep * machines;
    if asleep == Usd::default() {
        text.push_str(", nothing asleep");
    } else {
        let _infallible = write!(text, ", {asleep} asleep");
    }
    text
}

/// What the price of one machine is made of, and when it was.
fn price(cost: &Cost) -> String {
    let parts = cost
        .parts
        .iter()
        .map(|part| format!("{} for {}", part.monthly, clean(&part.what)));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let besides = if cost.besides.is_empty() {
        String::new()
    } else {
        format!("; not counted: {}", clean(&cost.besides))
    };
    format!("each month: {parts}{besides} (list prices of {PRICES_OF})")
}

/// A time that nobody should take for exact: seconds below a minute and a half, else minutes.
fn about(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// Why an extension isn't installed, and what to do instead.
pub(in crate::render) fn why(left: &LeftOut) -> String {
    let mut text = format!("{}: {}", left.name, clean(&left.reason));
    if left.through.len() > 1 {
        let chain: Vec<&str> = left.through.iter().map(Name::as_str).collect();
        text = format!("{text} (through {})", chain.join(" -> "));
    }
    if let Some(instead) = &left.instead {
        text = format!("{text}; {}", clean(instead));
    }
    text
}
