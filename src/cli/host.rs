//! The host of a command line: its streams, its terminal, its providers; tests bring their own.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::engine::{OpenOnce, Providers, Stop};
use crate::provider::docker::{self, Docker};
use crate::provider::e2b::{self, E2b};
use crate::provider::fly::{self, Fly};
use crate::provider::local::{self, Local};
use crate::provider::{Provider, TerminalSize};
use crate::resource::ProviderKind;
use crate::sys::{World, keep_memory_private};

/// What a command line runs on.
pub struct Host {
    /// Environment, clock and randomness.
    pub world: World,
    /// Where the answer goes.
    pub stdout: Box<dyn Write + Send>,
    /// Where the rest goes.
    pub stderr: Box<dyn Write + Send>,
    /// What stands behind the streams.
    pub terminal: Terminal,
    /// Reads one line that a person typed; none at the end.
    pub ask: Box<dyn FnMut() -> io::Result<Option<String>> + Send>,
    /// The providers.
    pub providers: Arc<dyn Providers>,
    /// The working directory.
    pub directory: PathBuf,
    /// Whether signals of this process stop a command.
    pub signals: bool,
    /// Another wish to stop, besides signals.
    pub stop: Option<watch::Receiver<Stop>>,
}

/// What stands behind the streams.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    /// Whether a person can be asked.
    pub input: bool,
    /// Whether the answer goes to a screen.
    pub output: bool,
    /// Whether progress goes to a screen.
    pub progress: bool,
    /// The screen's size, where there is one.
    pub size: Option<TerminalSize>,
}

impl Host {
    /// The host of this process, which from now on may hold keys and secrets.
    pub fn real() -> Self {
        keep_memory_private();
        let world = World::real();
        let providers = Arc::new(real_providers(&world));
        Self {
            world,
            stdout: Box::new(io::BufWriter::new(io::stdout())),
            stderr: Box::new(io::stderr()),
            terminal: Terminal {
                input: io::stdin().is_terminal(),
                output: io::stdout().is_terminal(),
                progress: io::stderr().is_terminal(),
                size: super::terminal::size(),
            },
            ask: Box::new(|| {
                let mut line = String::new();
                let read = io::stdin().lock().read_line(&mut line)?;
                Ok((read > 0).then_some(line))
            }),
            providers,
            directory: PathBuf::from("."),
            signals: true,
            stop: None,
        }
    }
}

/// The providers that this version is built with.
fn real_providers(world: &World) -> OpenOnce {
    let on_this_host = Arc::clone(&world.environment);
    let on_an_engine = Arc::clone(&world.environment);
    let on_e2b = Arc::clone(&world.environment);
    let (on_fly, clock) = (Arc::clone(&world.environment), world.clock);
    OpenOnce::default()
        .with(
            ProviderKind::Local,
            local::CAPABILITIES,
            Box::new(move || {
                let root = Local::default_root(&on_this_host);
                let local = Local::new(root, Arc::clone(&on_this_host));
                Ok(Arc::new(local) as Arc<dyn Provider>)
            }),
        )
        .with(
            ProviderKind::Docker,
            docker::CAPABILITIES,
            Box::new(move || {
                let docker = Docker::connect(&on_an_engine)?;
                Ok(Arc::new(docker) as Arc<dyn Provider>)
            }),
        )
        .with(
            ProviderKind::E2b,
            e2b::CAPABILITIES,
            Box::new(move || Ok(Arc::new(E2b::connect(&on_e2b)?) as Arc<dyn Provider>)),
        )
        .with(
            ProviderKind::Fly,
            fly::CAPABILITIES,
            Box::new(move || {
                let fly = Fly::connect(&on_fly, clock)?;
                Ok(Arc::new(fly) as Arc<dyn Provider>)
            }),
        )
}
