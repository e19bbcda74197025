//! What every command shares: where it works, how it answers, how it fails.

use std::cell::OnceCell;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::args::{Common, Format, OutputOptions, WAITS, Wait};
use super::host::{Host, Terminal};
use super::signals::{Heed, Signals};
use super::whereabouts::{STATE_DIRECTORY, whereabouts};
use crate::catalog::Moving;
use crate::config::Overrides;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit, Severity};
use crate::engine::{self, Project, Providers, Stop};
use crate::render::{self, Style};
use crate::state::{Location, State};
use crate::store::{Place, Sealing, Store};
use crate::sys::{World, files};

/// The file read where no other is named.
const DEFAULT_CONFIG: &str = "sindri.yaml";

/// A running command.
pub(crate) struct Session {
    pub(crate) host: Host,
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    /// Whether it acts: its JSON is a stream of events, and not one document.
    pub(crate) acts: bool,
    /// Where it works; what is typed as a path is relative to it.
    directory: PathBuf,
    /// The configuration's path.
    pub(crate) config: PathBuf,
    /// The configuration's path as the person knows it.
    pub(crate) shown: String,
    /// Where the keys of the state come from.
    sealing: OnceCell<Sealing>,
    no_color: bool,
    /// The store of the state, once it was opened.
    store: OnceCell<Store>,
    /// Who wishes it to stop, once it is listened to.
    signals: OnceCell<Signals>,
}

/// A command's result: how it ended, or why it couldn't go on.
pub(crate) type Outcome = Result<Exit, Diagnostics>;

impl Session {
    pub(crate) fn new(host: Host, outer: &Common, inner: &Common) -> Self {
        let output = merge(&outer.output, &inner.output);
        let variable = |name| host.world.environment.get(name).map(str::to_owned);
        let directory = match (&outer.directory, &inner.directory) {
            (Some(outer), Some(inner)) => host.directory.join(outer).join(inner),
            (Some(one), None) | (None, Some(one)) => host.directory.join(one),
            (None, None) => host.directory.clone(),
        };
        let named = inner.config.clone().or_else(|| outer.config.clone());
        let named = named
            .or_else(|| variable("SINDRI_CONFIG").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
        let format = match (output.json, output.format) {
            (true, _) => Format::Json,
            (false, Some(format)) => format,
            (false, None) => match variable("SINDRI_FORMAT").as_deref() {
                Some("json") => Format::Json,
                Some("markdown") => Format::Markdown,
                Some(_) | None => Format::Human,
            },
        };
        let config = plain(&directory.join(&named));
        Self {
            format,
            quiet: output.quiet,
            acts: false,
            sealing: OnceCell::new(),
            config,
            directory,
            shown: named.display().to_string(),
            no_color: output.no_color || variable("NO_COLOR").is_some(),
            store: OnceCell::new(),
            signals: OnceCell::new(),
            host,
        }
    }

    /// A path as typed, found from where the command works.
    pub(crate) fn path(&self, typed: &Path) -> PathBuf {
        plain(&self.directory.join(typed))
    }

    /// Whether the configuration is the one read where no other is named.
    pub(crate) fn is_default_config(&self) -> bool {
        self.shown == DEFAULT_CONFIG
    }

    pub(crate) fn world(&self) -> &World {
        &self.host.world
    }

    pub(crate) fn providers(&self) -> Arc<dyn Providers> {
        Arc::clone(&self.host.providers)
    }

    pub(crate) fn terminal(&self) -> Terminal {
        self.host.terminal
    }

    /// The style of the answer.
    pub(crate) fn style(&self) -> Style {
        self.style_for(self.host.terminal.output)
    }

    /// The style of everything else.
    pub(crate) fn side_style(&self) -> Style {
        self.style_for(self.host.terminal.progress)
    }

    fn style_for(&self, screen: bool) -> Style {
        let width = self
            .host
            .terminal
            .size
            .map_or(100, |size| usize::from(size.columns));
        let dumb = self.host.world.environment.get("TERM") == Some("dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| self.host.world.environment.get(name))
            .unwrap_or_default()
            .to_ascii_lowercase();
        Style {
            color: screen && !self.no_color && !dumb,
            width: width.clamp(40, 160),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether programs read what happens, as events; where they read one document instead, what
    /// happens is told on the side.
    pub(crate) fn tells_events(&self) -> bool {
        self.is_json() && self.acts
    }

    /// Wishes to stop, heeded from the first call on, which says how far; until then a signal ends
    /// the process, as it may where nothing is held.
    pub(crate) fn heed(
        &self,
        heed: Heed,
        deadline: Option<Instant>,
    ) -> Result<watch::Receiver<Stop>, Diagnostics> {
        let signals = if let Some(signals) = self.signals.get() {
            signals
        } else {
            let signals = Signals::watch(&self.host, heed).map_err(|error| no_runtime(&error))?;
            self.signals.get_or_init(|| signals)
        };
        if let Some(deadline) = deadline {
            signals.until(deadline);
        }
        Ok(signals.told())
    }

    /// Reads the project.
    pub(crate) fn project(&self, overrides: Overrides) -> Result<Project, Diagnostics> {
        self.project_moving(overrides, &Moving::Nothing)
    }

    /// Reads the project, with what the catalog has now where something is let go of.
    pub(crate) fn project_moving(
        &self,
        overrides: Overrides,
        moving: &Moving,
    ) -> Result<Project, Diagnostics> {
        engine::load(
            &self.config,
            &self.shown,
            overrides,
            moving,
            &self.host.world.environment,
        )
    }

    /// The store of the state, wherever it is.
    pub(crate) fn store(&self) -> Result<Store, Diagnostics> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = self.open(&whereabouts(self)?)?;
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// The store of the state, where the command opened it.
    pub(crate) fn store_used(&self) -> Option<&Store> {
        self.store.get()
    }

    /// The store in a place, with the keys of this session and what it has seen there.
    pub(crate) fn open(&self, place: &Place) -> Result<Store, Diagnostics> {
        let opened = place.open(&self.host.world);
        let store = opened.map_err(|error| error.diagnose())?;
        let beside = engine::directory_of(&self.config).join(STATE_DIRECTORY);
        Ok(store
            .beside(&beside)
            .sealed(self.sealing())
            .remembering(&place.location()))
    }

    /// Where the state lives while nobody names a place for it.
    pub(crate) fn beside(&self) -> Location {
        Place::Local(engine::directory_of(&self.config).join(STATE_DIRECTORY)).location()
    }

    /// Where the keys of the state come from.
    pub(crate) fn sealing(&self) -> &Sealing {
        self.sealing.get_or_init(|| {
            let configured = key_file(&self.config);
            Sealing::new(&self.host.world, &self.directory, configured)
        })
    }

    /// The state as it stands; none of a project that was never applied.
    pub(crate) fn state(&self) -> Result<Option<State>, Diagnostics> {
        self.store()?.read().map_err(|error| error.diagnose())
    }

    /// Reads the project, and the state at the same time; what is wrong with the project comes first.
    pub(crate) fn project_and_state(
        &self,
        overrides: Overrides,
        moving: &Moving,
    ) -> Result<(Project, Option<State>), Diagnostics> {
        let reading = self
            .store()
            .map(|store| std::thread::spawn(move || store.read()));
        // Of a project that is wrong nobody waits for the state: reading it changes nothing.
        let project = self.project_moving(overrides, moving)?;
        let state = match reading?.join() {
            Ok(state) => state.map_err(|error| error.diagnose())?,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Ok((project, state))
    }

    /// Writes the answer.
    pub(crate) fn answer(&mut self, text: &str) -> Result<(), Diagnostics> {
        write(&mut *self.host.stdout, text)
    }

    /// Writes the answer for people; programs read events.
    pub(crate) fn answer_unless_json(&mut self, text: &str) -> Result<(), Diagnostics> {
        if self.is_json() {
            return Ok(());
        }
        self.answer(text)
    }

    /// Writes to the side: progress, warnings, questions.
    pub(crate) fn aside(&mut self, text: &str) {
        // Nobody listening on the side must not stop the work.
        let _deaf = write(&mut *self.host.stderr, text).is_err();
    }

    /// Writes to the side what a person needn't know.
    pub(crate) fn aside_unless_quiet(&mut self, text: &str) {
        if !self.quiet && !self.is_json() {
            self.aside(text);
        }
    }

    /// Shows findings to a person; programs have them in the answer.
    pub(crate) fn warn(&mut self, findings: &[Diagnostic]) {
        if self.format == Format::Human {
            self.warn_aside(findings);
        }
    }

    /// Shows findings on the side, whoever reads the answer.
    pub(crate) fn warn_aside(&mut self, findings: &[Diagnostic]) {
        let quiet = self.quiet;
        let shown: Diagnostics = findings
            .iter()
            .filter(|found| !(quiet && found.severity == Severity::Advice))
            .cloned()
            .collect();
        if !shown.is_empty() {
            let text = render::diagnostics_human(&shown, &self.side_style());
            self.aside(&text);
        }
    }

    /// How long to wait for the state.
    pub(crate) fn lock_timeout(&self, wait: &Wait) -> Result<Duration, Diagnostics> {
        let seconds = self.number(wait.lock_timeout, "SINDRI_LOCK_TIMEOUT", WAITS)?;
        Ok(Duration::from_secs(seconds.unwrap_or(0)))
    }

    /// The number typed, else that of a variable, which has the bounds of its flag.
    pub(crate) fn number(
        &self,
        typed: Option<u64>,
        variable: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Diagnostics> {
        if typed.is_some() {
            return Ok(typed);
        }
        let Some(text) = self.host.world.environment.get(variable) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.map(Some).ok_or_else(|| {
            let (least, most) = bounds.into_inner();
            vec![
                Diagnostic::error(
                    Code::new("cli::variable"),
                    format!("`{variable}` isn't a whole number from {least} to {most}"),
                )
                .help("unset it, or set it to such a number"),
            ]
        })
    }
}

/// The key file that a configuration names for its state; what is wrong with the rest of the
/// configuration is told where it is read.
fn key_file(config: &Path) -> Option<PathBuf> {
    let bytes = files::read_file(config, crate::config::SIZE_MAX as u64).ok()?;
    let named = crate::config::read_key_file("", &bytes)?;
    Some(engine::directory_of(config).join(named))
}

/// Refuses to work under another name than the state records.
pub(crate) fn same_project(project: &Project, state: Option<&State>) -> Result<(), Diagnostics> {
    let Some(state) = state else { return Ok(()) };
    let (was, is) = (state.project.as_str(), project.config.name.as_str());
    if was == is || crate::plan::renames(&project.config.transitions, was, is) {
        return Ok(());
    }
    let mut found = Diagnostic::error(
        Code::new("state::renamed"),
        format!(
            "the state here belongs to project `{}`, but the configuration is named `{}`",
            state.project, project.config.name
        ),
    )
    .help(format!(
        "put `name: {was}` back; or rename what is recorded too: under `moved:`, `from: \
         machine.{was}` and `to: machine.{is}` (in a fleet the network)"
    ));
    found.place.clone_from(&project.config.name_place);
    Err(vec![found])
}

/// Splits findings into what stops a command and what doesn't.
pub(crate) fn stop_on_errors(findings: &Diagnostics) -> Result<(), Diagnostics> {
    if findings.iter().any(Diagnostic::is_error) {
        return Err(findings.clone());
    }
    Ok(())
}

/// A runtime for commands that only look: one thread, started only where it is needed.
pub(crate) fn small_runtime() -> Result<tokio::runtime::Runtime, Diagnostics> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| no_runtime(&error))
}

/// A runtime for commands that act.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Diagnostics> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .map_err(|error| no_runtime(&error))
}

fn no_runtime(error: &std::io::Error) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("cli::runtime"),
            "sindri couldn't start its threads",
        )
        .because(error.to_string()),
    ]
}

fn write(out: &mut dyn Write, text: &str) -> Result<(), Diagnostics> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| unwritten(&error))
}

/// Why an answer couldn't be written; nothing where its reader left (`| head`), as readers do.
pub(crate) fn unwritten(error: &std::io::Error) -> Diagnostics {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Vec::new();
    }
    vec![
        Diagnostic::error(Code::new("cli::output"), "the answer couldn't be written")
            .because(error.to_string()),
    ]
}

fn merge(outer: &OutputOptions, inner: &OutputOptions) -> OutputOptions {
    OutputOptions {
        format: inner.format.or(outer.format),
        json: inner.json || (outer.json && inner.format.is_none()),
        quiet: inner.quiet || outer.quiet,
        no_color: inner.no_color || outer.no_color,
    }
}

/// `./sindri.yaml` reads as `sindri.yaml`.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix("./")
        .map_or_else(|_| path.to_owned(), Path::to_owned)
}
