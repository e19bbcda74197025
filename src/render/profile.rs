//! Profiles, and what of them works where, as text.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::extension::{ExtensionEntry, Sheet, because, support, verdict_json};
use super::page::Style;
use super::table::{Free, table};
use super::text::{clean, count, duration};
use crate::catalog::{Profile, Resolution, Support, Totals};
use crate::diagnostic::Diagnostics;
use crate::resource::ProviderKind;

/// A profile, as it is shown.
#[derive(Clone, Debug)]
pub struct ProfileEntry {
    /// What its file says.
    pub profile: Arc<Profile>,
    /// Its extensions and all that they need.
    pub resolution: Resolution,
    /// Those that it names itself.
    pub members: Vec<ExtensionEntry>,
    /// Whether it stands beside the configuration rather than in the program.
    pub beside: bool,
    /// The providers of the configuration.
    pub providers: Vec<ProviderKind>,
}

impl ProfileEntry {
    /// The members that don't work, or in part only, on a provider.
    fn troubled(&self, provider: ProviderKind, wanted: Support) -> Vec<&ExtensionEntry> {
        let on = |entry: &&ExtensionEntry| {
            let verdict = entry.everywhere.iter().find(|(kind, _)| *kind == provider);
            verdict.is_some_and(|(_, verdict)| verdict.support == wanted)
        };
        self.members.iter().filter(on).collect()
    }

    fn totals(&self) -> Totals {
        self.resolution.totals()
    }
}

/// Profiles for people.
pub fn profile_list_human(entries: &[ProfileEntry], style: &Style) -> String {
    if entries.is_empty() {
        return "There are no profiles.\n".to_owned();
    }
    let mut headings = vec!["NAME", "MEMBERS", "WITH NEEDS", "DISK", "TIME"];
    let providers: Vec<String> = entries[0]
        .providers
        .iter()
        .map(|provider| format!("ON {}", provider.as_str().to_uppercase()))
        .collect();
    let mut free: Vec<Free> = (0..providers.len())
        .map(|at| Free {
            column: headings.len() + at,
            least: 10,
        })
        .collect();
    headings.extend(providers.iter().map(String::as_str));
    free.push(Free {
        column: headings.len(),
        least: 30,
    });
    headings.push("DESCRIPTION");
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let totals = entry.totals();
            let mark = if entry.beside { " *" } else { "" };
            let mut cells = vec![
                format!("{}{mark}", entry.profile.name),
                entry.profile.extensions.len().to_string(),
                entry.resolution.extensions.len().to_string(),
                totals
                    .disk
                    .map_or_else(String::new, |disk| disk.to_string()),
                totals.time.map_or_else(String::new, duration),
            ];
            cells.extend(entry.providers.iter().map(|&provider| {
                match entry.troubled(provider, Support::Unsupported).len() {
                    0 => "all".to_owned(),
                    number => format!("all but {number}"),
                }
            }));
            cells.push(clean(&entry.profile.description).into_owned());
            cells
        })
        .collect();
    let mut text = table(&headings, &rows, &free, style);
    text.extend(["\n", &count(entries.len(), "profile")]);
    if entries.iter().any(|entry| entry.beside) {
        text.push_str("; those with * stand beside the configuration");
    }
    text + ".\n"
}

/// Profiles as one line of JSON.
pub fn profile_list_json(entries: &[ProfileEntry], findings: &Diagnostics) -> String {
    let profiles: Vec<Value> = entries.iter().map(document).collect();
    json!({ "profiles": profiles, "diagnostics": findings }).to_string()
}

/// A profile for people.
pub fn profile_human(entry: &ProfileEntry, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.title(entry.profile.name.as_str(), "");
    sheet.text(&entry.profile.description);
    sheet.gap();
    let from = if entry.beside {
        format!(
            "profiles/{}.yaml beside the configuration",
            entry.profile.name
        )
    } else {
        "the catalog of this program".to_owned()
    };
    sheet.put("from", &from);
    sheet.put("members", &entry.profile.extensions.len().to_string());
    sheet.put("with needs", &entry.resolution.extensions.len().to_string());
    let totals = entry.totals();
    sheet.put(
        "disk",
        &totals
            .disk
            .map_or_else(String::new, |disk| disk.to_string()),
    );
    let time = totals
        .time
        .map(|time| format!("{} one after the other", duration(time)));
    sheet.maybe("takes about", time.as_deref());
    for &provider in &entry.providers {
        sheet.each(&format!("on {provider}"), &works(entry, provider));
    }
    sheet.gap();
    let rows: Vec<Vec<String>> = entry
        .resolution
        .extensions
        .iter()
        .map(|one| {
            let by = one.wanted_by.as_ref();
            vec![
                one.manifest.name.to_string(),
                clean(&one.manifest.version).into_owned(),
                by.map_or_else(String::new, |by| format!("for {by}")),
                clean(&one.manifest.description).into_owned(),
            ]
        })
        .collect();
    let free = [(2, 12), (3, 24)].map(|(column, least)| Free { column, least });
    sheet.into_text()
        + &table(
            &["EXTENSION", "VERSION", "WHY", "DESCRIPTION"],
            &rows,
            &free,
            style,
        )
}

/// What of a profile works on a provider: one line for each member that doesn't.
fn works(entry: &ProfileEntry, provider: ProviderKind) -> Vec<String> {
    let lines = |wanted| {
        let members = entry.troubled(provider, wanted).into_iter();
        members.map(move |member| {
            let mut text = format!("{}: {}", member.manifest.name, support(wanted));
            let verdict = member.everywhere.iter().find(|(kind, _)| *kind == provider);
            let verdict = verdict.map(|(_, verdict)| verdict);
            if let Some(why) = verdict.and_then(because) {
                text.extend([" (", &why, ")"]);
            }
            if let Some(instead) = verdict.and_then(|verdict| verdict.alternative.as_ref()) {
                text.extend(["; instead: ", instead]);
            }
            text
        })
    };
    let troubled: Vec<String> = lines(Support::Unsupported)
        .chain(lines(Support::Partial))
        .collect();
    if troubled.is_empty() {
        vec!["all of it works".to_owned()]
    } else {
        troubled
    }
}

/// A profile as one line of JSON.
pub fn profile_json(entry: &ProfileEntry, findings: &Diagnostics) -> String {
    let mut value = document(entry);
    let resolved: Vec<Value> = entry
        .resolution
        .extensions
        .iter()
        .map(|one| {
            json!({
                "name": one.manifest.name,
                "version": one.manifest.version,
                "wanted_by": one.wanted_by,
            })
        })
        .collect();
    value["resolved"] = json!(resolved);
    let verdicts: Map<String, Value> = entry
        .members
        .iter()
        .map(|member| {
            (
                member.manifest.name.to_string(),
                verdict_json(&member.everywhere),
            )
        })
        .collect();
    value["everywhere"] = Value::Object(verdicts);
    value["diagnostics"] = json!(findings);
    value.to_string()
}

fn document(entry: &ProfileEntry) -> Value {
    let totals = entry.totals();
    let by_provider = |wanted| -> Map<String, Value> {
        let each = entry.providers.iter();
        each.map(|&provider| {
            let members = entry.troubled(provider, wanted).into_iter();
            let names: Vec<String> = members.map(|one| one.manifest.name.to_string()).collect();
            (provider.to_string(), json!(names))
        })
        .collect()
    };
    let members = entry.profile.extensions.iter();
    json!({
        "name": entry.profile.name,
        "description": entry.profile.description,
        "beside": entry.beside,
        "extensions": members.map(|one| &one.name).collect::<Vec<_>>(),
        "resolved_count": entry.resolution.extensions.len(),
        "disk": totals.disk,
        "install_time": totals.time.map(|time| time.as_secs()),
        "unsupported": by_provider(Support::Unsupported),
        "partial": by_provider(Support::Partial),
    })
}
