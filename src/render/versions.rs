//! Versions of a state, and what letting go or going back means, as text.

use super::page::{Page, Style, Tone};
use super::table::{Free, table};
use super::text::clean;
use crate::address::{Address, Kind};
use crate::resource::ProviderKind;
use crate::state::{Event, Object, Serial, State, Version};

/// The versions kept, for people.
pub fn versions_human(versions: &[Version], current: Serial, style: &Style) -> String {
    let cells: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            let by = version.written.as_ref();
            let text =
                |text: Option<String>| text.map_or_else(String::new, |t| clean(&t).into_owned());
            vec![
                version.serial.to_string(),
                text(by.map(|by| by.when.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())),
                text(by.map(|by| by.command.clone())),
                version.resources.to_string(),
                if version.pending == 0 {
                    String::new()
                } else {
                    version.pending.to_string()
                },
                if version.serial == current {
                    "now".to_owned()
                } else {
                    String::new()
                },
                text(by.map(|by| format!("{} on {}", by.who, by.host))),
            ]
        })
        .collect();
    let headings = [
        "SERIAL", "WRITTEN", "COMMAND", "RECORDED", "OPEN", "NOW", "BY",
    ];
    let free = Free {
        column: 6,
        least: 8,
    };
    table(&headings, &cells, &[free], style)
}

/// What going back to an earlier state changes in the record.
pub fn restoration(now: &State, then: &State, style: &Style) -> String {
    let mut page = Page::new(*style);
    page.tone(
        Tone::Strong,
        &format!("Back to write {} from write {}:", then.serial, now.serial),
    )
    .end();
    let mut same = true;
    let mut line = |page: &mut Page, tone, mark: &str, address: &Address, what: &str| {
        page.raw("  ")
            .tone(tone, mark)
            .raw(" ")
            .show(address)
            .raw(what)
            .end();
        same = false;
    };
    for (address, record) in &then.resources {
        match now.resources.get(address) {
            None => line(&mut page, Tone::Good, "+", address, " is recorded again"),
            Some(present) if present != record => {
                line(
                    &mut page,
                    Tone::Changed,
                    "~",
                    address,
                    " is recorded as it was then",
                );
            }
            Some(_) => {}
        }
    }
    for address in now.resources.keys() {
        if !then.resources.contains_key(address) {
            line(&mut page, Tone::Bad, "-", address, " is no longer recorded");
        }
    }
    if same {
        page.raw("  nothing recorded differs").end();
    }
    page.raw("Only the record changes; `sindri plan` then says what that means for what stands.")
        .end();
    page.into_text()
}

/// What was seen to differ from the record, for people; empty where nothing was.
pub fn drift_list(drift: &[crate::plan::Drift], style: &Style) -> String {
    let mut page = Page::new(*style);
    super::plan::drift_section(&mut page, drift);
    page.into_text()
}

/// What machines are known by to ssh, where that is to be recorded anew; empty where nothing is.
pub fn doors_list(state: &State, events: &[(Address, bool, Event)], style: &Style) -> String {
    let mut page = Page::new(*style);
    for (address, _, event) in events {
        let Event::Refreshed {
            object: Some(now), ..
        } = event
        else {
            continue;
        };
        let before = state.current(address).map(|object| &object.attributes);
        let changed = Object::DOOR.iter().filter_map(|name| {
            let now = now.attributes.get(name)?.as_str()?;
            let before = before.and_then(|before| before.get(name)?.as_str());
            (before != Some(now)).then_some((name, before, now))
        });
        let changed: Vec<_> = changed.collect();
        if changed.is_empty() {
            continue;
        }
        page.raw("  # ")
            .show(address)
            .raw(" is reached in another way")
            .end();
        for (name, before, now) in changed {
            page.raw("      ").raw(name).raw(" = ");
            if let Some(before) = before {
                page.raw(&clean(before)).raw(" -> ");
            }
            page.raw(&clean(now)).end();
        }
        page.raw("").end();
    }
    page.into_text()
}

/// How a person removes an object that isn't managed any more.
pub fn removal_by_hand(object: &Object) -> String {
    let id = clean(object.id.as_str());
    match (object.provider, object.spec.kind()) {
        (ProviderKind::Docker, Kind::Machine) => format!("docker rm --force {id}"),
        (ProviderKind::Docker, Kind::Volume) => format!("docker volume rm {id}"),
        (ProviderKind::Docker, Kind::Network) => format!("docker network rm {id}"),
        (ProviderKind::Local, Kind::Volume) => format!("rm -r '{id}' '{id}.json'"),
        (ProviderKind::Local, _) => format!("rm -r '{id}'"),
        (provider, kind) => format!("the {} {id} on {provider}", kind.as_str()),
    }
}
