//! Commands: they really run, on this host, in a directory of the machine's own.
//!
//! What a machine has at a path of its own lies below that directory; commands find it there since
//! the paths in their words are rewritten.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http::Request;
use super::world::{Answer, Machine, World, no};

/// What lies where: paths of a machine, and their directories on this host.
fn places(root: &Path, id: &str, machine: &Machine) -> Vec<(String, PathBuf)> {
    let own = root.join(id);
    let mut places = vec![
        ("/run/secrets".to_owned(), own.join("secrets")),
        ("/root".to_owned(), own.join("root")),
    ];
    let mounts = machine.config.get("mounts").and_then(Value::as_array);
    for mount in mounts.into_iter().flatten() {
        let word = |key: &str| mount.get(key).and_then(Value::as_str).unwrap_or_default();
        places.push((word("path").to_owned(), root.join(word("volume"))));
    }
    places
}

/// Makes a machine's directories, and the files that its secrets appear as at every start.
pub(super) fn furnish(
    root: &Path,
    id: &str,
    machine: &Machine,
    secrets: &BTreeMap<String, String>,
) {
    let places = places(root, id, machine);
    drop(fs::remove_dir_all(root.join(id).join("secrets")));
    for (_, directory) in &places {
        drop(fs::create_dir_all(directory));
    }
    for directory in ["tmp", "var"] {
        drop(fs::create_dir_all(root.join(id).join(directory)));
    }
    let files = machine.config.get("files").and_then(Value::as_array);
    for file in files.into_iter().flatten() {
        let word = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(value) = secrets.get(word("secret_name")) else {
            continue;
        };
        let path = PathBuf::from(placed(word("guest_path"), &places));
        if !path.starts_with(root) {
            continue;
        }
        if let Some(parent) = path.parent() {
            drop(fs::create_dir_all(parent));
        }
        drop(fs::remove_file(&path));
        if let Ok(bytes) = STANDARD.decode(value) {
            drop(fs::write(&path, bytes));
        }
        let mode = file.get("mode").and_then(Value::as_u64).unwrap_or(0o644);
        let mode = fs::Permissions::from_mode(u32::try_from(mode).unwrap_or(0o644));
        drop(fs::set_permissions(&path, mode));
    }
}

/// Removes what only a machine had.
pub(super) fn forget(root: &Path, id: &str) {
    drop(fs::remove_dir_all(root.join(id)));
}

/// Sends a signal to all that runs in a machine; whether there was anything.
pub(super) fn signal(root: &Path, id: &str, signal: &str) -> bool {
    let home = format!("HOME={}", root.join(id).join("root").display());
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let inside: Vec<String> = all
        .filter_map(|entry| {
            let pid = entry.file_name().into_string().ok()?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|one| one == home.as_bytes()).then_some(pid)
        })
        .collect();
    if inside.is_empty() {
        return false;
    }
    let sent = Command::new("kill")
        .arg(format!("-{signal}"))
        .args(inside)
        .status();
    sent.is_ok()
}

/// A word of a command as this host understands it.
fn placed(word: &str, places: &[(String, PathBuf)]) -> String {
    let mut word = word.to_owned();
    for (path, directory) in places {
        word = word.replace(path, &directory.display().to_string());
    }
    word
}

/// Runs a command in a machine.
pub(super) fn exec(request: &Request, app: &str, id: &str, shared: &Mutex<World>) -> Answer {
    let (root, places, environment) = {
        let world = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(one) = world.apps.get(app) else {
            return no(404, "app not found");
        };
        let Some(machine) = one.machines.get(id) else {
            return no(404, "machine not found");
        };
        if machine.host != "ok" {
            return no(503, "the host is unreachable");
        }
        if machine.state != "started" {
            return no(412, "failed_precondition: machine not running");
        }
        let places = places(&world.root, id, machine);
        (world.root.clone(), places, one.secrets.clone())
    };
    let own = root.join(id);
    let words = request.body.get("command").and_then(Value::as_array);
    let words: Vec<String> = words
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|word| match word.strip_prefix("/tmp/") {
            Some(rest) => own.join("tmp").join(rest).display().to_string(),
            None => placed(word, &places),
        })
        .collect();
    let Some((program, arguments)) = words.split_first() else {
        return no(400, "a command is missing");
    };
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let child = within(&own)
        .arg(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .env("PATH", path)
        .env("HOME", own.join("root"))
        .env("TMPDIR", own.join("tmp"))
        .current_dir(&own)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(child) = child else {
        return (
            200,
            json!({ "exit_code": 127, "stderr": "no such file or directory" }),
        );
    };
    let seconds = request.body.get("timeout").and_then(Value::as_u64);
    let stdin = request.text("stdin").unwrap_or_default().to_owned();
    finish(
        child,
        stdin,
        Duration::from_secs(seconds.unwrap_or(60).min(60)),
    )
}

/// What a machine keeps for all its users would be the host's otherwise, and shared with others.
const ENTER: &str = r#"if mkdir -p /var/lib/sindri 2>/dev/null; then
mount --bind "$1/var" /var/lib/sindri || exit; fi
shift; exec "$@""#;

/// What the command that follows runs in.
fn within(own: &Path) -> Command {
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = Command::new("unshare");
    command
        .args(if root { &["-m"][..] } else { &["-r", "-m"][..] })
        .args(["--", "/bin/sh", "-c", ENTER, "sh"])
        .arg(own);
    command
}

fn finish(mut child: Child, stdin: String, patience: Duration) -> Answer {
    let mut input = child.stdin.take();
    std::thread::spawn(move || {
        if let Some(input) = &mut input {
            drop(input.write_all(stdin.as_bytes()));
        }
    });
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let until = Instant::now() + patience;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) | Err(_) => {
                drop(child.kill());
                drop(child.wait());
                return no(408, "deadline_exceeded: the command took too long");
            }
        }
    };
    let printed = |pipe: Option<Receiver<Vec<u8>>>| {
        let mut all = Vec::new();
        if let Some(pipe) = pipe {
            // What it left running may hold the pipe.
            while let Ok(piece) = pipe.recv_timeout(Duration::from_secs(1)) {
                all.extend(piece);
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    };
    let (stdout, stderr) = (printed(stdout), printed(stderr));
    let mut answer = json!({ "stdout": stdout, "stderr": stderr });
    answer["exit_code"] = json!(status.code().unwrap_or(0));
    if let Some(signal) = status.signal() {
        answer["exit_signal"] = json!(signal);
    }
    (200, answer)
}

fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count) = pipe.read(&mut buffer) {
            if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
