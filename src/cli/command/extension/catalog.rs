//! `sindri extension list`, `info`, `search`: what there is.

use super::super::browse::{Browsed, has_errors};
use super::recorded;
use crate::catalog;
use crate::cli::args::{ExtensionDescribeArgs, ExtensionListArgs, ExtensionSearchArgs};
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Diagnostics, Exit};
use crate::render::{self, ExtensionEntry};

pub(super) fn list(session: &mut Session, args: &ExtensionListArgs) -> Outcome {
    let browsed = Browsed::open(session)?;
    let (mut manifests, findings) = browsed.manifests();
    if let Some(category) = args.category {
        manifests.retain(|manifest| manifest.category == category);
    }
    let mut entries: Vec<ExtensionEntry> = manifests
        .into_iter()
        .map(|manifest| browsed.entry(manifest))
        .collect();
    if args.installed {
        let installed = recorded::all(session.state()?.as_ref(), None);
        for entry in &mut entries {
            let own = installed
                .iter()
                .filter(|one| one.name == entry.manifest.name);
            entry.installed = own.cloned().collect();
        }
        entries.retain(|entry| !entry.installed.is_empty());
    }
    let text = if session.is_json() {
        render::extension_list_json(&entries, &findings) + "\n"
    } else {
        render::extension_list_human(&entries, args.installed, &session.style())
    };
    finish(session, &text, &findings)
}

pub(super) fn describe(session: &mut Session, args: &ExtensionDescribeArgs) -> Outcome {
    let browsed = Browsed::open(session)?;
    let manifest = browsed.find(&args.name)?;
    let (_, findings) = browsed.resolve(&manifest.name);
    let entry = browsed.entry(manifest);
    let text = if session.is_json() {
        if has_errors(&findings) {
            return Err(findings);
        }
        render::extension_json(&entry) + "\n"
    } else {
        render::extension_human(&entry, &session.style())
    };
    finish(session, &text, &findings)
}

pub(super) fn search(session: &mut Session, args: &ExtensionSearchArgs) -> Outcome {
    let browsed = Browsed::open(session)?;
    let (manifests, findings) = browsed.manifests();
    let entries: Vec<ExtensionEntry> = catalog::search(&manifests, &args.words)
        .into_iter()
        .map(|manifest| browsed.entry(manifest))
        .collect();
    let text = if session.is_json() {
        render::extension_list_json(&entries, &findings) + "\n"
    } else {
        render::extension_search_human(&entries, &session.style())
    };
    finish(session, &text, &findings)
}

/// A manifest that can't be read doesn't hide the others, and is no success either.
fn finish(session: &mut Session, text: &str, findings: &Diagnostics) -> Outcome {
    session.answer(text)?;
    session.warn(findings);
    Ok(if has_errors(findings) {
        Exit::Error
    } else {
        Exit::Done
    })
}
