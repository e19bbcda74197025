//! `sindri extension install` and `remove`: the configuration edited, then applied.

use crate::address::Name;
use crate::cli::args::{ExtensionInstallArgs, ExtensionRemoveArgs};
use crate::cli::command::browse::parsed;
use crate::cli::command::editing::{self, Editing};
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::engine::{self, EditRequest, Pinned};

pub(super) fn install(session: &mut Session, args: &ExtensionInstallArgs) -> Outcome {
    let pins: Result<Vec<Pinned>, Diagnostics> = args
        .names
        .iter()
        .map(|typed| pinned(session, typed))
        .collect();
    let editing = Editing {
        operation: "extension install",
        args: &args.edit,
    };
    editing::run(session, &editing, EditRequest::Install(pins?))
}

pub(super) fn remove(session: &mut Session, args: &ExtensionRemoveArgs) -> Outcome {
    let names: Result<Vec<Name>, Diagnostics> = args
        .names
        .iter()
        .map(|typed| named(session, typed))
        .collect();
    let request = EditRequest::Remove {
        names: names?,
        write_out: args.write_out,
    };
    let editing = Editing {
        operation: "extension remove",
        args: &args.edit,
    };
    editing::run(session, &editing, request)
}

/// `name@version` as typed.
fn pinned(session: &Session, typed: &str) -> Result<Pinned, Diagnostics> {
    let (name, version) = match typed.split_once('@') {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (typed, None),
    };
    if version.as_ref().is_some_and(String::is_empty) {
        return Err(vec![
            Diagnostic::error(
                Code::new("cli::name"),
                format!("`{typed}` names no version"),
            )
            .help(format!("write a version after the `@`, or `{name}` alone")),
        ]);
    }
    Ok(Pinned {
        name: named(session, name)?,
        version,
    })
}

fn named(session: &Session, typed: &str) -> Result<Name, Diagnostics> {
    let catalog = engine::catalog_beside(&engine::directory_of(&session.config));
    parsed(typed, "extension", &catalog.names())
}
