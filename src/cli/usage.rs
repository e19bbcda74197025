//! From what was typed to a command, and from its outcome to an exit code.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use super::args::{Arguments, Command, Common, ConfigCommand, Format};
use super::command;
use super::host::Host;
use super::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit};
use crate::render;

/// Runs a command line, its program's name first.
pub fn run(typed: &[OsString], host: Host) -> Exit {
    let arguments = match Arguments::try_parse_from(typed) {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error, typed, host),
    };
    let common = common(&arguments.command);
    let typed_format = [&arguments.common.output, &common.output]
        .iter()
        .any(|output| output.json || output.format.is_some());
    let mut session = Session::new(host, &arguments.common, &common);
    session.acts = acts(&arguments.command);
    let outcome = match fits(&session, &arguments.command, typed_format) {
        Ok(()) => dispatch(&mut session, arguments.command),
        Err(diagnostics) => Err(diagnostics),
    };
    let left = lock_left(&session).into_iter().chain(unkept(&session));
    let left: Vec<Diagnostic> = left.collect();
    match outcome {
        Ok(exit) => {
            for found in left {
                tell(&mut session, found);
            }
            exit
        }
        Err(mut diagnostics) => {
            diagnostics.extend(left);
            fail(&mut session, &diagnostics);
            Exit::of(&diagnostics)
        }
    }
}

fn dispatch(session: &mut Session, command: Command) -> Outcome {
    match command {
        Command::Plan(args) => command::plan(session, &args),
        Command::Apply(args) => command::apply(session, &args),
        Command::Deploy(args) => command::deploy(session, &args),
        Command::Drift(args) => command::drift(session, &args),
        Command::Destroy(args) => command::destroy(session, &args),
        Command::Status(args) => command::status(session, &args),
        Command::Connect(args) => command::connect(session, args.0),
        Command::Start(args) => command::start(session, &args),
        Command::Stop(args) => command::stop(session, &args),
        Command::Suspend(args) => command::suspend(session, &args),
        Command::Show(args) => command::show(session, &args),
        Command::Graph(args) => command::graph(session, &args),
        Command::Render(verb) => command::render(session, &verb),
        Command::Config(ConfigCommand::Init(args)) | Command::Init(args) => {
            command::config_init(session, &args)
        }
        Command::Config(ConfigCommand::Validate(args)) | Command::Validate(args) => {
            command::config_validate(session, &args)
        }
        Command::Config(ConfigCommand::Show(_)) => command::config_show(session),
        Command::Config(ConfigCommand::Schema(_)) => command::config_schema(session),
        Command::Extension(verb) => command::extension(session, &verb),
        Command::Profile(verb) => command::profile(session, &verb),
        Command::Image(verb) => command::image(session, &verb),
        Command::State(verb) => command::state(session, &verb),
        Command::ForceUnlock(args) => command::force_unlock(session, &args),
        Command::Import(args) => command::import(session, &args),
        Command::Adopt(args) => command::adopt(session, &args),
        Command::Taint(args) => command::taint(session, &args),
        Command::Untaint(args) => command::untaint(session, &args),
        Command::Refresh(args) => command::refresh(session, &args),
        Command::Doctor(args) => command::doctor(session, &args),
        Command::Version(_) => command::version(session),
        Command::Completions(args) => command::completions(session, &args),
    }
}

/// That what the command wrote can't be gone back to.
fn unkept(session: &Session) -> Option<Diagnostic> {
    let error = session.store_used()?.unkept()?;
    let mut found = Diagnostic::warning(
        Code::new("store::no-version"),
        "the state is recorded, but couldn't be kept as a version to go back to",
    );
    for cause in error.diagnose() {
        found = found.because(cause.summary);
        found.causes.extend(cause.causes);
        found.help = cause.help;
    }
    Some(found)
}

/// A lock that the command couldn't give back, and how to be rid of it.
fn lock_left(session: &Session) -> Option<Diagnostic> {
    let left = session.store_used()?.lock_left()?;
    let found = Diagnostic::warning(
        Code::new("store::lock-left"),
        "the store didn't take the lock of this command back, and may hold it for ever",
    );
    Some(found.help(format!(
        "where the next command finds it locked, run `sindri force-unlock {}`",
        left.id
    )))
}

/// Tells what was found after a command's answer.
fn tell(session: &mut Session, found: Diagnostic) {
    if session.tells_events() {
        fail(session, &vec![found]);
    } else {
        // The one document of other commands is written already.
        let text = render::diagnostics_human(&[found], &session.side_style());
        session.aside(&text);
    }
}

/// The options that every command takes, as typed after its name.
fn common(command: &Command) -> Common {
    match command {
        Command::Plan(args) => args.common.clone(),
        Command::Apply(args) => args.common.clone(),
        Command::Deploy(args) => args.common.clone(),
        Command::Drift(args) => args.common.clone(),
        Command::Destroy(args) => args.common.clone(),
        Command::Status(args) => args.common.clone(),
        Command::Connect(args) => Common {
            directory: args.directory.clone(),
            config: args.config.clone(),
            output: args.output.clone(),
        },
        Command::Start(args) | Command::Stop(args) | Command::Suspend(args) => args.common.clone(),
        Command::Show(args) => args.common.clone(),
        Command::Graph(args) => args.common.clone(),
        Command::Render(verb) => verb.common().clone(),
        Command::Config(ConfigCommand::Init(args)) | Command::Init(args) => args.common.clone(),
        Command::Config(ConfigCommand::Validate(args)) | Command::Validate(args) => {
            args.common.clone()
        }
        Command::Config(ConfigCommand::Show(args) | ConfigCommand::Schema(args)) => {
            args.common.clone()
        }
        Command::Extension(verb) => verb.common().clone(),
        Command::Profile(verb) => verb.common().clone(),
        Command::Image(verb) => verb.common().clone(),
        Command::State(verb) => verb.common().clone(),
        Command::ForceUnlock(args) => args.common.clone(),
        Command::Taint(args) | Command::Untaint(args) => args.common.clone(),
        Command::Import(args) => args.common.clone(),
        Command::Adopt(args) => args.common.clone(),
        Command::Refresh(args) => args.common.clone(),
        Command::Doctor(args) => args.common.clone(),
        Command::Version(args) => Common {
            output: args.output.clone(),
            ..Common::default()
        },
        Command::Completions(_) => Common::default(),
    }
}

/// Whether a command acts: its JSON is a stream of events.
fn acts(command: &Command) -> bool {
    match command {
        Command::Apply(_)
        | Command::Destroy(_)
        | Command::Import(_)
        | Command::Start(_)
        | Command::Stop(_)
        | Command::Suspend(_)
        | Command::Image(_) => true,
        Command::Adopt(args) => !args.addresses.is_empty(),
        Command::Deploy(args) => !args.dry_run,
        Command::Extension(verb) => verb.acts(),
        Command::Profile(verb) => verb.acts(),
        Command::Plan(_)
        | Command::Drift(_)
        | Command::Status(_)
        | Command::Connect(_)
        | Command::Show(_)
        | Command::Graph(_)
        | Command::Render(_)
        | Command::Config(_)
        | Command::Init(_)
        | Command::Validate(_)
        | Command::State(_)
        | Command::ForceUnlock(_)
        | Command::Taint(_)
        | Command::Untaint(_)
        | Command::Refresh(_)
        | Command::Doctor(_)
        | Command::Version(_)
        | Command::Completions(_) => false,
    }
}

/// Refuses Markdown where there is none, and a variable that names no format where it counts.
fn fits(session: &Session, command: &Command, typed_format: bool) -> Result<(), Diagnostics> {
    let has_markdown = match command {
        Command::Plan(_) | Command::Drift(_) | Command::Show(_) => true,
        Command::Deploy(args) => args.dry_run,
        Command::Extension(verb) => verb.has_markdown(),
        Command::Apply(_)
        | Command::Destroy(_)
        | Command::Import(_)
        | Command::Adopt(_)
        | Command::Status(_)
        | Command::Connect(_)
        | Command::Start(_)
        | Command::Stop(_)
        | Command::Suspend(_)
        | Command::Graph(_)
        | Command::Render(_)
        | Command::Config(_)
        | Command::Init(_)
        | Command::Validate(_)
        | Command::Profile(_)
        | Command::Image(_)
        | Command::State(_)
        | Command::ForceUnlock(_)
        | Command::Taint(_)
        | Command::Untaint(_)
        | Command::Refresh(_)
        | Command::Doctor(_)
        | Command::Version(_)
        | Command::Completions(_) => false,
    };
    if let Some(text) = session.world().environment.get("SINDRI_FORMAT")
        && !typed_format
        && !["human", "json", "markdown"].contains(&text)
    {
        return Err(vec![
            Diagnostic::error(
                Code::new("cli::variable"),
                "`SINDRI_FORMAT` names no format".to_owned(),
            )
            .help("set it to `human`, `json` or `markdown`, or unset it"),
        ]);
    }
    if session.format == Format::Markdown && !has_markdown {
        return Err(vec![
            Diagnostic::error(Code::new("cli::format"), "this command has no Markdown")
                .help("use `--format human` or `--format json`"),
        ]);
    }
    Ok(())
}

/// Shows why a command couldn't go on: to people on the side, to programs as the answer.
fn fail(session: &mut Session, diagnostics: &Diagnostics) {
    // A reader that went away needs no telling.
    if diagnostics.is_empty() {
        return;
    }
    if !session.is_json() {
        let text = render::diagnostics_human(diagnostics, &session.side_style());
        session.aside(&text);
        return;
    }
    let text = if session.acts {
        let now = session.world().clock.now();
        let lines: Vec<String> = diagnostics
            .iter()
            .map(|found| render::diagnostic_event_json(found, now))
            .collect();
        lines.concat()
    } else {
        serde_json::json!({ "diagnostics": diagnostics }).to_string() + "\n"
    };
    if let Err(unwritten) = session.answer(&text) {
        // Whoever looks at the side learns why there is no answer.
        let text = render::diagnostics_human(&unwritten, &session.side_style());
        session.aside(&text);
    }
}

/// Help and version are answers; everything else is an error, with exit code 1.
fn misused(error: &clap::Error, typed: &[OsString], host: Host) -> Exit {
    let mut session = Session::new(host, &Common::default(), &Common::default());
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let style = if asked {
        session.style()
    } else {
        session.side_style()
    };
    let rendered = error.render();
    let text = if style.color {
        rendered.ansi().to_string()
    } else {
        rendered.to_string()
    };
    if asked {
        let _deaf = session.answer(&text).is_err();
        return Exit::Done;
    }
    if let Some(format) = typed_format(typed) {
        session.format = format;
    }
    if session.is_json() {
        let summary = rendered.to_string();
        let summary = summary.trim().trim_start_matches("error: ");
        let (first, rest) = summary.split_once('\n').unwrap_or((summary, ""));
        let mut found = Diagnostic::error(Code::new("cli::usage"), first.trim());
        if !rest.trim().is_empty() {
            found = found.help(rest.trim());
        }
        let acting = [
            "apply", "build", "destroy", "deploy", "import", "install", "remove", "start", "stop",
            "suspend", "upgrade",
        ];
        session.acts = typed
            .iter()
            .skip(1)
            .any(|word| word.to_str().is_some_and(|word| acting.contains(&word)));
        fail(&mut session, &vec![found]);
    } else {
        session.aside(&text);
    }
    Exit::Error
}

/// The format asked for in words that couldn't be understood as a whole.
fn typed_format(typed: &[OsString]) -> Option<Format> {
    let named = |word: Option<&str>| match word {
        Some("json") => Format::Json,
        Some(_) | None => Format::Human,
    };
    let mut words = typed.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        match word {
            "--json" => return Some(Format::Json),
            "--format" => return Some(named(words.next())),
            "--" => return None,
            _ => {
                if let Some(word) = word.strip_prefix("--format=") {
                    return Some(named(Some(word)));
                }
            }
        }
    }
    None
}
