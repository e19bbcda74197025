//! The processes of sandboxes: real ones of this host, with mounts of their own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The variable that tells which sandbox a process belongs to, by its directory.
const MARK: &str = "SINDRI_EMULATED";

/// Puts a sandbox's own directories in place of the host's and becomes the command.
const ENTER: &str = r#"set -e
mount --bind "$1/run" /run
mount --bind "$1/root" /root
if mkdir -p /var/lib/sindri 2>/dev/null; then mount --bind "$1/var" /var/lib/sindri; fi
mount --bind "$1/tmp" /tmp
shift
cd "${HOME:-/}"
exec "$@""#;

/// A process that somebody may still feed.
#[derive(Clone)]
pub(crate) struct Running(Arc<Mutex<Option<ChildStdin>>>);

impl Running {
    /// Hands it something to read.
    pub(crate) fn feed(&self, bytes: &[u8]) {
        if let Some(stdin) = self.0.lock().unwrap().as_mut() {
            drop(stdin.write_all(bytes).and_then(|()| stdin.flush()));
        }
    }

    /// Tells it that there is nothing more to read.
    pub(crate) fn close(&self) {
        drop(self.0.lock().unwrap().take());
    }
}

/// Makes a sandbox's own directories.
pub(crate) fn furnish(directory: &Path) {
    for own in ["run", "root", "tmp", "var"] {
        fs::create_dir_all(directory.join(own)).unwrap();
    }
}

/// Where a file of a sandbox lies on this host.
pub(crate) fn place(directory: &Path, path: &str) -> std::path::PathBuf {
    let own = ["/run/", "/root/", "/tmp/"];
    if own.iter().any(|prefix| path.starts_with(prefix)) {
        directory.join(path.trim_start_matches('/'))
    } else {
        path.into()
    }
}

/// Starts what a request asks for.
pub(crate) fn start(directory: &Path, request: &Value) -> std::io::Result<(Child, Running)> {
    let process = &request["process"];
    let mut argv = vec![text(&process["cmd"])];
    argv.extend(process["args"].as_array().into_iter().flatten().map(text));
    let terminal = request["pty"].is_object();
    if terminal {
        let quoted: Vec<String> = argv.iter().map(|word| quote(word)).collect();
        argv = ["script", "-qec"].map(str::to_owned).to_vec();
        argv.extend([quoted.join(" "), "/dev/null".to_owned()]);
    }
    // Without root, a user of its own may mount.
    let root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new("unshare");
    command.args(if root { &["-m"][..] } else { &["-r", "-m"][..] });
    command
        .args(["--", "/bin/sh", "-c", ENTER, "sh"])
        .arg(directory)
        .args(argv);
    command.env_clear();
    let own = [
        ("HOME", "/root"),
        ("LANG", "C.UTF-8"),
        (
            "PATH",
            "/root/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        ("USER", "root"),
    ];
    command.envs(own).env(MARK, directory);
    let empty = serde_json::Map::new();
    let envs = process["envs"].as_object().unwrap_or(&empty);
    let envs: BTreeMap<&String, String> = envs.iter().map(|(k, v)| (k, text(v))).collect();
    command.envs(envs);
    // The protocol's default is older than the field.
    let reads = terminal || request["stdin"].as_bool().unwrap_or(true);
    command
        .stdin(if reads { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    Ok((child, Running(Arc::new(Mutex::new(stdin)))))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// How a process ended, as the daemon tells it.
pub(crate) fn end(status: ExitStatus) -> Value {
    let signals = BTreeMap::from([
        (1, "hangup"),
        (2, "interrupt"),
        (9, "killed"),
        (15, "terminated"),
    ]);
    match (status.code(), status.signal()) {
        (Some(0), _) => json!({ "exited": true, "status": "exit status 0" }),
        (Some(code), _) => {
            json!({ "exitCode": code, "exited": true, "status": format!("exit status {code}") })
        }
        (None, signal) => {
            let name = signals.get(&signal.unwrap_or(9)).unwrap_or(&"killed");
            json!({ "exitCode": -1, "status": format!("signal: {name}") })
        }
    }
}

/// Sends a signal to every process of a sandbox.
pub(crate) fn signal_all(directory: &Path, signal: &str) {
    let mark = format!("{MARK}={}", directory.display());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let own = numbers.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let own = own.filter(|number| {
        let variables = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
        variables
            .split(|byte| *byte == 0)
            .any(|one| one == mark.as_bytes())
    });
    let numbers: Vec<String> = own.collect();
    if !numbers.is_empty() {
        kill(signal, &numbers);
    }
}

/// Sends a signal to processes by their numbers.
pub(crate) fn kill(signal: &str, numbers: &[String]) {
    let mut command = Command::new("kill");
    command.arg(format!("-{signal}")).args(numbers);
    drop(command.stderr(Stdio::null()).status());
}
