//! A project directory of a test's own, and the program run in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use sindri::state::State;
use sindri::store::Store;
use sindri::sys::{Environment, World};

/// The program under test.
pub(super) const SINDRI: &str = env!("CARGO_BIN_EXE_sindri");

/// No command of these tests takes longer on this host, even on a busy machine.
const HANGS: Duration = Duration::from_mins(2);

/// How often a running child is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A project, its home and its data, gone when dropped.
pub(super) struct Ground {
    room: tempfile::TempDir,
    pub(super) environment: BTreeMap<String, String>,
    /// How long a command may take before it is said to hang.
    pub(super) patience: Duration,
}

/// How a command ended.
pub(super) struct Ran {
    pub(super) line: String,
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    /// Asserts how it ended.
    #[track_caller]
    pub(super) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that it says something, wherever.
    #[track_caller]
    pub(super) fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "it doesn't say `{text}`: {self}");
        self
    }

    /// Asserts that it doesn't say something, anywhere.
    #[track_caller]
    pub(super) fn never_says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(!said, "it says `{text}`: {self}");
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            line,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "`{line}` ended with {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// A command that runs.
pub(super) struct Running {
    line: String,
    child: Child,
    output: tempfile::TempDir,
    patience: Duration,
}

impl Running {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has printed so far.
    pub(super) fn printed(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.output.path().join(name)).unwrap();
        read("stdout") + &read("stderr")
    }

    /// Waits until it has printed something.
    #[track_caller]
    pub(super) fn until_it_says(&mut self, text: &str) {
        let began = Instant::now();
        while !self.printed().contains(text) {
            let over = self.has_ended() || began.elapsed() > HANGS;
            assert!(
                !over,
                "`{}` never said `{text}`:\n{}",
                self.line,
                self.printed()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until something inside a machine has made a file of this name.
    #[track_caller]
    pub(super) fn until_there_is(&mut self, ground: &Ground, name: &str) {
        let began = Instant::now();
        while !ground.world().keys().any(|path| path.ends_with(name)) {
            let over = self.has_ended() || began.elapsed() > HANGS;
            assert!(
                !over,
                "`{}` never made `{name}`:\n{}",
                self.line,
                self.printed()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        // It may have ended by itself just now.
        let _gone = rustix::process::kill_process(pid, signal);
    }

    /// Waits for its end.
    #[track_caller]
    pub(super) fn wait(mut self) -> Ran {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > self.patience {
                drop(self.child.kill());
                drop(self.child.wait());
                panic!("`{}` hangs:\n{}", self.line, self.printed());
            }
            std::thread::sleep(LOOK);
        };
        self.ran(status)
    }

    /// Kills it, or finds that it has ended already.
    pub(super) fn kill(mut self) -> Ran {
        drop(self.child.kill());
        let status = self.child.wait().unwrap();
        self.ran(status)
    }

    fn ran(&self, status: ExitStatus) -> Ran {
        let read = |name: &str| {
            let bytes = fs::read(self.output.path().join(name)).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Ran {
            line: self.line.clone(),
            code: status.code(),
            stdout: read("stdout"),
            stderr: read("stderr"),
        }
    }
}

impl Ground {
    pub(super) fn new() -> Self {
        let room = tempfile::Builder::new()
            .prefix("sindri-kills-")
            .tempdir()
            .unwrap();
        let own = Environment::of_process();
        let mut environment = BTreeMap::new();
        for name in ["PATH", "DOCKER_HOST", "XDG_RUNTIME_DIR"] {
            if let Some(value) = own.get(name) {
                environment.insert(name.to_owned(), value.to_owned());
            }
        }
        let path = |name: &str| room.path().join(name).to_str().unwrap().to_owned();
        environment.insert("HOME".to_owned(), path("home"));
        environment.insert("SINDRI_DATA_DIR".to_owned(), path("data"));
        for name in ["home", "project"] {
            fs::create_dir(room.path().join(name)).unwrap();
        }
        Self {
            room,
            environment,
            patience: HANGS,
        }
    }

    pub(super) fn room(&self) -> &Path {
        self.room.path()
    }

    /// A path in the project.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.room.path().join("project").join(name)
    }

    /// Where `local` keeps what it makes.
    pub(super) fn data(&self) -> PathBuf {
        self.room.path().join("data")
    }

    /// Writes a file of the project.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes an extension whose only step is a script.
    pub(super) fn extension(&self, name: &str, version: &str, seconds: u64, script: &str) {
        let manifest = format!(
            "metadata: {{name: {name}, version: {version}, description: Made for a test, \
             category: productivity}}\n\
             requirements: {{diskSpace: 1, installTime: 1}}\n\
             install: {{method: script, script: {{path: install.sh, timeout: {seconds}}}}}\n\
             validate: {{commands: [{{name: {name}, expectedPattern: \"^{name} {version}$\"}}]}}\n\
             remove: {{paths: [\"~/.local/bin/{name}\"]}}\n"
        );
        self.write(&format!("extensions/{name}/extension.yaml"), &manifest);
        self.write(&format!("extensions/{name}/install.sh"), script);
    }

    /// The program with these arguments, ready to be altered and started.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.dress(Command::new(SINDRI), arguments)
    }

    /// The program with these arguments behind a shell's preparation.
    pub(super) fn command_after(&self, preparation: &str, arguments: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{preparation}; exec \"$@\""), "sh", SINDRI]);
        self.dress(shell, arguments)
    }

    fn dress(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .current_dir(self.path(""))
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            // A Ctrl-C at the tests' own terminal isn't meant for it.
            .process_group(0);
        command
    }

    /// Starts a command.
    pub(super) fn launch(&self, mut command: Command) -> Running {
        let output = tempfile::tempdir_in(self.room.path()).unwrap();
        let create = |name: &str| File::create(output.path().join(name)).unwrap();
        let child = command
            .stdout(create("stdout"))
            .stderr(create("stderr"))
            .spawn()
            .unwrap();
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect();
        Running {
            line: format!("sindri {}", words.join(" ")),
            child,
            output,
            patience: self.patience,
        }
    }

    pub(super) fn start(&self, arguments: &[&str]) -> Running {
        self.launch(self.command(arguments))
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(super) fn sindri(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// Runs a command to its end, its output read through pipes.
    pub(super) fn piped(mut command: Command) -> Ran {
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            line: format!("{command:?}"),
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    #[track_caller]
    pub(super) fn apply(&self) -> Ran {
        self.sindri(&["apply", "--auto-approve"])
    }

    /// Asserts that there is nothing to do.
    #[track_caller]
    pub(super) fn settled(&self) {
        self.sindri(&["plan", "--detailed-exitcode"]).ended(0);
    }

    /// The state as the program's own reader sees it.
    pub(super) fn state(&self) -> Option<State> {
        let store = Store::local(&self.path(".sindri"), &World::real());
        store.read().unwrap()
    }

    /// Every file of the state's directory with its content, but for what says who holds the lock.
    pub(super) fn store(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = tree(&self.path(".sindri"));
        files.remove(&self.path(".sindri/lock.json"));
        files
    }

    /// Every file that `local` made, with its content.
    pub(super) fn world(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        tree(&self.data())
    }
}

/// Ends what a failed test left running in its machines.
impl Drop for Ground {
    fn drop(&mut self) {
        for pid in living(self.room.path()) {
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// The processes whose environment or working directory names a path.
pub(super) fn living(path: &Path) -> Vec<i32> {
    let named = path.to_str().unwrap().as_bytes();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let name = process.file_name();
        let Ok(pid) = name.to_string_lossy().parse::<i32>() else {
            continue;
        };
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let inside =
            fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(path));
        if inside
            || environment
                .windows(named.len())
                .any(|window| window == named)
        {
            found.push(pid);
        }
    }
    found
}

/// Every file below a path with its content; a link with where it leads.
pub(super) fn tree(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![path.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            // What runs meanwhile takes files away: they aren't there.
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else {
                continue;
            };
            if kind.is_dir() {
                found.insert(path.join(""), Vec::new());
                open.push(path);
            } else if kind.is_symlink() {
                let Ok(target) = fs::read_link(&path) else {
                    continue;
                };
                found.insert(path, target.into_os_string().into_encoded_bytes());
            } else if kind.is_file() {
                let content = fs::read(&path).unwrap_or_default();
                found.insert(path, content);
            }
        }
    }
    found
}
