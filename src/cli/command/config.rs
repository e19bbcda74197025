//! `sindri config`: write, check and show the configuration.

use std::path::Path;

use super::planning;
use crate::address::{Name, NameRule};
use crate::cli::args::{ConfigInitArgs, ConfigValidateArgs};
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::config::{self, Config, Overrides, TemplateOptions};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::engine;
use crate::render;
use crate::resource::ProviderKind;
use crate::sys::files;

pub(crate) fn init(session: &mut Session, args: &ConfigInitArgs) -> Outcome {
    let path = session.config.clone();
    let shown = session.shown.clone();
    if !args.force && files::entry(&path).is_ok_and(|entry| entry != files::Entry::Absent) {
        return Err(vec![
            Diagnostic::error(
                Code::new("config::exists"),
                format!("`{shown}` is already there and was left as it is"),
            )
            .help("pass --force to overwrite it, or -c FILE to write another"),
        ]);
    }
    let directory = engine::directory_of(&path);
    let options = TemplateOptions {
        name: name(args.name.as_deref(), &directory)?,
        provider: args.provider.unwrap_or(ProviderKind::Local),
        profile: match &args.profile {
            Some(profile) => Some(known_profile(profile, &directory)?),
            None => None,
        },
        schema: TemplateOptions::SCHEMA.to_owned(),
    };
    let written = files::write_atomic(&path, config::template(&options).as_bytes(), 0o644, true)
        .and_then(|()| write_schema(&directory));
    written.map_err(|error| {
        vec![
            Diagnostic::error(
                Code::new("config::write"),
                format!("`{shown}` couldn't be written"),
            )
            .because(error.to_string()),
        ]
    })?;
    let text = if session.is_json() {
        serde_json::json!({ "written": shown, "name": options.name, "provider": options.provider })
            .to_string()
            + "\n"
    } else {
        let next = if options.provider.is_built() {
            "Next:\n  sindri plan     shows what would be made\n  sindri apply    makes it\n"
        } else {
            "This version checks it (`sindri validate`); it can't plan or apply there yet.\n"
        };
        let (name, provider) = (&options.name, options.provider);
        format!("Wrote {shown} for `{name}` on {provider}.\n\n{next}")
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}

/// The schema beside the state, where the configuration's first line points editors to.
fn write_schema(directory: &Path) -> std::io::Result<()> {
    let path = directory.join(TemplateOptions::SCHEMA);
    if let Some(parent) = path.parent() {
        files::create_private_dir_all(parent)?;
    }
    files::write_atomic(&path, schema_text().as_bytes(), 0o644, false)
}

fn schema_text() -> String {
    format!("{:#}\n", config::schema())
}

/// The name given, else the directory's, made to fit.
fn name(given: Option<&str>, directory: &Path) -> Result<Name, Diagnostics> {
    if let Some(given) = given {
        return Name::parse(NameRule::Label, given).map_err(|error| {
            vec![Diagnostic::error(Code::new("config::name"), error.to_string()).help(error.help())]
        });
    }
    let full = files::resolve(directory).map(|(path, _)| path);
    let from = full
        .ok()
        .and_then(|path| Some(path.file_name()?.to_string_lossy().to_lowercase()))
        .unwrap_or_default();
    let fitted: String = from
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        })
        .collect();
    let fitted = fitted.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
    let fitted = &fitted[..fitted.len().min(crate::address::NAME_MAX)];
    Name::parse(NameRule::Label, fitted.trim_end_matches('-'))
        .or_else(|_| Name::parse(NameRule::Label, "dev"))
        .map_err(|error| {
            vec![Diagnostic::error(
                Code::new("config::name"),
                error.to_string(),
            )]
        })
}

fn known_profile(text: &str, directory: &Path) -> Result<Name, Diagnostics> {
    let name = Name::parse(NameRule::Extension, text).map_err(|error| {
        vec![Diagnostic::error(Code::new("config::profile"), error.to_string()).help(error.help())]
    })?;
    engine::catalog_beside(directory).profile(&name)?;
    Ok(name)
}

pub(crate) fn validate(session: &mut Session, args: &ConfigValidateArgs) -> Outcome {
    let (config, findings) = match read(
        session,
        args.check_extensions,
        args.probe,
        args.locked.locked,
    ) {
        Ok(read) => read,
        Err(findings) if session.is_json() => {
            let text = serde_json::json!({ "valid": false, "diagnostics": findings });
            session.answer(&format!("{text}\n"))?;
            return Ok(Exit::Error);
        }
        Err(findings) => return Err(findings),
    };
    let errors = findings.iter().any(Diagnostic::is_error);
    if session.is_json() {
        let text = serde_json::json!({ "valid": !errors, "diagnostics": findings });
        session.answer(&format!("{text}\n"))?;
    } else {
        let text = render::diagnostics_human(&findings, &session.side_style());
        if !findings.is_empty() {
            session.aside(&text);
        }
        if !errors {
            let machines = config.machines.len();
            let plural = if machines == 1 { "machine" } else { "machines" };
            let text = format!("{} is valid: {machines} {plural}.\n", session.shown);
            session.answer(&text)?;
        }
    }
    Ok(if errors { Exit::Error } else { Exit::Done })
}

pub(crate) fn show(session: &mut Session) -> Outcome {
    let (config, _) = read(session, false, false, false)?;
    let text = if session.is_json() {
        format!("{}\n", config::show(&config))
    } else {
        config::show_yaml(&config)
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}

pub(crate) fn schema(session: &mut Session) -> Outcome {
    session.answer(&schema_text())?;
    Ok(Exit::Done)
}

/// The meaning of the file; what only a plan would refuse is left out.
fn read(
    session: &Session,
    extensions: bool,
    probe: bool,
    locked: bool,
) -> Result<(Config, Diagnostics), Diagnostics> {
    let mut project = session.project(Overrides::default())?;
    let about_extensions = |found: &Diagnostic| {
        ["catalog::", "install::", "provider::no-gpu"]
            .iter()
            .any(|room| found.code.as_str().starts_with(room))
    };
    let mut findings = std::mem::take(&mut project.findings);
    findings.retain(|found| {
        found.code.as_str().starts_with("config::") || (extensions && about_extensions(found))
    });
    if locked {
        findings.extend(project.lockfile.require());
    } else {
        findings.extend(project.lockfile.findings.iter().cloned());
    }
    if probe {
        let runtime = small_runtime()?;
        findings.extend(planning::probe(session, &project, &runtime));
    }
    Ok((project.config, findings))
}
