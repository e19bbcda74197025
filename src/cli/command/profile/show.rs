//! `profile list` and `profile info`.

use crate::address::Name;
use crate::catalog;
use crate::cli::args::ProfileDescribeArgs;
use crate::cli::command::browse::{Browsed, has_errors, parsed};
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Diagnostics, Exit};
use crate::render::{self, ProfileEntry};

pub(super) fn list(session: &mut Session) -> Outcome {
    let browsed = Browsed::open(session)?;
    let mut entries = Vec::new();
    let mut findings = Vec::new();
    for name in browsed.catalog.profile_names() {
        match entry(&browsed, &name) {
            Ok((entry, found)) => {
                entries.push(entry);
                findings.extend(found);
            }
            Err(found) => findings.extend(found),
        }
    }
    // What several profiles have in common is wrong once.
    let mut told = Diagnostics::new();
    for found in findings {
        if !told.contains(&found) {
            told.push(found);
        }
    }
    let text = if session.is_json() {
        render::profile_list_json(&entries, &told) + "\n"
    } else {
        render::profile_list_human(&entries, &session.style())
    };
    finish(session, &text, &told)
}

pub(super) fn describe(session: &mut Session, args: &ProfileDescribeArgs) -> Outcome {
    let browsed = Browsed::open(session)?;
    let name = parsed(&args.name, "profile", &browsed.catalog.profile_names())?;
    let (entry, findings) = entry(&browsed, &name)?;
    let text = if session.is_json() {
        render::profile_json(&entry, &findings) + "\n"
    } else {
        render::profile_human(&entry, &session.style())
    };
    finish(session, &text, &findings)
}

fn finish(session: &mut Session, text: &str, findings: &Diagnostics) -> Outcome {
    session.answer(text)?;
    session.warn(findings);
    Ok(if has_errors(findings) {
        Exit::Error
    } else {
        Exit::Done
    })
}

/// A profile, and what is wrong with its extensions.
fn entry(browsed: &Browsed, name: &Name) -> Result<(ProfileEntry, Diagnostics), Diagnostics> {
    let profile = browsed.catalog.profile(name)?;
    let (resolution, findings) = catalog::resolve(&browsed.catalog, &profile.extensions);
    let members = profile
        .extensions
        .iter()
        .filter_map(|wanted| resolution.get(&wanted.name))
        .map(|resolved| browsed.entry(resolved.manifest.clone()))
        .collect();
    let entry = ProfileEntry {
        beside: browsed.catalog.own_profile_names().contains(name),
        providers: browsed.providers.clone(),
        members,
        resolution,
        profile,
    };
    Ok((entry, findings))
}
