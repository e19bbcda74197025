//! E2B: orders to an emulator of it in cases, and the official clients against that emulator.
//!
//! Where the emulator misunderstood E2B, our provider could misunderstand it in the same way; a
//! validator that knows E2B's own specification and E2B's own client couldn't. They run where
//! `golden-tests/run` has put them below `target/`.
//!
//! `SINDRI_SERVE_E2B=PORT golden` is the emulator alone, to try something by hand.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use sindri::sys::Environment;

use crate::e2b_emulator::{Emulator, Fault, KEY, Trouble};
use crate::ground::Ground;

/// Carries out an order of a case: `start`, `wait SECONDS`, `pause`, `end`, `cap SECONDS`,
/// `fault METHOD PATH WHAT`.
pub(crate) fn perform(order: &str, ground: &mut Ground) -> Result<(), String> {
    let words: Vec<&str> = order.split_whitespace().collect();
    if words == ["start"] {
        let emulator = Emulator::start();
        reach(ground, &emulator.address, &emulator.address);
        ground.e2b = Some(emulator);
        return Ok(());
    }
    let emulator = ground.e2b.as_ref().ok_or("no E2B was started")?;
    let mut world = emulator.world();
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    let all: Vec<String> = world.ids().into_iter().collect();
    match *words.as_slice() {
        ["wait", seconds] => world.wait(number(seconds)?),
        ["cap", seconds] => world.longest = number(seconds)?.cast_signed(),
        ["pause"] => all.iter().for_each(|id| world.pause(id)),
        ["end"] => {
            for id in &all {
                world.end(id);
            }
        }
        ["fault", method, path, what] => {
            let trouble = match what {
                "after" => Trouble::After(500),
                "cut" => Trouble::Cut,
                "page" => Trouble::Page,
                "busy" => Trouble::Status(429, Some(0)),
                "melted" => Trouble::Odd("\"running\"", "\"melted\""),
                _ => return Err("what goes wrong?".to_owned()),
            };
            // Cases are read once a process, and few.
            let (method, path) = (method.to_owned().leak(), path.to_owned().leak());
            world.faults.push(Fault {
                method,
                path,
                times: 1,
                trouble,
            });
        }
        _ => return Err("there is no such order".to_owned()),
    }
    Ok(())
}

/// The emulator as a process of its own, where the environment asks for it.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test's server is told by its environment where to listen, and says where it does"
)]
pub(crate) fn serve() -> Option<ExitCode> {
    let port = std::env::var("SINDRI_SERVE_E2B").ok()?;
    let emulator = Emulator::listen(&format!("127.0.0.1:{port}"));
    println!("{}", emulator.address);
    loop {
        std::thread::park();
    }
}

/// Lets the next commands find an E2B.
fn reach(ground: &mut Ground, api: &str, sandboxes: &str) {
    for (name, value) in [
        ("E2B_API_KEY", KEY),
        ("E2B_API_URL", api),
        ("E2B_SANDBOX_URL", sandboxes),
    ] {
        ground.variables.insert(name.to_owned(), value.to_owned());
    }
}

fn below(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The tests against the official clients; none where the specification isn't there, which is said. A
/// client that isn't there is a failed test.
pub(crate) fn trials() -> Vec<Trial> {
    let environment = Environment::of_process();
    let specs = environment.get("SINDRI_TEST_SPECS");
    let specs = specs.map_or_else(|| below("../shared/specs"), PathBuf::from);
    let spec = specs.join("e2b.openapi.yml");
    if !spec.is_file() {
        let _told = writeln!(
            std::io::stderr(),
            "{} isn't there: our emulator of E2B isn't held against E2B's own clients",
            spec.display()
        );
        return Vec::new();
    }
    let prism = below("target/prism/node_modules/.bin/prism");
    let python = below("target/e2b/bin/python");
    let (again, validator) = (spec.clone(), prism.clone());
    let client = move || official(&spec, &prism, &python).map_err(Failed::from);
    let own = move || life(&again, &validator).map_err(Failed::from);
    vec![
        Trial::test("e2b::the_official_client_works_with_our_emulator", client),
        Trial::test("e2b::a_life_of_ours_is_as_the_specification_has_it", own),
    ]
}

/// A program that the set-up of the tests installs.
fn there(program: &Path) -> Result<&Path, String> {
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "{} isn't there: run golden-tests/run",
        program.display()
    ))
}

/// A validator between a client and the emulator; it ends with this.
struct Prism {
    address: String,
    child: Child,
    _room: tempfile::TempDir,
}

impl Prism {
    fn start(spec: &Path, prism: &Path, emulator: &Emulator) -> Result<Self, String> {
        let room = tempfile::tempdir().map_err(|error| error.to_string())?;
        let text = fs::read_to_string(spec).map_err(|error| error.to_string())?;
        let mut spec: Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
        overlay(&mut spec);
        let path = room.path().join("spec.json");
        fs::write(&path, spec.to_string()).map_err(|error| error.to_string())?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.map_err(|error| error.to_string())?.port().to_string();
        let log = fs::File::create(room.path().join("log")).map_err(|error| error.to_string())?;
        let child = Command::new(there(prism)?)
            .args(["proxy", "--errors", "--port", &port])
            .arg(&path)
            .arg(&emulator.address)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let started = Self {
            address: format!("http://127.0.0.1:{port}"),
            child,
            _room: room,
        };
        for _ in 0..240 {
            if TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
                return Ok(started);
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        Err("prism didn't answer within a minute".to_owned())
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What E2B's own client knows and the specification at hand is too old for: making a sandbox by
/// the second version, with its key.
fn overlay(spec: &mut Value) {
    let schemas = &mut spec["components"]["schemas"];
    let mut wanted = schemas["NewSandbox"].clone();
    if let Some(members) = wanted["properties"].as_object_mut() {
        members.remove("secure");
    }
    schemas["NewSandboxV2"] = wanted;
    let first = spec["paths"]["/sandboxes"]["post"].clone();
    let mut making = first.clone();
    making["requestBody"]["content"]["application/json"]["schema"] =
        json!({ "$ref": "#/components/schemas/NewSandboxV2" });
    making["parameters"] = json!([{
        "in": "header", "name": "Idempotency-Key", "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-z0-9-]+$" },
    }]);
    spec["paths"]["/v2/sandboxes"]["post"] = making;
    let waking = spec["paths"]["/sandboxes/{sandboxID}/connect"].clone();
    spec["paths"]["/v2/sandboxes/{sandboxID}/connect"] = waking;
}

/// E2B's own client makes, uses, lists and ends a sandbox of the emulator, the validator between.
fn official(spec: &Path, prism: &Path, python: &Path) -> Result<(), String> {
    let emulator = Emulator::start();
    let validator = Prism::start(spec, prism, &emulator)?;
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let output = Command::new(there(python)?)
        .arg(below("golden-tests/readers/e2b-client.py"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .env("E2B_API_KEY", KEY)
        .env("E2B_API_URL", &validator.address)
        .env("E2B_SANDBOX_URL", &emulator.address)
        .env("E2B_HTTP_VERSION", "1.1")
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = "made\nran: hello from inside, 3\nlisted: 1\nkilled\nlisted: 0\n";
    if output.status.success() && said == expected {
        return Ok(());
    }
    let wrong = String::from_utf8_lossy(&output.stderr);
    let heard = emulator.world().heard.join("\n");
    Err(format!("{said}\n{wrong}\n{heard}"))
}

/// Our own commands live a machine's life, the validator between.
fn life(spec: &Path, prism: &Path) -> Result<(), String> {
    let mut ground = Ground::new(Path::new("nowhere"))?;
    let emulator = Emulator::start();
    let validator = Prism::start(spec, prism, &emulator)?;
    reach(&mut ground, &validator.address, &emulator.address);
    let steps: [(u32, &str, &[&str]); 9] = [
        (300, "1GB", &["apply", "--auto-approve"]),
        (300, "1GB", &["plan", "--detailed-exitcode"]),
        (600, "1GB", &["apply", "--auto-approve"]),
        (600, "1GB", &["stop"]),
        (600, "1GB", &["start"]),
        (600, "1GB", &["suspend"]),
        (600, "1GB", &["start"]),
        (600, "2GB", &["apply", "--auto-approve"]),
        (600, "2GB", &["destroy", "--auto-approve"]),
    ];
    for (timeout, memory, words) in steps {
        let text = format!(
            "version: \"4.0\"\nname: dev\ndeployment:\n  provider: e2b\n  image: debian:12\n  \
             resources: {{ cpus: 2, memory: {memory} }}\nproviders:\n  e2b:\n    timeout: {timeout}\n    \
             allowedDomains: [example.com]\n"
        );
        let file = ground.directory().join("sindri.yaml");
        fs::write(file, text).map_err(|error| error.to_string())?;
        let line = std::iter::once("sindri").chain(words.iter().copied());
        let line: Vec<String> = line.map(str::to_owned).collect();
        let shown = ground.run(&line);
        if shown.exit != 0 {
            let heard = emulator.world().heard.join("\n");
            return Err(format!(
                "{line:?}\n{}\n{}\n{heard}",
                shown.stdout, shown.stderr
            ));
        }
    }
    if emulator.world().ids().is_empty() {
        Ok(())
    } else {
        Err("a sandbox is left".to_owned())
    }
}
