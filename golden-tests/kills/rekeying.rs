//! A change of key, killed at every write, sync, rename, link and removal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sindri::state::{State, invariants};

use super::boundaries::Boundary;
use super::ground::{Ground, Ran, tree};
use super::life::{side_by_side, tell_text};

/// The calls by which files change.
const CALLS: [&str; 5] = [
    "write,pwrite64",
    "fsync,fdatasync",
    "?rename,?renameat,?renameat2",
    "?link,?linkat",
    "?unlink,?unlinkat",
];

/// From which form to which a state is brought.
#[derive(Clone, Copy, Debug)]
enum Change {
    Encrypt,
    Rotate,
    Decrypt,
}

/// Between a new fingerprint key and the document that goes with it nobody can tell any more which
/// value was delivered: it is delivered once more, and that is all that may change.
const DELIVERED: &str = "secret.desk.TOKEN";

const NEW: &str = "SINDRI_STATE_KEY_FILE";
const OLD: &str = "SINDRI_STATE_OLD_KEY_FILE";

impl Change {
    const ALL: [Self; 3] = [Self::Encrypt, Self::Rotate, Self::Decrypt];

    fn command(self) -> &'static [&'static str] {
        match self {
            Self::Encrypt | Self::Rotate => &["state", "rekey"],
            Self::Decrypt => &["state", "rekey", "--decrypt"],
        }
    }

    /// The keys that a person has given before.
    fn before(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Encrypt => &[],
            Self::Rotate | Self::Decrypt => &[(NEW, "one.key")],
        }
    }

    /// The keys that a person gives to change it.
    fn keys(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Encrypt | Self::Decrypt => &[(NEW, "one.key")],
            Self::Rotate => &[(NEW, "two.key"), (OLD, "one.key")],
        }
    }

    /// The keys that are needed afterwards.
    fn after(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Encrypt => &[(NEW, "one.key")],
            Self::Rotate => &[(NEW, "two.key")],
            Self::Decrypt => &[],
        }
    }
}

/// A project with a secret and a past, and its state as it is before a change of key.
struct Desk {
    ground: Ground,
    change: Change,
    files: BTreeMap<PathBuf, Vec<u8>>,
    state: serde_json::Value,
}

impl Desk {
    fn new(change: Change) -> Self {
        let mut ground = Ground::new();
        let value = "the-value-of-the-token".to_owned();
        ground.environment.insert("TOKEN".to_owned(), value);
        for (name, byte) in [("one.key", 1), ("two.key", 2)] {
            private(&ground.path(name), &[byte; 32]);
        }
        let mut desk = Self {
            ground,
            change,
            files: BTreeMap::new(),
            state: serde_json::Value::Null,
        };
        for memory in ["512MB", "1GB"] {
            desk.ground.write(
                "sindri.yaml",
                &format!(
                    "version: \"4.0\"\nname: desk\ndeployment:\n  provider: local\n  \
                     resources: {{memory: {memory}}}\n  volumes: {{data: {{path: /srv/data}}}}\n\
                     secrets: [{{name: TOKEN, source: env, required: true}}]\n"
                ),
            );
            desk.run(change.before(), &["apply", "--auto-approve"])
                .ended(0);
        }
        desk.state = desk.pull(change.before());
        desk.files = tree(&desk.ground.path(".sindri"));
        desk
    }

    #[track_caller]
    fn run(&self, keys: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = self.ground.command(arguments);
        command.envs(keys.iter().copied());
        self.ground.launch(command).wait()
    }

    /// What is recorded, but for fingerprints, which a new key changes.
    fn pull(&self, keys: &[(&str, &str)]) -> serde_json::Value {
        let ran = self.run(keys, &["state", "pull"]).ended(0);
        let state: State = sindri::state::read_document(ran.stdout.as_bytes()).unwrap();
        assert_eq!(invariants(&state), Vec::<String>::new());
        let mut recorded = serde_json::to_value(&state.resources).unwrap();
        forget(&mut recorded, "fingerprint");
        recorded
    }

    /// Puts everything back as it was before the change, what this host has seen of it included.
    fn lay(&self) {
        let seen = self.ground.path("../home/.local/state/sindri");
        if seen.exists() {
            fs::remove_dir_all(seen).unwrap();
        }
        let directory = self.ground.path(".sindri");
        fs::remove_dir_all(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        for (path, bytes) in &self.files {
            if path.to_string_lossy().ends_with('/') {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
            } else {
                private(path, bytes);
            }
        }
    }

    /// Kills the change at one place; whether it came to its end before.
    fn kill(&self, boundary: Boundary) -> bool {
        self.lay();
        let mut command = self
            .ground
            .command_after(&boundary.preparation(), self.change.command());
        command.envs(self.change.keys().iter().copied());
        let ran = self.ground.launch(command).wait();
        if ran.code.is_some() {
            ran.ended(0);
            return true;
        }
        self.next_command_knows();
        let change = self.change;
        self.run(change.keys(), change.command()).ended(0);
        self.is_changed();
        false
    }

    /// A command that comes next works, or says what is the matter and how to mend it; a read
    /// writes nothing in any case.
    fn next_command_knows(&self) {
        let files = tree(&self.ground.path(".sindri"));
        for keys in [
            self.change.keys(),
            self.change.before(),
            self.change.after(),
        ] {
            let ran = self.run(keys, &["plan", "--detailed-exitcode"]);
            match ran.code {
                Some(0) => {}
                Some(1) => drop(ran.says("seal::").never_says("damaged")),
                Some(2) => drop(
                    ran.says(DELIVERED)
                        .says("0 to add, 1 to change, 0 to destroy"),
                ),
                _ => panic!("{ran}"),
            }
            assert!(files == tree(&self.ground.path(".sindri")), "it wrote");
        }
        let ran = self.run(self.change.keys(), &["apply", "--auto-approve"]);
        match ran.code {
            Some(0) if ran.stdout.contains("No changes") => {}
            Some(0) => drop(ran.says(DELIVERED).says("0 added, 1 changed, 0 destroyed")),
            Some(1) => drop(ran.says("seal::").says("rekey")),
            _ => panic!("{ran}"),
        }
    }

    /// Everything is recorded that was, and nothing is left in the form before.
    fn is_changed(&self) {
        let after = self.change.after();
        assert_eq!(self.pull(after), self.state);
        let ran = self.run(after, &["plan", "--detailed-exitcode"]);
        if ran.code != Some(0) {
            let ran = self.run(after, &["apply", "--auto-approve"]).ended(0);
            ran.says("secret.desk.TOKEN")
                .says("0 added, 1 changed, 0 destroyed");
            self.run(after, &["plan", "--detailed-exitcode"]).ended(0);
        }
        self.run(after, &["drift"]).ended(0);
        let sealed = !matches!(self.change, Change::Decrypt);
        for (path, bytes) in tree(&self.ground.path(".sindri")) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is = ["state.json", "state.json.backup", "key"].contains(&&*name);
            let envelope = super::needles::holds(&bytes, b"aes-256-gcm");
            assert!(!is || envelope == sealed, "{}", path.display());
        }
    }
}

fn private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Removes a key wherever it is.
fn forget(value: &mut serde_json::Value, key: &str) {
    match value {
        serde_json::Value::Object(map) => {
            map.remove(key);
            map.values_mut().for_each(|value| forget(value, key));
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| forget(value, key)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[test]
fn a_change_of_key_killed_at_every_write_is_finished_by_the_next() {
    let mut told =
        "\n| change of key | kills | lost | not finished |\n|---|---|---|---|\n".to_owned();
    for change in Change::ALL {
        let kills = AtomicU64::new(0);
        let next = AtomicU64::new(0);
        side_by_side(2, &|| {
            let desk = Desk::new(change);
            while let Some(call) =
                CALLS.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap())
            {
                for number in 1.. {
                    if desk.kill(Boundary { call, number }) {
                        desk.is_changed();
                        break;
                    }
                    kills.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let kills = kills.into_inner();
        assert!(kills >= 20, "{change:?}: there were {kills} places");
        let name = format!("{change:?}").to_lowercase();
        writeln!(told, "| {name} | {kills} | 0 | 0 |").unwrap();
    }
    tell_text(&told);
}
