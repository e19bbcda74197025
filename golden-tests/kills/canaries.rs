//! Canaries in every kind of secret, and a search of every byte that is written, sent or printed:
//! what encrypts the state, what opens its store, what signs plans, and the state itself.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::ground::{Ground, Ran, tree};
use super::http_server::Server;
use super::needles::Needles;
use super::trace::{Trace, traced};

/// The values that secrets of the project have, by where they come from.
const VALUES: [(&str, &str); 4] = [
    ("SHELL", "canary-5e1f0c-of-the-shell"),
    ("DOTENV", "canary-a91c77-of-dotenv"),
    ("NAMED", "canary-03bd5e-of-a-named-file"),
    ("FILED", "canary-77ab42-content"),
];

/// What opens states and stores, by the variable it is in.
const OPENERS: [(&str, &str); 4] = [
    ("SINDRI_STATE_PASSPHRASE", "canary-d2e4f1-passphrase"),
    ("SINDRI_HTTP_PASSWORD", "canary-b00571-password"),
    ("AWS_SECRET_ACCESS_KEY", "canary-f3a9c0-bucket-key"),
    ("AWS_SESSION_TOKEN", "canary-19e7aa-session-token"),
];

/// What a state is full of, and what is readable beside an encrypted one isn't.
const WORDS: [&str; 7] = [
    "okapi",
    "\"current\"",
    "machine.",
    "secret.",
    "hmac:",
    "\"generation\"",
    "/srv/thylacine",
];

struct Cage {
    ground: Ground,
    /// Every secret there is.
    needles: Needles,
    /// Those that no child has any business with.
    openers: Needles,
}

impl Cage {
    fn new(openers: &[(&str, &str)]) -> Self {
        let mut ground = Ground::new();
        let mut values: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in VALUES.iter().chain(openers) {
            values.push(((*name).to_owned(), value.as_bytes().to_vec()));
        }
        ground.environment.extend(
            openers
                .iter()
                .chain(&VALUES[..1])
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        ground
            .environment
            .insert("RUST_BACKTRACE".to_owned(), "full".to_owned());
        let [_, dotenv, named, filed] = VALUES;
        ground.write(".env", &format!("DOTENV={}\n", dotenv.1));
        ground.write("named.env", &format!("NAMED={}\n", named.1));
        ground.write("key.pem", filed.1);
        let cage = Self {
            ground,
            needles: Needles::of(values),
            openers: Needles::of(openers.iter().map(|(n, v)| ((*n).to_owned(), *v))),
        };
        cage.lay("512MB", "exit 1", "");
        cage
    }

    /// A project whose extension tells everything it knows.
    fn lay(&self, memory: &str, end: &str, state: &str) {
        self.ground.write(
            "sindri.yaml",
            &format!(
                "version: \"4.0\"\nname: okapi\ndeployment:\n  provider: local\n  \
                 resources: {{memory: {memory}}}\n  volumes: {{data: {{path: /srv/thylacine}}}}\n\
                 extensions: {{active: [loose]}}\n\
                 secrets:\n  - {{name: SHELL_VALUE, source: env, required: true}}\n  \
                 - {{name: DOTENV, source: env}}\n  \
                 - {{name: NAMED, source: env, fromFile: named.env}}\n  \
                 - {{name: FILED, source: file, path: key.pem, mountPath: /etc/canary.key}}\n{state}"
            )
            .replace("SHELL_VALUE", "SHELL"),
        );
        self.ground.extension(
            "loose",
            "1.0.0",
            30,
            &format!(
                "#!/bin/sh\nenv\nenv >&2\ncat /proc/$PPID/environ\ncat /proc/$PPID/cmdline\n\
                 mkdir -p \"$HOME/.local/bin\"\n\
                 printf '#!/bin/sh\\necho loose 1.0.0\\n' >\"$HOME/.local/bin/loose\"\n\
                 chmod 755 \"$HOME/.local/bin/loose\"\n{end}\n"
            ),
        );
    }

    /// Runs a command, and searches all that it prints, writes and starts.
    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> (Ran, Trace) {
        let (ran, trace) = traced(&self.ground, arguments);
        let ran = self.silent(ran.ended(code));
        trace
            .is_free_of(&self.needles, &delivered)
            .hands_down_nothing_of(&self.openers);
        (ran, trace)
    }

    #[track_caller]
    fn silent(&self, ran: Ran) -> Ran {
        for printed in [&ran.stdout, &ran.stderr] {
            assert_eq!(self.needles.found(printed.as_bytes()), None, "{ran}");
        }
        ran.never_says("panicked")
    }

    /// Every file there is, but for those the values come from and those they are delivered in.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let sources = [
            ".env",
            "named.env",
            "key.pem",
            "state.key",
            "old.key",
            "sign.pem",
        ];
        let mut files = tree(self.ground.room());
        files.retain(|path, _| {
            let source = sources.map(|name| self.ground.path(name)).contains(path);
            !source && !delivered(&path.to_string_lossy())
        });
        files
    }

    #[track_caller]
    fn search_files(&self, needles: &Needles) {
        for (path, bytes) in self.files() {
            assert_eq!(needles.found(&bytes), None, "in {}", path.display());
        }
    }
}

/// Where values are delivered, and where a script's own words stay: in its machine, and on its way
/// from there to the command that runs it.
fn delivered(path: &str) -> bool {
    if path.starts_with("pipe:") {
        return true;
    }
    let places = [
        "/secrets/",
        "/jobs/",
        "/etc/canary.key",
        "/etc/.canary.key.new",
    ];
    places.iter().any(|place| path.contains(place))
}

/// Where a state's document, journal, key and what is kept of them lie, and saved plans.
fn sealed(path: &str) -> bool {
    path.contains("/.sindri/") || path.contains("/saved.plan")
}

/// Asserts that nothing of an encrypted state was written.
#[track_caller]
fn is_sealed(trace: &Trace) {
    for (path, bytes) in trace.written_to(&sealed) {
        let found = Needles::words(&WORDS).found(bytes).map(str::to_owned);
        assert_eq!(found, None, "to {path}: {}", String::from_utf8_lossy(bytes));
    }
}

#[track_caller]
fn are_sealed(files: &BTreeMap<PathBuf, Vec<u8>>) {
    let words = Needles::words(&WORDS);
    for (path, bytes) in files {
        let there = sealed(&path.to_string_lossy());
        assert!(!there || words.found(bytes).is_none(), "{}", path.display());
    }
}

/// Everything that a person does with an encrypted state, killed and failing in between.
#[test]
fn an_encrypted_state_tells_nothing_of_itself_nor_of_its_key() {
    let mut cage = Cage::new(&OPENERS);
    signing_key(&mut cage);
    let plan = ["plan", "--out", "saved.plan", "--sign-key", "sign.pem"];
    is_sealed(&cage.run(&plan, 0).1);
    is_sealed(&cage.run(&["apply", "--auto-approve"], 1).1);
    cage.lay("512MB", "exit 0", "");
    is_sealed(&cage.run(&["apply", "--auto-approve", "--json"], 0).1);
    cage.run(&["plan", "--json"], 0);
    cage.lay("1GB", "sleep 5", "");
    is_sealed(&cage.run(&plan, 0).1);
    for arguments in [
        &["show", "saved.plan"][..],
        &["show", "saved.plan", "--json"],
    ] {
        cage.run(arguments, 0);
    }
    // Killed with an operation open: what is torn is as closed as the rest.
    let mut running = cage
        .ground
        .start(&["apply", "--auto-approve", "--replace", "machine.okapi"]);
    running.until_there_is(&cage.ground, "loose");
    std::thread::sleep(std::time::Duration::from_millis(300));
    cage.silent(running.kill());
    are_sealed(&cage.files());
    cage.search_files(&cage.needles);
    cage.lay("1GB", "exit 0", "");
    is_sealed(&cage.run(&["apply", "--auto-approve"], 0).1);
    for arguments in [
        &["status", "--json"][..],
        &["drift", "--json"],
        &["plan", "--deep"],
        &["state", "list"],
        &["state", "history", "--json"],
        &["state", "pull"],
        &["state", "show", "secret.okapi.SHELL"],
        &["refresh"],
        &["taint", "extension.okapi.loose"],
        &["untaint", "extension.okapi.loose"],
        &["state", "mv", "volume.okapi.data", "volume.okapi.other"],
        &["state", "mv", "volume.okapi.other", "volume.okapi.data"],
    ] {
        let (_, trace) = cage.run(arguments, 0);
        is_sealed(&trace);
    }
    are_sealed(&cage.files());
    cage.search_files(&cage.needles);
    in_failure(&cage);
}

/// Wrong keys, full disks and whatever else ends a command early: its errors tell no more.
fn in_failure(cage: &Cage) {
    let mut command = cage.ground.command(&["state", "list"]);
    command.env("SINDRI_STATE_PASSPHRASE", "canary-d2e4f1-passphrase-no");
    cage.silent(
        cage.ground
            .launch(command)
            .wait()
            .ended(1)
            .says("seal::wrong-key"),
    );
    let mut command = cage.ground.command(&["state", "list"]);
    command.env("SINDRI_STATE_KEY_FILE", "key.pem");
    cage.silent(cage.ground.launch(command).wait().ended(1));
    cage.lay("2GB", "exit 0", "");
    let limited = cage.ground.command_after(
        "trap '' XFSZ; ulimit -f 4",
        &["apply", "--auto-approve", "--json"],
    );
    cage.silent(Ground::piped(limited));
    are_sealed(&cage.files());
    cage.search_files(&cage.needles);
    for arguments in ["state list", "apply --auto-approve --json", "status"] {
        let full = format!("exec \"$@\" {arguments} >/dev/full");
        cage.silent(Ground::piped(cage.ground.command_after(&full, &[])));
    }
}

/// A key with which plans are signed; its bytes may be nowhere else.
fn signing_key(cage: &mut Cage) {
    let path = cage.ground.path("sign.pem");
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().nth(1).unwrap();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, line).unwrap();
    let seed = Needles::of([("signing key".to_owned(), &der[der.len() - 32..])]);
    cage.needles = cage.needles.clone().and(seed);
}

/// From plaintext to a passphrase, to a key file, to another, and back.
#[test]
fn a_change_of_key_leaves_nothing_of_either_form_behind() {
    let mut cage = Cage::new(&[]);
    cage.lay("512MB", "exit 0", "");
    cage.run(&["apply", "--auto-approve"], 0);
    let plain: Vec<u8> = std::fs::read(cage.ground.path(".sindri/key")).unwrap();
    let words = Needles::words(&WORDS);
    assert!(
        cage.files()
            .values()
            .any(|bytes| words.found(bytes).is_some())
    );
    let fingerprints = Needles::of([("fingerprint key".to_owned(), plain)]);
    let old = OPENERS[0].1;
    cage.needles = cage
        .needles
        .and(Needles::of([("passphrase".to_owned(), old)]));
    cage.openers = Needles::of([("passphrase".to_owned(), old)]);
    let set = |cage: &mut Cage, name: &str, value: &str| {
        cage.ground
            .environment
            .insert(name.to_owned(), value.to_owned())
    };
    let rekey = ["state", "rekey", "--json"];
    set(&mut cage, "SINDRI_STATE_PASSPHRASE", old);
    let (_, trace) = cage.run(&rekey, 0);
    trace.is_free_of(&fingerprints, &|_| false);
    are_sealed(&cage.files());
    cage.search_files(&cage.needles.clone().and(fingerprints));
    is_sealed(&cage.run(&["apply", "--auto-approve"], 0).1);
    cage.ground.environment.remove("SINDRI_STATE_PASSPHRASE");
    set(&mut cage, "SINDRI_STATE_OLD_PASSPHRASE", old);
    for (name, byte) in [("state.key", b'\x9b'), ("other.key", b'\x5d')] {
        let key: Vec<u8> = (0..32).map(|n| byte ^ (n * 7)).collect();
        let path = cage.ground.path(name);
        std::fs::write(&path, &key).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        set(&mut cage, "SINDRI_STATE_KEY_FILE", path.to_str().unwrap());
        cage.needles = cage
            .needles
            .clone()
            .and(Needles::of([(name.to_owned(), key)]));
        is_sealed(&cage.run(&rekey, 0).1);
        is_sealed(&cage.run(&["apply", "--auto-approve", "--json"], 0).1);
        are_sealed(&cage.files());
        cage.ground
            .environment
            .remove("SINDRI_STATE_OLD_PASSPHRASE");
        set(
            &mut cage,
            "SINDRI_STATE_OLD_KEY_FILE",
            path.to_str().unwrap(),
        );
        std::fs::rename(&path, cage.ground.path("old.key")).unwrap();
        let path = cage.ground.path("old.key");
        set(
            &mut cage,
            "SINDRI_STATE_OLD_KEY_FILE",
            path.to_str().unwrap(),
        );
        cage.search_files(&cage.needles);
    }
    assert!(cage.needles.count() >= 7);
}

/// A store behind a login, encrypted: what it is sent, and what is kept when it fails.
#[test]
fn a_server_is_sent_a_sealed_state_and_the_login_where_it_belongs() {
    use base64::Engine as _;
    let login = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let mut cage = Cage::new(&OPENERS);
    let basic = format!("Basic {}", login(format!("ada:{}", OPENERS[1].1)));
    let server = Server::start(&[&basic]);
    let state = format!(
        "state: {{store: http, address: \"{}/dev\"}}\n",
        server.address
    );
    let name = "SINDRI_HTTP_USERNAME".to_owned();
    cage.ground.environment.insert(name, "ada".to_owned());
    // The one thing that may be sent, and only in its header.
    let socket = |path: &str| path.starts_with("socket:") || path.starts_with("TCP");
    let run = |cage: &Cage, arguments: &[&str], code: i32| {
        let (ran, trace) = traced(&cage.ground, arguments);
        trace
            .is_free_of(&cage.needles, &|path| delivered(path) || socket(path))
            .hands_down_nothing_of(&cage.openers);
        is_sealed(&trace);
        cage.silent(ran.ended(code))
    };
    cage.lay("512MB", "exit 0", &state);
    run(&cage, &["apply", "--auto-approve", "--json"], 0);
    run(&cage, &["state", "pull"], 0);
    // It fails after the first write of this apply: what ran is kept beside the configuration.
    cage.lay("1GB", "exit 0", &state);
    server.takes(1);
    run(&cage, &["apply", "--auto-approve", "--json"], 1);
    let spilled = |path: &PathBuf| path.to_string_lossy().contains("/spill-");
    assert!(
        cage.files().keys().any(spilled),
        "{:?}",
        cage.files().keys()
    );
    are_sealed(&cage.files());
    server.takes(u32::MAX);
    run(&cage, &["apply", "--auto-approve"], 0);
    cage.search_files(&cage.needles);
    let words = Needles::words(&WORDS);
    for (line, authorization, body) in server.heard() {
        assert_eq!(authorization, basic);
        for bytes in [line.as_bytes(), &body] {
            assert_eq!(cage.needles.found(bytes), None, "{line}");
            assert_eq!(words.found(bytes), None, "{line}");
        }
    }
}

/// A command that crashes leaves no image of its memory, wherever the host would put one.
#[test]
fn a_crash_leaves_no_image_of_the_memory() {
    let cage = Cage::new(&OPENERS[..1]);
    cage.lay("512MB", "sleep 5", "");
    for (round, signal) in [
        rustix::process::Signal::ABORT,
        rustix::process::Signal::QUIT,
        rustix::process::Signal::ILL,
    ]
    .into_iter()
    .enumerate()
    {
        let command = cage
            .ground
            .command_after("ulimit -c unlimited", &["apply", "--auto-approve"]);
        let mut running = cage.ground.launch(command);
        if round == 0 {
            running.until_there_is(&cage.ground, "loose");
        } else {
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        running.signal(signal);
        let ran = cage.silent(running.wait());
        assert_eq!(ran.code, None, "{ran}");
        let image = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "core" || name.starts_with("core.")
        };
        let files = cage.files();
        let left: Vec<_> = files.keys().filter(|path| image(path)).collect();
        assert!(left.is_empty(), "{left:?}");
        cage.search_files(&cage.needles);
    }
}
