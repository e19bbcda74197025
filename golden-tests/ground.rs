//! What a case stands on: a directory, a made-up environment, a scripted world, a fixed clock.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sindri::cli::{Host, Terminal, run};
use sindri::engine::{OpenOnce, Stop};
use sindri::provider::e2b::{self, E2b};
use sindri::provider::fake::{Fake, FakeWorldHandle};
use sindri::provider::fly::{self, Fly};
use sindri::provider::local::{self, Local};
use sindri::provider::{Provider, Reader as _};
use sindri::resource::ProviderKind;
use sindri::state::{State, write_document};
use sindri::store::{Locked, Store};
use sindri::sys::{Clock, Environment, Random, World};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{e2b_emulator, fly_emulator};

/// What stands for Ctrl-C among the answers.
const CTRL_C: &str = "^C\n";

/// Everything one case works with, from its first command to its last.
pub(crate) struct Ground {
    root: TempDir,
    /// What providers hold.
    pub(crate) fakes: FakeWorldHandle,
    /// Environment variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// What a person types at the next questions.
    pub(crate) answers: Vec<String>,
    /// Whether machines on `local` are real directories.
    pub(crate) real_local: bool,
    /// E2B, where one was started.
    pub(crate) e2b: Option<e2b_emulator::Emulator>,
    /// What stands for Fly.io, once a case asks for it.
    pub(crate) fly: Option<fly_emulator::Emulator>,
    /// A lock held beside the commands.
    pub(crate) held: Option<Locked>,
    /// How a person interrupts the next command: when the call named begins.
    pub(crate) interrupt: Option<(String, Stop)>,
    random: Arc<Random>,
}

/// What a command showed.
pub(crate) struct Shown {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit: u8,
}

impl Ground {
    pub(crate) fn new(case: &Path) -> Result<Self, String> {
        let root = tempfile::tempdir().map_err(|error| error.to_string())?;
        fs::create_dir(root.path().join("project")).map_err(|error| error.to_string())?;
        let world = fs::read_to_string(case.join("world.json")).unwrap_or_else(|_| "{}".to_owned());
        let fakes =
            FakeWorldHandle::from_json(&world).map_err(|error| format!("world.json: {error}"))?;
        let mut variables: BTreeMap<String, String> = [
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("SINDRI_PARALLELISM", "1"),
            ("USER", "ada"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        variables.insert(
            "HOME".to_owned(),
            root.path().join("home").display().to_string(),
        );
        let own = fs::read_to_string(case.join("env")).unwrap_or_default();
        for line in own.lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once('=').ok_or("a line of `env` has no `=`")?;
            variables.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self {
            root,
            fakes,
            variables,
            answers: Vec::new(),
            real_local: false,
            e2b: None,
            fly: None,
            held: None,
            interrupt: None,
            random: Arc::new(Random::counted()),
        })
    }

    /// Where the project lies.
    pub(crate) fn directory(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// The directory whose path no expectation may hold.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Puts the state that the case begins with in place.
    pub(crate) fn begin(&self, case: &Path) -> Result<(), String> {
        let path = case.join("state.json");
        if !path.exists() {
            return Ok(());
        }
        let state = crate::recorded::read(&path).map_err(|error| format!("state.json: {error}"))?;
        let bytes = write_document(&state).map_err(|error| error.to_string())?;
        let store = self.directory().join(".sindri");
        fs::create_dir_all(&store)
            .and_then(|()| fs::write(store.join("state.json"), bytes))
            .map_err(|error| error.to_string())
    }

    /// The state as it stands.
    pub(crate) fn state(&self) -> Result<State, String> {
        self.store()
            .read()
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "nothing is recorded".to_owned())
    }

    pub(crate) fn store(&self) -> Store {
        Store::local(&self.directory().join(".sindri"), &self.world())
    }

    fn world(&self) -> World {
        World {
            environment: Arc::new(Environment::of(self.variables.clone())),
            clock: Clock::Fixed("2026-11-20T09:30:00Z".parse().expect("a time")),
            random: Arc::clone(&self.random),
        }
    }

    fn providers(&self, world: &World) -> OpenOnce {
        let fake = |kind| {
            let provider = Arc::new(Fake::new(self.fakes.clone(), kind));
            let capabilities = provider.capabilities();
            (capabilities, provider as Arc<dyn Provider>)
        };
        let (docker_can, docker) = fake(ProviderKind::Docker);
        let mut providers = OpenOnce::default().with(
            ProviderKind::Docker,
            docker_can,
            Box::new(move || Ok(Arc::clone(&docker))),
        );
        let on_e2b = Arc::clone(&world.environment);
        let (environment, clock) = (Arc::clone(&world.environment), world.clock);
        providers = providers
            .with(
                ProviderKind::E2b,
                e2b::CAPABILITIES,
                Box::new(move || Ok(Arc::new(E2b::connect(&on_e2b)?) as Arc<dyn Provider>)),
            )
            .with(
                ProviderKind::Fly,
                fly::CAPABILITIES,
                Box::new(move || {
                    let fly = Fly::connect(&environment, clock)?;
                    Ok(Arc::new(fly) as Arc<dyn Provider>)
                }),
            );
        if self.real_local {
            let environment = Arc::clone(&world.environment);
            let data = self.root.path().join("data");
            providers = providers.with(
                ProviderKind::Local,
                local::CAPABILITIES,
                Box::new(move || {
                    let local = Local::new(data.clone(), Arc::clone(&environment));
                    Ok(Arc::new(local) as Arc<dyn Provider>)
                }),
            );
        } else {
            let (local_can, local) = fake(ProviderKind::Local);
            providers = providers.with(
                ProviderKind::Local,
                local_can,
                Box::new(move || Ok(Arc::clone(&local))),
            );
        }
        providers
    }

    /// Runs one command line in this process.
    pub(crate) fn run(&mut self, words: &[String]) -> Shown {
        let world = self.world();
        let (stdout, stderr) = (Stream::default(), Stream::default());
        let (stop, told) = watch::channel(Stop::Go);
        let pressed = stop.clone();
        let stops = self.interrupt.is_some() || self.answers.iter().any(|text| text == CTRL_C);
        let mut answers = std::mem::take(&mut self.answers).into_iter();
        let host = Host {
            providers: Arc::new(self.providers(&world)),
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            terminal: Terminal {
                input: answers.len() > 0,
                ..Terminal::default()
            },
            ask: Box::new(move || {
                let answer = answers.next();
                if answer.as_deref() == Some(CTRL_C) {
                    pressed.send_replace(Stop::Gently);
                    // Nothing is ever typed: the command must go on without an answer.
                    while !pressed.is_closed() {
                        std::thread::sleep(std::time::Duration::from_millis(2));
                    }
                }
                Ok(answer)
            }),
            directory: self.directory(),
            signals: false,
            stop: stops.then_some(told),
            world,
        };
        let typed: Vec<OsString> = words.iter().map(OsString::from).collect();
        let watcher = self.interrupt.take().map(|(call, how)| {
            let fakes = self.fakes.clone();
            std::thread::spawn(move || interrupt(&fakes, &call, how, &stop))
        });
        let exit = run(&typed, host).code();
        if let Some(watcher) = watcher {
            watcher.join().expect("the interruption came");
        }
        Shown {
            stdout: stdout.text(),
            stderr: stderr.text(),
            exit,
        }
    }
}

/// Waits for a call to begin, stops the command, and lets the call go on.
fn interrupt(fakes: &FakeWorldHandle, call: &str, how: Stop, stop: &watch::Sender<Stop>) {
    let started = std::time::Instant::now();
    while !fakes.acts().iter().any(|act| act == call) {
        assert!(started.elapsed().as_secs() < 20, "`{call}` never began");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    stop.send_replace(how);
    // The command must have heard of it before the call ends.
    std::thread::sleep(std::time::Duration::from_millis(100));
    if let Some((_, address)) = call.split_once(' ')
        && let Ok(address) = address.parse()
    {
        fakes.release(&address);
    }
    // A command that hangs up on its task never takes the channel's last word.
    while !stop.is_closed() && started.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// A stream that is kept.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
