//! `sindri extension lint`: what keeps an extension's manifest from the catalog.

use std::path::Path;
use std::sync::Arc;

use crate::address::{Name, NameRule};
use crate::catalog::{self, Folder, Shelf};
use crate::cli::args::ExtensionLintArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::engine::{self, DirectoryShelf};
use crate::render;

pub(super) fn run(session: &mut Session, args: &ExtensionLintArgs) -> Outcome {
    let folders = folders(session, args)?;
    let findings: Diagnostics = folders
        .iter()
        .flat_map(|(name, folder)| catalog::lint(name, folder))
        .collect();
    let errors = findings.iter().any(Diagnostic::is_error);
    if session.is_json() {
        let names: Vec<&Name> = folders.iter().map(|(name, _)| name).collect();
        let text = serde_json::json!({
            "fit": !errors,
            "extensions": names,
            "diagnostics": findings,
        });
        session.answer(&format!("{text}\n"))?;
    } else {
        if !findings.is_empty() {
            let text = render::diagnostics_human(&findings, &session.side_style());
            session.aside(&text);
        }
        if !errors {
            let plural = if folders.len() == 1 { "" } else { "s" };
            let text = format!("{} extension{plural} fit for the catalog.\n", folders.len());
            session.answer(&text)?;
        }
    }
    Ok(if errors { Exit::Error } else { Exit::Done })
}

/// What is asked for; without a word, everything beside the configuration.
fn folders(
    session: &Session,
    args: &ExtensionLintArgs,
) -> Result<Vec<(Name, Folder)>, Diagnostics> {
    let directory = engine::directory_of(&session.config);
    let catalog = engine::catalog_beside(&directory);
    let mut found = Vec::new();
    let mut missing = Vec::new();
    if args.extensions.is_empty() {
        let shelf = DirectoryShelf::beside(&directory);
        let mut names = shelf.names();
        names.sort();
        for name in names {
            if let Some(folder) = shelf.folder(&name)? {
                found.push((name, folder));
            }
        }
        if found.is_empty() {
            missing.push(
                Diagnostic::error(
                    Code::new("cli::usage"),
                    "there are no extensions beside the configuration",
                )
                .help("name extensions of the catalog, or paths of their folders"),
            );
        }
    }
    for typed in &args.extensions {
        let there = if typed.contains('/') {
            at(&session.path(Path::new(typed)), typed)?
        } else {
            let name = Name::parse(NameRule::Extension, typed);
            let name = name.map_err(|error| vec![no_such(typed).help(error.help())])?;
            catalog.folder(&name)?.map(|folder| (name, folder))
        };
        match there {
            Some(folder) => found.push(folder),
            None => missing.push(no_such(typed)),
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(missing)
    }
}

/// The extension in a folder.
fn at(path: &Path, typed: &str) -> Result<Option<(Name, Folder)>, Diagnostics> {
    let last = path.file_name().and_then(|name| name.to_str());
    let name = Name::parse(NameRule::Extension, last.unwrap_or_default())
        .map_err(|error| vec![no_such(typed).help(error.help())])?;
    let Some(parent) = path.parent() else {
        return Ok(None);
    };
    let folder = DirectoryShelf::of(parent).folder(&name)?;
    Ok(folder.map(|folder| {
        let shown = Arc::from(typed.trim_end_matches('/'));
        (name, Folder { shown, ..folder })
    }))
}

fn no_such(typed: &str) -> Diagnostic {
    Diagnostic::error(
        Code::new("catalog::unknown-extension"),
        format!("there is no extension `{typed}`"),
    )
}
