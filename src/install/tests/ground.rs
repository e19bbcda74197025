//! What the tests stand on: a machine, manifests, fake tools.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::address::{Name, NameRule};
use crate::catalog::{Catalog, Folder, Folders, Manifest};
use crate::install::{InstallError, InstallEvent, Installed, Installer, Job, Persistence, Purpose};
use crate::provider::local::Local;
use crate::provider::{CreateRequest, MachineRef, Provider};
use crate::resource::{LocalSettings, MachineSpec, Power, ProviderKind, Settings, Spec};
use crate::secret::{Redactor, Value};
use crate::state::{Lineage, OperationId};
use crate::sys::Environment;

/// The value of the one secret of all tests.
pub(super) const CANARY: &str = "canary-5f2e91";

pub(super) struct Ground {
    pub(super) local: Local,
    pub(super) machine: MachineRef,
    pub(super) home: PathBuf,
    pub(super) bin: PathBuf,
    pub(super) events: Mutex<Vec<InstallEvent>>,
    _directory: TempDir,
}

impl Ground {
    pub(super) async fn new() -> Self {
        Self::on("/usr/local/bin:/usr/bin:/bin").await
    }

    /// With nothing but busybox on the machine's PATH, and with no `flock`.
    pub(super) async fn of_busybox() -> Self {
        let ground = Self::on("").await;
        for applet in [
            "sh",
            "setsid",
            "tar",
            "mkfifo",
            "dd",
            "cat",
            "wc",
            "tr",
            "sleep",
            "rm",
            "mv",
            "mkdir",
            "cp",
            "ls",
            "head",
            "tail",
            "grep",
            "sed",
            "od",
            "date",
            "dirname",
            "id",
            "mktemp",
            "chmod",
            "stat",
            "find",
            "touch",
            "readlink",
            "sha256sum",
            "uname",
            "yes",
            "env",
            "seq",
            "rmdir",
        ] {
            symlink("/usr/bin/busybox", ground.bin.join(applet)).unwrap();
        }
        ground
    }

    pub(super) async fn on(path: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let bin = root.join("bin");
        fs::create_dir(&bin).unwrap();
        let path = format!("{}:{path}", bin.display());
        Self::with(directory, bin, vec![("PATH".to_owned(), path)]).await
    }

    pub(super) async fn with(
        directory: TempDir,
        bin: PathBuf,
        environment: Vec<(String, String)>,
    ) -> Self {
        let data = directory.path().canonicalize().unwrap().join("data");
        let local = Local::new(data, Arc::new(Environment::of(environment)));
        let spec = Arc::new(Spec::Machine(Box::new(MachineSpec {
            provider: ProviderKind::Local,
            name: "dev".into(),
            image: None,
            cpus: None,
            memory: None,
            gpu: None,
            network: None,
            mounts: Vec::new(),
            power: Power::Running,
            settings: Settings::Local(LocalSettings {
                host_packages: true,
                whole_host: false,
            }),
        })));
        let request = CreateRequest {
            lineage: Lineage::from_random([7; 16]),
            address: "machine.dev".parse().unwrap(),
            operation: OperationId::from_random([1; 8]),
            generation: 1,
            spec: Arc::clone(&spec),
            dependencies: BTreeMap::new(),
        };
        let made = local.create(&request, &|_| {}).await.unwrap();
        let home = PathBuf::from(made.id.as_str()).join("home");
        fs::create_dir_all(&home).unwrap();
        Self {
            local,
            machine: MachineRef {
                name: Name::parse(NameRule::Label, "dev").unwrap(),
                id: made.id,
                spec,
            },
            home,
            bin,
            events: Mutex::default(),
            _directory: directory,
        }
    }

    /// Puts a made-up program on the machine's PATH.
    pub(super) fn tool(&self, name: &str, script: &str) {
        let path = self.bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) async fn install(&self, job: &Job) -> Result<Installed, InstallError> {
        let redactor = Redactor::new(&[Value::new(CANARY.as_bytes().to_vec())]);
        let events = |event| self.events.lock().unwrap().push(event);
        Installer::new(&self.local, &self.machine, &redactor, &events)
            .persistence(Persistence {
                attempts: 3,
                backoff: Duration::from_millis(20),
            })
            .install(job)
            .await
    }

    pub(super) async fn remove(&self, job: &Job) -> Result<(), InstallError> {
        let events = |event| self.events.lock().unwrap().push(event);
        Installer::new(&self.local, &self.machine, &Redactor::default(), &events)
            .remove(job)
            .await
    }

    /// A file under the machine's home; empty where it isn't there.
    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.home.join(path)).unwrap_or_default()
    }

    /// What the job's steps wrote down by `echo … >>"$HOME/log"`.
    pub(super) fn log(&self) -> Vec<String> {
        self.read("log").lines().map(str::to_owned).collect()
    }

    pub(super) fn printed(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let lines = events.iter().filter_map(|event| match event {
            InstallEvent::Output(line) => Some(line.clone()),
            _ => None,
        });
        lines.collect()
    }

    pub(super) fn count(&self, wanted: impl Fn(&InstallEvent) -> bool) -> usize {
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter(|e| wanted(e))
            .count()
    }

    /// The folders of jobs that are still there.
    pub(super) fn jobs(&self) -> Vec<PathBuf> {
        let folder = self.home.join(".local/state/sindri/jobs");
        fs::read_dir(folder)
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default()
    }

    pub(super) async fn wait_for_log(&self, lines: usize) {
        for _ in 0..500 {
            if self.log().len() >= lines {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the job didn't get to line {lines}: {:?}", self.log());
    }
}

/// A manifest from its `install:` and further blocks, and the files of its folder.
pub(super) fn manifest(name: &str, blocks: &str, files: &[(&str, &str)]) -> Arc<Manifest> {
    let text = format!(
        "metadata:\n  name: {name}\n  version: 1.0.0\n  description: a test\n  category: testing\n{blocks}"
    );
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Arc::from(text.as_bytes())));
    let name = Name::parse(NameRule::Extension, name).unwrap();
    let folder = Folder {
        shown: Arc::from("extensions/test"),
        manifest: Arc::from(text.as_bytes()),
        files: Arc::new(files.collect()),
    };
    let shelf = Folders {
        extensions: BTreeMap::from([(name.clone(), folder)]),
        ..Folders::default()
    };
    Catalog::new(Arc::new(shelf))
        .manifest(&name)
        .unwrap()
        .unwrap()
}

pub(super) fn job(manifest: Arc<Manifest>) -> Job {
    Job {
        manifest,
        purpose: Purpose::Install,
        tools: Vec::new(),
        drop: BTreeSet::new(),
        incarnation: Some("root-1".to_owned()),
        urgency: std::time::Duration::ZERO,
        outbound: Arc::default(),
        depot: None,
    }
}

/// A job of scripts, one a step; it validates by a command of its own that the last one brings.
pub(super) fn scripts(name: &str, scripts: &[&str]) -> Job {
    use std::fmt::Write as _;
    let mut blocks = String::from("install:\n  method: script\n  steps:\n");
    let mut files = Vec::new();
    for (index, script) in scripts.iter().enumerate() {
        let path = format!("{index}.sh");
        write!(
            blocks,
            "    - tool: tool{index}\n      timeout: 60\n      script: {{path: {path}}}\n"
        )
        .unwrap();
        files.push((path, (*script).to_owned()));
    }
    blocks.push_str("validate:\n  commands:\n    - name: cat\n      args: [log]\n");
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    job(manifest(name, &blocks, &files))
}
