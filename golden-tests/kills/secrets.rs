//! A secret's value is where it was delivered, and nowhere else.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::engine::{self, IMAGES, NOTHING, docker};
use super::ground::{Ground, Ran};

const CANARY: &str = "canary-5e1f0c-value";
const FILED: &str = "canary-77ab42-content";

/// A project whose extension prints the secret and, at first, fails.
fn lay(ground: &mut Ground, name: &str, provider: &str, fails: bool) {
    ground
        .environment
        .insert("CANARY".to_owned(), CANARY.to_owned());
    ground.write("key.pem", FILED);
    ground.write(
        "sindri.yaml",
        &format!(
            "version: \"3.0\"\nname: {name}\ndeployment:\n{provider}\nextensions: {{active: [loose]}}\n\
             secrets:\n  - {{name: CANARY, source: env, required: true}}\n  \
             - {{name: FILED, source: file, path: key.pem, mountPath: /etc/canary.key}}\n"
        ),
    );
    let code = u8::from(fails);
    ground.extension(
        "loose",
        "1.0.0",
        30,
        &format!(
            "#!/bin/sh\necho \"it is $CANARY\"\necho \"$CANARY\" >&2\nsleep 0.5\n\
             mkdir -p \"$HOME/.local/bin\"\n\
             printf '#!/bin/sh\\necho loose 1.0.0\\n' >\"$HOME/.local/bin/loose\"\n\
             chmod 755 \"$HOME/.local/bin/loose\"\nexit {code}\n"
        ),
    );
}

/// Whether bytes hold a value, plain or as base64 or hexadecimal digits.
fn holds(bytes: &[u8]) -> bool {
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    [CANARY, FILED].iter().any(|value| {
        use base64::Engine as _;
        use std::fmt::Write as _;
        let coded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
        let mut digits = String::new();
        for byte in value.bytes() {
            write!(digits, "{byte:02x}").unwrap();
        }
        // The last digit of base64 depends on what follows.
        has(value.as_bytes()) || has(&coded.as_bytes()[..coded.len() - 1]) || has(digits.as_bytes())
    })
}

#[track_caller]
fn silent(ran: Ran) -> Ran {
    let told = holds(ran.stdout.as_bytes()) || holds(ran.stderr.as_bytes());
    assert!(!told, "a secret was told: {ran}");
    ran
}

#[track_caller]
fn kept(files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, bytes) in files {
        assert!(!holds(bytes), "`{}` holds a secret", path.display());
    }
}

/// Applies, and looks at every process's arguments meanwhile.
#[track_caller]
fn watched(ground: &Ground, arguments: &[&str]) -> Ran {
    let mut running = ground.start(arguments);
    while !running.has_ended() {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            assert!(
                !holds(&line),
                "a process is called with a secret: {}",
                String::from_utf8_lossy(&line)
            );
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    running.wait()
}

/// Every command that says something, before and after, in failure and success.
fn tells_nobody(ground: &mut Ground, name: &str, provider: &str) {
    lay(ground, name, provider, true);
    silent(ground.sindri(&["config", "show"]).ended(0));
    silent(ground.sindri(&["plan", "--out", "saved.plan"]).ended(0));
    silent(ground.sindri(&["plan", "--json"]).ended(0));
    silent(ground.sindri(&["plan", "--format", "markdown"]).ended(0));
    silent(ground.sindri(&["show", "saved.plan"]).ended(0));
    let saved = std::fs::read(ground.path("saved.plan")).unwrap();
    assert!(!holds(&saved), "the saved plan holds a secret");
    silent(watched(ground, &["apply", "--auto-approve"]).ended(1));
    kept(&ground.store());
    lay(ground, name, provider, false);
    silent(watched(ground, &["apply", "--auto-approve", "--json"]).ended(0));
    kept(&ground.store());
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["drift", "--json"],
        &["plan", "--deep"],
        &["graph"],
    ] {
        silent(ground.sindri(command).ended(0));
    }
    for address in [
        format!("secret.{name}.CANARY"),
        format!("extension.{name}.loose"),
    ] {
        silent(ground.sindri(&["state", "show", &address]).ended(0));
    }
    let delivered = "cat /run/secrets/CANARY 2>/dev/null || printf %s \"$CANARY\"";
    let ran = ground.sindri(&["connect", "-c", delivered]).ended(0);
    assert_eq!(ran.stdout.trim(), CANARY, "it wasn't delivered");
    ground.settled();
}

#[test]
fn a_secret_on_this_host_is_told_to_nobody() {
    let mut ground = Ground::new();
    tells_nobody(&mut ground, "canary", "  provider: local");
    for (path, bytes) in ground.world() {
        let delivered = path.components().any(|part| part.as_os_str() == "secrets")
            || path.ends_with("etc/canary.key");
        // What its own script printed stays in the machine, in the job's output.
        let printed = path.components().any(|part| part.as_os_str() == "jobs");
        assert!(
            delivered || printed || !holds(&bytes),
            "`{}` holds a secret",
            path.display()
        );
    }
    ground.sindri(&["destroy", "--force", "--volumes"]).ended(0);
    kept(&ground.world());
    kept(&ground.store());
}

#[test]
fn a_secret_on_an_engine_is_told_to_nobody() {
    let mut engine = engine::ground();
    let name = engine.name.clone();
    let provider = format!("  provider: docker\n  image: {}", IMAGES[0]);
    tells_nobody(&mut engine.ground, &name, &provider);
    let [containers, networks, volumes] = engine.ours();
    for object in containers.iter().chain(&networks).chain(&volumes) {
        assert!(
            !holds(docker(&["inspect", object]).as_bytes()),
            "`docker inspect` shows a secret"
        );
    }
    for container in &containers {
        assert!(!holds(docker(&["top", container]).as_bytes()));
        assert!(!holds(docker(&["logs", container]).as_bytes()));
        // It is still there after a restart.
        docker(&["restart", "--time", "0", container]);
        assert_eq!(
            docker(&["exec", container, "cat", "/run/secrets/CANARY"]),
            CANARY
        );
    }
    engine.ground.settled();
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(engine.ours(), NOTHING);
    kept(&engine.ground.store());
}
