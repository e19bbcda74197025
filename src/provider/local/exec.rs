//! Running commands and sessions in a machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::{self, Host};
use super::marker::{Link, Marker, Reading};
use super::place::Place;
use super::{error, mount, path};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::provider::{Class, Command, MachineRef, ProviderError, Stream};
use crate::resource::Power;
use crate::sys::files::{self, Entry};
use crate::sys::process::{self, Ended, Launch, Pipe, ProcessError};

/// The exit code of a shell that finds no such command, and of one that may not run it.
const NOT_FOUND: i32 = 127;
const NOT_RUNNABLE: i32 = 126;

/// A machine found to be ours.
pub(super) struct Machine {
    pub(super) place: Place,
    pub(super) marker: Marker,
}

impl Machine {
    /// Finds a machine by its id; it may be called otherwise than when it was made.
    pub(super) fn of(machine: &MachineRef) -> Result<Self, ProviderError> {
        let gone = || error::no_machine(Path::new(machine.id.as_str()));
        let place = Place::of_machine(&machine.id).ok_or_else(gone)?;
        match Marker::read(&place) {
            Reading::Found(marker) if matches!(marker.address, Address::Machine(_)) => Ok(Self {
                place,
                marker: *marker,
            }),
            Reading::Found(_) | Reading::Absent => Err(gone()),
            Reading::Broken(why) => Err(ProviderError::new(
                Class::Failed,
                Code::new("local::marker"),
                why,
            )),
        }
    }

    /// Makes the directories that are made when first needed, and a home that went missing.
    pub(super) fn furnish(&mut self) -> Result<(), ProviderError> {
        let directory = self.place.directory.clone();
        let mut furnish = || -> io::Result<()> {
            if files::entry(&directory.join("home"))? == Entry::Absent
                && self.marker.links.iter().all(|link| link.place != "home")
            {
                // What was installed went with it: from here on it is another root.
                self.marker.lost_homes += 1;
                self.marker.rewrite(&self.place)?;
            }
            match self.own_home() {
                // What is made in it is made as the person themself would.
                Some(link) => mount::make(&directory, link)?,
                None => files::create_private_dir_all(&directory.join("home/.local/bin"))?,
            }
            files::create_private_dir_all(&directory.join("run/secrets"))?;
            files::create_private_dir_all(&directory.join("tmp"))
        };
        furnish().map_err(|source| error::file_system("preparing a machine", &directory, source))
    }

    /// The link to the person's own home, where the machine is the whole host.
    fn own_home(&self) -> Option<&Link> {
        self.marker
            .links
            .iter()
            .find(|link| link.leads_to_own_home())
    }

    /// Whether a path in it leads into the person's own home.
    pub(super) fn has_in_own_home(&self, path: &str) -> Result<bool, ProviderError> {
        let plain = path::relative(&self.place.directory, path)?;
        Ok(self.own_home().is_some() && plain.starts_with("home"))
    }

    /// Its home, as what runs in it knows it.
    fn home(&self) -> PathBuf {
        match self.own_home() {
            Some(link) => PathBuf::from(&link.target),
            None => self.place.directory.join("home"),
        }
    }

    /// Refuses where the machine is stopped.
    pub(super) fn running(self) -> Result<Self, ProviderError> {
        if self.marker.power == Some(Power::Stopped) {
            return Err(error::stopped(self.marker.address.leaf().as_str()));
        }
        Ok(self)
    }

    fn environment(&self, host: &Host, secrets: bool) -> Result<Variables, ProviderError> {
        let directory = &self.place.directory;
        let mut variables = host.machine(directory, &self.home());
        if secrets {
            variables.extend(environment::secrets(directory).map_err(|source| {
                error::file_system("reading secrets", &directory.join("run/secrets"), source)
            })?);
        }
        Ok(variables)
    }
}

type Variables = BTreeMap<OsString, OsString>;

/// What a command comes to on this host.
fn launch(machine: &Machine, host: &Host, command: &Command) -> Result<Launch, ProviderError> {
    let mut variables = machine.environment(host, command.secrets)?;
    variables.extend(
        command
            .env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    let directory: PathBuf = match &command.directory {
        Some(directory) => path::followed(&machine.place.directory, &machine.marker, directory)?,
        None => machine.home(),
    };
    if !directory.is_dir() {
        let message = format!("`{}` is no directory to work in", directory.display());
        return Err(ProviderError::new(
            Class::Failed,
            Code::new("local::no-directory"),
            message,
        ));
    }
    Ok(Launch {
        argv: command.argv.iter().map(OsString::from).collect(),
        env: variables.into_iter().collect(),
        directory,
    })
}

/// Runs a command to its end, its output streamed.
pub(super) async fn exec(
    host: &Host,
    machine: &MachineRef,
    command: &Command,
    output: &mut (dyn FnMut(Stream, &[u8]) + Send),
) -> Result<i32, ProviderError> {
    let mut machine = Machine::of(machine)?.running()?;
    machine.furnish()?;
    let launch = launch(&machine, host, command)?;
    let ended = process::run(
        &launch,
        command.stdin.as_deref(),
        command.timeout,
        &mut |pipe, bytes| match pipe {
            Pipe::Stdout => output(Stream::Stdout, bytes),
            Pipe::Stderr => output(Stream::Stderr, bytes),
        },
    )
    .await;
    match ended {
        Ok(Ended::Exited(code)) => Ok(code),
        Ok(Ended::TimedOut) => {
            let seconds = command.timeout.unwrap_or_default().as_secs_f64();
            let message = format!("the command was ended after {seconds} s, its time limit");
            Err(ProviderError::new(
                Class::Failed,
                Code::new("local::exec-timeout"),
                message,
            ))
        }
        Err(ProcessError::Start { program, source })
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
            ) =>
        {
            // As a shell would: the same on every provider.
            output(Stream::Stderr, format!("{program}: {source}\n").as_bytes());
            Ok(match source.kind() {
                io::ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_RUNNABLE,
            })
        }
        Err(error) => Err(error::process(error)),
    }
}

/// Sources what extensions set, as a login would, and runs the line given first.
const LINE: &str = r#"f=$HOME/.config/sindri/profile
if [ -f "$f" ]; then . "$f"; fi
unset f
eval "$1""#;

/// Opens a session on this process's own terminal: a shell, or a command line for `sh`.
pub(super) async fn connect(
    host: &Host,
    shell: Option<&str>,
    machine: &MachineRef,
    command: Option<String>,
) -> Result<i32, ProviderError> {
    let mut machine = Machine::of(machine)?.running()?;
    machine.furnish()?;
    let argv: Vec<OsString> = match command {
        Some(command) => ["sh", "-c", LINE, "sindri", &command]
            .map(OsString::from)
            .to_vec(),
        None => vec![shell.unwrap_or("sh").into()],
    };
    let launch = Launch {
        argv,
        env: machine.environment(host, true)?.into_iter().collect(),
        directory: machine.home(),
    };
    process::attach(&launch).await.map_err(error::process)
}
