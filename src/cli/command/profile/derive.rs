//! `sindri profile derive`: a profile's variant for one provider.

use crate::address::{Name, NameRule};
use crate::catalog::{self, Ground};
use crate::cli::args::ProfileDeriveArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnostic, Exit};
use crate::engine;
use crate::sys::files;

pub(super) fn run(session: &mut Session, args: &ProfileDeriveArgs) -> Outcome {
    let name = Name::parse(NameRule::Extension, &args.profile).map_err(|error| {
        vec![Diagnostic::error(Code::new("config::profile"), error.to_string()).help(error.help())]
    })?;
    let directory = engine::directory_of(&session.config);
    let catalog = engine::catalog_beside(&directory);
    let profile = catalog.profile(&name)?;
    let derived = catalog::derive(&catalog, &profile, &Ground::on(args.provider))?;
    if args.stdout {
        session.answer(&derived.text)?;
        return Ok(Exit::Done);
    }
    let (path, shown) = if let Some(out) = &args.out {
        (session.path(out), out.display().to_string())
    } else {
        let shown = format!("profiles/{}.yaml", derived.name);
        (directory.join(&shown), shown)
    };
    if !args.force && files::entry(&path).is_ok_and(|entry| entry != files::Entry::Absent) {
        return Err(vec![
            Diagnostic::error(
                Code::new("cli::exists"),
                format!("`{shown}` is already there and was left as it is"),
            )
            .help("pass --force to overwrite it, --out FILE to write another, or --stdout"),
        ]);
    }
    let written = match path.parent() {
        Some(parent) if files::entry(parent).is_ok_and(|entry| entry == files::Entry::Absent) => {
            files::create_dir(parent, 0o755)
        }
        Some(_) | None => Ok(()),
    };
    written
        .and_then(|()| files::write_atomic(&path, derived.text.as_bytes(), 0o644, true))
        .map_err(|error| {
            vec![
                Diagnostic::error(
                    Code::new("cli::write"),
                    format!("`{shown}` couldn't be written"),
                )
                .because(error.to_string()),
            ]
        })?;
    let text = if session.is_json() {
        serde_json::json!({
            "written": shown,
            "profile": derived.name,
            "extensions": derived.kept,
            "leftOut": derived.left_out,
        })
        .to_string()
            + "\n"
    } else {
        format!(
            "Wrote {shown}: {} of `{name}`, {} left out. Take it with `profile: {}`.\n",
            derived.kept.len(),
            derived.left_out.len(),
            derived.name
        )
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}
