//! The contract, spoken by this host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

use super::environment::Host;
use super::ground::Ground;
use super::{
    CAPABILITIES, check, content, create, delete, error, exec, observe, power, takeover, update,
};
use crate::address::{Address, Name};
use crate::diagnostic::Diagnostics;
use crate::plan::{Capabilities, Observation, Seen};
use crate::provider::{
    Answer, Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef, Made,
    Output, Owned, Progress, Provider, ProviderError, Query, Reader, Sought, Stream, TakeRequest,
    UpdateRequest,
};
use crate::resource::{FileTarget, Power, ProviderKind};
use crate::state::Lineage;
use crate::sys::Environment;

/// What [`Reader::ask`] keeps of each stream.
const KEPT: usize = 1 << 20;

/// This host.
///
/// Calls that take microseconds are done where they are polled; those that may take longer
/// (removals, ending processes) on a thread for blocking work.
#[derive(Clone, Debug)]
pub struct Local {
    ground: Ground,
    environment: Arc<Environment>,
    host: Arc<OnceLock<Host>>,
}

impl Local {
    /// The host, its machines and volumes below `root`, with the environment they take over from.
    pub fn new(root: PathBuf, environment: Arc<Environment>) -> Self {
        let home = environment.get("HOME").map(PathBuf::from);
        let home = home.filter(|home| home.is_absolute());
        Self {
            ground: Ground { root, home },
            environment,
            host: Arc::default(),
        }
    }

    /// Where machines and volumes lie unless somebody says otherwise: `$SINDRI_DATA_DIR`, else
    /// `$XDG_DATA_HOME/sindri`, else `$HOME/.local/share/sindri`.
    ///
    /// Variables that hold no absolute path don't count; with none at all it is `/var/lib/sindri`.
    pub fn default_root(environment: &Environment) -> PathBuf {
        let absolute = |name: &str, below: &str| {
            let path = PathBuf::from(environment.get(name)?);
            path.is_absolute().then(|| path.join(below))
        };
        environment
            .get("SINDRI_DATA_DIR")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| absolute("XDG_DATA_HOME", "sindri"))
            .or_else(|| absolute("HOME", ".local/share/sindri"))
            .unwrap_or_else(|| PathBuf::from("/var/lib/sindri"))
    }

    fn host(&self) -> &Host {
        self.host.get_or_init(|| Host::of(&self.environment))
    }
}

/// Does what may take long on a thread for blocking work.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(lost) => Err(error::lost(lost)),
    }
}

impl Reader for Local {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Local
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn observe<'a>(&'a self, query: &'a Query) -> Answer<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move { Ok(observe::observe(&self.ground.root, query)) })
    }

    fn check<'a>(
        &'a self,
        query: &'a Query,
        observed: &'a BTreeMap<Address, Observation>,
    ) -> BoxFuture<'a, Diagnostics> {
        Box::pin(async move { check::check(&self.ground, query, observed) })
    }

    fn find<'a>(&'a self, sought: &'a Sought) -> Answer<'a, Seen> {
        Box::pin(async move { takeover::find(&self.ground.root, sought) })
    }

    fn owned<'a>(&'a self, lineage: &'a Lineage) -> Answer<'a, Vec<Owned>> {
        Box::pin(async move { Ok(takeover::owned(&self.ground.root, lineage)) })
    }

    fn ask<'a>(&'a self, machine: &'a MachineRef, command: &'a Command) -> Answer<'a, Output> {
        Box::pin(async move {
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let mut keep = |stream: Stream, bytes: &[u8]| {
                let kept = match stream {
                    Stream::Stdout => &mut stdout,
                    Stream::Stderr => &mut stderr,
                };
                let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
                kept.extend_from_slice(&bytes[..room]);
            };
            let code = exec::exec(self.host(), machine, command, &mut keep).await?;
            Ok(Output {
                code,
                stdout,
                stderr,
            })
        })
    }
}

impl Provider for Local {
    fn reader(&self) -> &dyn Reader {
        self
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        _progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        Box::pin(async move { create::create(&self.ground, request) })
    }

    fn take<'a>(&'a self, request: &'a TakeRequest) -> Answer<'a, Made> {
        Box::pin(async move { takeover::take(&self.ground, request) })
    }

    fn update<'a>(
        &'a self,
        request: &'a UpdateRequest,
        _progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        let (ground, request) = (self.ground.clone(), request.clone());
        Box::pin(blocking(move || update::update(&ground, &request)))
    }

    fn delete<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        let request = request.clone();
        Box::pin(blocking(move || delete::delete(&request)))
    }

    fn set_power<'a>(&'a self, machine: &'a MachineRef, power: Power) -> Answer<'a, ()> {
        let machine = machine.clone();
        Box::pin(blocking(move || power::set(&machine, power)))
    }

    fn exec<'a>(
        &'a self,
        machine: &'a MachineRef,
        command: &'a Command,
        output: &'a mut (dyn FnMut(Stream, &[u8]) + Send),
    ) -> Answer<'a, i32> {
        Box::pin(exec::exec(self.host(), machine, command, output))
    }

    fn put<'a>(&'a self, machine: &'a MachineRef, files: &'a [File]) -> Answer<'a, ()> {
        Box::pin(async move { content::put(machine, files) })
    }

    fn get<'a>(&'a self, machine: &'a MachineRef, path: &'a str) -> Answer<'a, Vec<u8>> {
        Box::pin(async move { content::get(machine, path) })
    }

    fn deliver<'a>(&'a self, machine: &'a MachineRef, secret: &'a Delivery) -> Answer<'a, ()> {
        Box::pin(async move { content::deliver(machine, secret) })
    }

    fn withdraw<'a>(
        &'a self,
        machine: &'a MachineRef,
        name: &'a Name,
        target: Option<&'a FileTarget>,
    ) -> Answer<'a, ()> {
        Box::pin(async move { content::withdraw(machine, name, target) })
    }

    fn owns_terminal(&self) -> bool {
        true
    }

    fn connect<'a>(&'a self, machine: &'a MachineRef, session: Interactive) -> Answer<'a, i32> {
        let shell = self.environment.get("SHELL");
        Box::pin(exec::connect(self.host(), shell, machine, session.command))
    }
}
