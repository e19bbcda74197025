//! What the tests of the image share: the program, the Engine, the ssh client.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use sindri::sys::{Environment, Random};
use tempfile::TempDir;

/// What a command answered.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    #[track_caller]
    pub(super) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(super) fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "it doesn't say `{text}`: {self:#?}");
        self
    }
}

impl Ran {
    #[track_caller]
    pub(super) fn prints(&self, text: &str) {
        assert_eq!(self.stdout, text, "{self:#?}");
    }

    #[track_caller]
    pub(super) fn says_in_order(&self, texts: &[&str]) {
        let mut rest = self.stdout.as_str();
        for text in texts {
            let Some((_, after)) = rest.split_once(text) else {
                panic!("it doesn't say `{text}` there: {self:#?}");
            };
            rest = after;
        }
    }
}

/// Runs a command without a terminal.
pub(super) fn run(command: &mut Command) -> Ran {
    let program = command.get_program().to_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("these tests need `{}`: {error}", program.to_string_lossy())
    });
    Ran::of(&output)
}

/// What `docker` printed, its end trimmed.
#[track_caller]
pub(super) fn docker(arguments: &[&str]) -> String {
    let ran = run(Command::new("docker").args(arguments)).ended(0);
    ran.stdout.trim_end().to_owned()
}

/// The bare image that the images are made from.
pub(super) fn base() -> String {
    named("SINDRI_TEST_BARE_IMAGE")
}

/// The image that a variable names.
pub(super) fn named(variable: &str) -> String {
    let environment = Environment::of_process();
    let named = environment.get(variable).map(str::to_owned);
    named.unwrap_or_else(|| {
        panic!("these tests need {variable}; `golden-tests/run` makes that image")
    })
}

/// The turn to build or to remove, which other processes may have; it ends with the file.
fn turn() -> File {
    let file = File::create(std::env::temp_dir().join("sindri-image-tests.lock")).unwrap();
    file.lock().unwrap();
    file
}

/// Removes an image: with it go the steps that no other has, which a build under way may count on.
pub(super) fn remove(image: &str) {
    let _turn = turn();
    run(Command::new("docker").args(["rmi", image]));
}

/// A project, a home, and names that no other test has; all of it goes when it is dropped.
pub(super) struct Desk {
    room: TempDir,
    pub(super) name: String,
}

impl Desk {
    pub(super) fn new() -> Self {
        let room = tempfile::Builder::new()
            .prefix("sindri-image-")
            .tempdir()
            .unwrap();
        for folder in ["home", "project"] {
            fs::create_dir(room.path().join(folder)).unwrap();
        }
        let random: [u8; 4] = Random::system().bytes();
        let name = format!("image-{:08x}", u32::from_le_bytes(random));
        Self { room, name }
    }

    pub(super) fn path(&self) -> &Path {
        self.room.path()
    }

    /// The program in the project.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sindri"));
        command
            .args(arguments)
            .current_dir(self.path().join("project"))
            .env_clear()
            .env("HOME", self.path().join("home"));
        let own = Environment::of_process();
        for name in ["PATH", "DOCKER_HOST", "XDG_RUNTIME_DIR"] {
            if let Some(value) = own.get(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Runs the program. Builds go one after the other: two at once would each make the base anew,
    /// instead of taking the other's.
    pub(super) fn sindri(&self, arguments: &[&str]) -> Ran {
        let _turn = arguments.starts_with(&["image", "build"]).then(turn);
        run(&mut self.command(arguments))
    }

    /// Builds a target from the bare image, under a name of this test's own.
    #[track_caller]
    pub(super) fn build(&self, target: &str, more: &[&str]) -> String {
        let tag = format!("{}:{target}", self.name);
        let base = base();
        let words = [
            "image", "build", "--target", target, "--tag", &tag, "--base", &base,
        ];
        self.sindri(&[&words, more].concat()).ended(0);
        tag
    }

    /// Makes a pair of keys, and gives the private one's path.
    pub(super) fn key(&self, name: &str) -> String {
        let path = self.path().join(name).to_str().unwrap().to_owned();
        let words = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &path];
        run(Command::new("ssh-keygen").args(words)).ended(0);
        path
    }

    /// Starts the machine with a volume of its own, its way in published on loopback.
    pub(super) fn start(&self, image: &str, more: &[&str], words: &[&str]) -> Machine {
        let number: [u8; 4] = Random::system().bytes();
        let name = format!("{}-{:08x}", self.name, u32::from_le_bytes(number));
        let volume = format!("{}:/alt/home/developer/workspace", self.name);
        let secrets = format!("{}:/run/secrets:ro", self.path().join("secrets").display());
        fs::create_dir_all(self.path().join("secrets")).unwrap();
        let run = [
            "run",
            "--detach",
            "--name",
            &name,
            "--publish",
            "127.0.0.1::10022",
        ];
        let mounts = ["--volume", &volume, "--volume", &secrets];
        docker(&[&run[..], &mounts, more, &[image], words].concat());
        let published = docker(&["port", &name, "10022/tcp"]);
        let port = published.rsplit_once(':').unwrap().1.to_owned();
        Machine { name, port }
    }

    /// Puts what may come in where machines find it.
    pub(super) fn authorize(&self, private: &[&str]) {
        let keys: Vec<String> = private
            .iter()
            .map(|path| fs::read_to_string(format!("{path}.pub")).unwrap())
            .collect();
        let folder = self.path().join("secrets");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("AUTHORIZED_KEYS"), keys.concat()).unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let filter = format!("name={}", self.name);
        let listed = run(Command::new("docker").args(["ps", "-aq", "--filter", &filter]));
        for id in listed.stdout.lines() {
            run(Command::new("docker").args(["rm", "-f", "-v", id]));
        }
        run(Command::new("docker").args(["volume", "rm", "-f", &self.name]));
        let images =
            run(Command::new("docker").args(["images", "--format", "{{.Repository}}:{{.Tag}}"]));
        let own = images
            .stdout
            .lines()
            .filter(|name| name.contains(&self.name));
        for image in own {
            remove(image);
        }
    }
}

/// A machine that runs.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) port: String,
}

impl Machine {
    /// Tries to come in, and runs a command there.
    pub(super) fn ssh(&self, login: &str, options: &[&str], command: &str) -> Ran {
        let place = format!("{login}@127.0.0.1");
        let always = [
            "-F",
            "/dev/null",
            "-p",
            &self.port,
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "ConnectTimeout=10",
            "-o",
            "IdentityAgent=none",
        ];
        // Who is banned in the middle of a conversation hears nothing more, and would wait for ever.
        run(Command::new("timeout")
            .args(["30", "ssh"])
            .args(always)
            .args(options)
            .args([&place, command]))
    }

    /// Comes in as the person with a key.
    pub(super) fn enter(&self, key: &str, command: &str) -> Ran {
        self.ssh(
            "developer",
            &["-o", "IdentitiesOnly=yes", "-i", key],
            command,
        )
    }

    /// Waits until somebody answers, and gives the machine's own key.
    #[track_caller]
    pub(super) fn host_key(&self) -> String {
        let began = Instant::now();
        loop {
            let words = ["-t", "ed25519", "-p", &self.port, "127.0.0.1"];
            let scanned = run(Command::new("ssh-keyscan").args(words));
            let line = scanned.stdout.lines().find(|line| !line.starts_with('#'));
            if let Some((_, key)) = line.and_then(|line| line.split_once(' ')) {
                return key.to_owned();
            }
            let logs = run(Command::new("docker").args(["logs", &self.name]));
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "nobody answers: {logs:#?}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Tells it to stop, and how long that took; it may take 30 s before it is killed.
    pub(super) fn stop(&self) -> Duration {
        let began = Instant::now();
        docker(&["stop", "--time", "30", &self.name]);
        began.elapsed()
    }

    pub(super) fn remove(self) {
        docker(&["rm", "-f", &self.name]);
    }
}
