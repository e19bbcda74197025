//! `sindri image build`: the image, local or remote, built on an Engine.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use super::machine;
use crate::address::Name;
use crate::artifact;
use crate::cli::args::{ImageBuildArgs, ImageVerb};
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::cli::signals::Heed;
use crate::config::{Distro, Machine, Overrides};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Stop};
use crate::provider::ProviderError;
use crate::provider::docker::{Baked, Docker, ImageBuild, ImageNews, ImageTarget};
use crate::render;
use crate::sys::{self, files};

/// How often it is told how much has been moved.
const BEAT: Duration = Duration::from_millis(500);
/// The most bytes of a program that goes into an image.
const PROGRAM_MAX: u64 = 1 << 30;

pub(crate) fn run(session: &mut Session, verb: &ImageVerb) -> Outcome {
    match verb {
        ImageVerb::Build(args) => build(session, args),
    }
}

fn build(session: &mut Session, args: &ImageBuildArgs) -> Outcome {
    let target = ImageTarget::from(args.target);
    let baked = args
        .bake
        .as_ref()
        .map(|machine| baked(session, machine.as_deref(), args.sindri.as_deref()))
        .transpose()?;
    let build = ImageBuild {
        target,
        name: match &args.tag {
            Some(tag) => tag.clone(),
            None => format!("{}:{}", name(session)?, target.as_str()),
        },
        base: args
            .base
            .clone()
            .unwrap_or_else(|| ImageBuild::default_base().to_owned()),
        day: session.world().clock.now().strftime("%Y-%m-%d").to_string(),
        arguments: args.build_arg.iter().cloned().collect(),
        baked,
    };
    let docker = Docker::connect(&session.world().environment).map_err(|error| error.diagnose())?;
    let runtime = small_runtime()?;
    let mut stop = session.heed(Heed::Once, None)?;
    let mut shown = Shown::new(session);
    let (tell, mut told) = unbounded_channel();
    // Whoever doesn't listen any more needn't be told.
    let tell = move |news| drop(tell.send(news));
    let working = make(&docker, &build, args.push, &tell);
    let made = runtime.block_on(async {
        let mut working = std::pin::pin!(working);
        loop {
            tokio::select! {
                biased;
                Some(news) = told.recv() => shown.news(&news),
                made = &mut working => break Some(made),
                // Its sender lives as long as the session; the Engine ends a build that nobody waits for.
                Ok(_) = stop.wait_for(|stop| *stop != Stop::Go) => break None,
            }
        }
    });
    while let Ok(news) = told.try_recv() {
        shown.news(&news);
    }
    let elapsed = shown.end();
    let (id, digest) = made
        .ok_or_else(interrupted)?
        .map_err(|error| error.diagnose())?;
    tell_made(session, &build, &id, digest.as_deref(), elapsed)?;
    Ok(Exit::Done)
}

/// What is installed in the image: the extensions of a machine of the configuration.
fn baked(
    session: &mut Session,
    machine: Option<&str>,
    program: Option<&Path>,
) -> Result<Baked, Diagnostics> {
    let project = session.project(Overrides::default())?;
    let machine = machine::wanted(&project.config.machines, machine)?;
    if let Distro::Fedora | Distro::Opensuse = machine.distro {
        return Err(no_debian(machine));
    }
    let environment = &session.world().environment;
    let inside = artifact::baked(&project.config, machine);
    let baking = engine::baking(&session.config, inside, environment)?;
    session.warn_aside(&baking.findings);
    let program = match program {
        Some(path) => session.path(path),
        None => sys::program().map_err(|error| unreadable("this very program", &error))?,
    };
    let shown = format!("`{}`", program.display());
    let program = files::read_file(&program, PROGRAM_MAX);
    Ok(Baked {
        program: program.map_err(|error| unreadable(&shown, &error))?,
        project: baking.files,
        extensions: baking.extensions.iter().map(Name::to_string).collect(),
    })
}

fn no_debian(machine: &Machine) -> Diagnostics {
    let (name, distro) = (&machine.name, machine.distro.as_str());
    let summary = format!("machine `{name}` is `{distro}`, and the image is Debian, or made of it");
    let mut found = Diagnostic::error(Code::new("image::distro"), summary)
        .help("bake the extensions of a machine whose `distro` is `debian` or `ubuntu`");
    found.place.clone_from(&machine.place);
    vec![found]
}

fn unreadable(what: &str, error: &io::Error) -> Diagnostics {
    let summary = format!("{what} can't be read to be put into the image");
    vec![
        Diagnostic::error(Code::new("image::program"), summary)
            .because(error.to_string())
            .help("name a Sindri that was built for Linux with --sindri"),
    ]
}

fn interrupted() -> Diagnostics {
    let text = "interrupted before the image was done";
    vec![
        Diagnostic::error(Code::INTERRUPTED, text)
            .help("the Engine keeps the steps that were done: the same command goes on from there"),
    ]
}

/// Builds it, and pushes it if so wished: its id, and its name by digest in the registry.
async fn make(
    docker: &Docker,
    build: &ImageBuild,
    push: bool,
    tell: &(dyn Fn(ImageNews) + Send + Sync),
) -> Result<(String, Option<String>), ProviderError> {
    let id = docker.build_image(build, tell).await?;
    if !push {
        return Ok((id, None));
    }
    let digest = docker.push_image(&build.name, tell).await?;
    Ok((id, Some(digest)))
}

/// The project's name; ours where there is no configuration.
fn name(session: &Session) -> Result<String, Diagnostics> {
    let absent = files::entry(&session.config).is_ok_and(|entry| entry == files::Entry::Absent);
    if absent && session.is_default_config() {
        return Ok("sindri".to_owned());
    }
    let project = session.project(Overrides::default()).map_err(|mut found| {
        found.push(Diagnostic::advice(
            Code::new("image::no-name"),
            "the image takes its name from the configuration; with --tag it needs none",
        ));
        found
    })?;
    Ok(project.config.name.to_string())
}

fn tell_made(
    session: &mut Session,
    build: &ImageBuild,
    id: &str,
    digest: Option<&str>,
    elapsed: Duration,
) -> Result<(), Diagnostics> {
    let extensions = build.baked.as_ref().map(|baked| &*baked.extensions);
    let with = match extensions {
        None => String::new(),
        Some([only]) => format!(" with `{only}`"),
        Some(several) => format!(" with {} extensions", several.len()),
    };
    let summary = format!(
        "Built {} from {}{with} in {} s",
        build.name,
        build.base,
        elapsed.as_secs()
    );
    if session.is_json() {
        let image = json!({
            "name": build.name,
            "target": build.target.as_str(),
            "base": build.base,
            "id": id,
            "digest": digest,
            "extensions": extensions.unwrap_or_default(),
        });
        let now = session.world().clock.now();
        let line = render::image_complete_event_json(&summary, &image, now);
        return session.answer(&line);
    }
    let text = match digest {
        Some(digest) => format!("{summary}: {id}\nPushed: {digest}\n"),
        None => format!("{summary}: {id}\n"),
    };
    session.answer(&text)
}

/// What happens, as it is told.
struct Shown<'a> {
    session: &'a mut Session,
    began: Instant,
    /// When it was last told how much has moved.
    moved: Option<Instant>,
    /// Whether a line stands on the screen that the next one takes the place of.
    passing: bool,
}

impl<'a> Shown<'a> {
    fn new(session: &'a mut Session) -> Self {
        Self {
            session,
            began: Instant::now(),
            moved: None,
            passing: false,
        }
    }

    fn news(&mut self, news: &ImageNews) {
        if let ImageNews::Moved(_) = news {
            if self.moved.is_some_and(|moved| moved.elapsed() < BEAT) {
                return;
            }
            self.moved = Some(Instant::now());
        }
        if self.session.is_json() {
            let now = self.session.world().clock.now();
            let line = match news {
                ImageNews::Step { number, of, text } => {
                    render::image_step_event_json(*number, *of, text, now)
                }
                ImageNews::Line(line) => render::image_output_event_json(line, now),
                ImageNews::Moved(moved) => {
                    render::image_moved_event_json(&moved.text, moved.share, now)
                }
            };
            // A reader that went away must not stop the work.
            let _deaf = self.session.answer(&line).is_err();
            return;
        }
        match news {
            ImageNews::Step { number, of, text } => {
                self.passing("");
                let line = self.fit(&format!("{number:>3}/{of}  {text}"));
                self.session.aside_unless_quiet(&format!("{line}\n"));
            }
            ImageNews::Line(line) => self.passing(line),
            ImageNews::Moved(moved) => {
                let share = moved.share.map_or_else(String::new, |(done, total)| {
                    format!(" {} of {} MB", done / 1_000_000, total / 1_000_000)
                });
                self.passing(&format!("{}{share}", moved.text));
            }
        }
    }

    /// Shows a line on a screen until the next one comes; a file keeps the steps only.
    fn passing(&mut self, line: &str) {
        if !self.session.terminal().progress {
            return;
        }
        let erase = if self.passing { "\r\x1b[K" } else { "" };
        let line = if line.is_empty() {
            String::new()
        } else {
            self.fit(&format!("        {line}"))
        };
        self.passing = !line.is_empty();
        self.session.aside_unless_quiet(&format!("{erase}{line}"));
    }

    /// As much of a line as fits the screen.
    fn fit(&self, line: &str) -> String {
        let width = self.session.side_style().width - 1;
        if line.chars().count() <= width {
            return line.to_owned();
        }
        let begin: String = line.chars().take(width - 3).collect();
        format!("{begin}...")
    }

    /// Takes the last line off the screen, and tells how long it took.
    fn end(mut self) -> Duration {
        self.passing("");
        self.began.elapsed()
    }
}
