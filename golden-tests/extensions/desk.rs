//! What a person works at: a project's directory, and the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The secret that every machine here is given.
pub(super) const SECRET: &str = "open sesame 42";

/// A project of its own; what it made is destroyed in the end, whatever happened.
pub(super) struct Desk {
    root: TempDir,
    /// The project's name, which no other test's has.
    pub(super) name: String,
}

/// What a command showed.
pub(super) struct Shown {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) code: i32,
}

impl Shown {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Both streams, for looking things up.
    pub(super) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Asks for an exit code, and shows what was printed where it is another.
    #[track_caller]
    pub(super) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }

    /// Asks for a text on either stream.
    #[track_caller]
    pub(super) fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "no `{text}` in:\n{}", self.all());
        self
    }

    /// Asks that a text is on neither stream.
    #[track_caller]
    pub(super) fn hides(self, text: &str) -> Self {
        assert!(!self.all().contains(text), "`{text}` in:\n{}", self.all());
        self
    }
}

impl Desk {
    /// An empty project.
    pub(super) fn new(what: &str) -> Self {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("project")).unwrap();
        let name = format!("{what}-{}", std::process::id());
        Self { root, name }
    }

    /// Where the project lies.
    pub(super) fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// Writes a file of the project.
    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes `sindri.yaml`: name and secret, then what is given.
    pub(super) fn configure(&self, rest: &str) {
        let name = &self.name;
        let text = format!(
            "version: \"3.0\"\nname: {name}\nsecrets:\n  - {{name: API_TOKEN, source: env, required: true}}\n{rest}"
        );
        self.write("sindri.yaml", &text);
    }

    /// Writes an extension beside the configuration; its validation is that `validates` ends well.
    pub(super) fn extension(&self, name: &str, install: &str, script: &str, validates: &str) {
        let folder = format!("extensions/{name}");
        self.write(
            &format!("{folder}/extension.yaml"),
            &format!(
                "metadata: {{name: {name}, version: 1.0.0, description: a test, category: productivity}}\ninstall:\n{install}validate:\n  commands:\n    - {{name: sh, args: [-c, '{validates}']}}\n"
            ),
        );
        self.write(&format!("{folder}/install.sh"), script);
    }

    fn command(&self, words: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_sindri"), words)
    }

    /// Runs a shell script that may mount file systems, which nobody else sees.
    pub(super) fn within_a_namespace(&self, script: &str) -> Shown {
        let words = ["--map-root-user", "--mount", "sh", "-c", script];
        let shown = Shown::of(&self.program("unshare", &words).output().unwrap());
        assert_ne!(
            shown.code,
            77,
            "nothing can be mounted here: {}",
            shown.all()
        );
        shown
    }

    /// A program as a person here starts it.
    fn program(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new(name);
        let ours = std::env::vars()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with("SINDRI_"));
        for name in ours {
            command.env_remove(name);
        }
        command
            .args(words)
            .current_dir(self.project())
            .env("XDG_DATA_HOME", self.root.path().join("data"))
            .env("XDG_STATE_HOME", self.root.path().join("state"))
            .env("API_TOKEN", SECRET)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(super) fn run(&self, words: &[&str]) -> Shown {
        let shown = Shown::of(&self.command(words).output().unwrap());
        assert!(
            !shown.all().contains(SECRET) || words[0] == "connect",
            "a secret is shown"
        );
        shown
    }

    /// `sindri apply`, more words added.
    pub(super) fn apply(&self, more: &[&str]) -> Shown {
        self.run(&[&["apply", "--auto-approve"], more].concat())
    }

    /// Starts the program; what it prints goes to a file.
    pub(super) fn start(&self, words: &[&str]) -> (Child, PathBuf) {
        let path = self.root.path().join("printed");
        let file = fs::File::create(&path).unwrap();
        let both = file.try_clone().unwrap();
        let child = self
            .command(words)
            .stdout(file)
            .stderr(both)
            .spawn()
            .unwrap();
        (child, path)
    }

    /// What a line gives in the project's only machine; it must end well.
    #[track_caller]
    pub(super) fn inside(&self, line: &str) -> String {
        self.run(&["connect", "-c", line]).code(0).stdout
    }

    /// What the state says of a resource.
    pub(super) fn recorded(&self, address: &str) -> String {
        self.run(&["state", "show", address]).code(0).stdout
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let left: &Path = &self.project().join(".sindri");
        if left.exists() {
            drop(
                self.command(&["destroy", "--auto-approve", "--force", "--volumes"])
                    .output(),
            );
        }
    }
}

/// A program of this host, which must be there and end well.
#[track_caller]
pub(super) fn host(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; run golden-tests/run"));
    let shown = Shown::of(&output).code(0);
    shown.stdout
}

/// The name of an image, from the environment or as the set-up makes it; it must be there.
#[track_caller]
pub(super) fn image(variable: &str, usual: &str) -> String {
    let name = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
    let asked = Command::new("docker")
        .args(["image", "inspect", &name])
        .output();
    let there = asked.is_ok_and(|output| output.status.success());
    assert!(
        there,
        "no image `{name}` on a Docker Engine here: `golden-tests/run` starts an Engine and makes it \
         ({variable} names another)"
    );
    name
}

/// The Debian image without any tools.
pub(super) fn bare_image() -> String {
    image("SINDRI_TEST_BARE_IMAGE", "sindri-test/bare:1")
}
