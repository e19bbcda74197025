//! Orders to the emulator that stands for Fly.io, and the emulator as a process of its own.
//!
//! ```text
//! !fly start                    it stands from here on, and the environment says where
//! !fly token TEXT               the token is another one
//! !fly delete NAME              somebody deletes a machine
//! !fly drop NAME                somebody deletes an app with all it holds
//! !fly memory NAME MEBIBYTES    somebody gives a machine another size
//! !fly state NAME STATE         a machine is in another state
//! !fly host NAME STATUS         its host is away
//! !fly rest MILLISECONDS        machines that may sleep do so after so long without a connection
//! !fly asleep NAME              it falls asleep now, by itself
//! !fly disturbed COUNT          so often one fell asleep while something worked in it
//! !fly foreign NAME             somebody else has an app of this name
//! !fly secret NAME SECRET TEXT  somebody gives a secret of an app another value, in base64
//! !fly unset NAME SECRET        somebody deletes it
//! !fly elsewhere NAME           an app is in another organization, which the token sees
//! !fly deployed NAME            `fly deploy` made an app of this name
//! !fly full REGION              a region has no room
//! !fly silent REGION            a region doesn't answer
//! !fly fault METHOD PATH WHAT   what goes wrong the next time: page, cut, silence, refused, a status;
//!                               a number behind it lets so many by first
//! !fly forget                   nothing was asked so far
//! !fly calls                    what was asked since the last time, by how often; no commands
//! ```
//!
//! [`trials`] stand a validator between the provider and the emulator.
//! `SINDRI_SERVE_FLY=PORT golden` is the emulator alone, its limits in force, for a validator or a measure to
//! stand before.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::compare::Expected;
use crate::fly_emulator::world::World;
use crate::fly_emulator::{Emulator, Fault, Trouble};
use crate::ground::Ground;

/// Carries out an order.
pub(crate) fn perform(
    order: &str,
    ground: &mut Ground,
    expected: &mut Expected,
) -> Result<(), String> {
    let mut said = order.split_whitespace();
    let verb = said.next().ok_or("what shall happen?")?;
    let rest: Vec<&str> = said.collect();
    let given = |at: usize| rest.get(at).copied().ok_or("a word is missing");
    if verb == "start" {
        let root = ground.root().join("fly");
        std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
        let emulator = Emulator::start(&root, 0).map_err(|error| error.to_string())?;
        let variables = [
            ("FLY_API_TOKEN", "FlyV1 fm2_emulated"),
            ("FLY_FLAPS_BASE_URL", emulator.address.as_str()),
        ];
        for (name, value) in variables {
            ground.variables.insert(name.to_owned(), value.to_owned());
        }
        ground.fly = Some(emulator);
        return Ok(());
    }
    if verb == "token" {
        let token = rest.join(" ");
        ground.variables.insert("FLY_API_TOKEN".to_owned(), token);
        return Ok(());
    }
    let emulator = ground.fly.as_ref().ok_or("`!fly start` comes first")?;
    match verb {
        "rest" => {
            let patience = given(0)?.parse().map_err(|_| "for how long?")?;
            emulator.rest_after(Duration::from_millis(patience));
            return Ok(());
        }
        "asleep" => return fell_asleep(emulator, given(0)?),
        _ => {}
    }
    let mut world = emulator.world();
    match verb {
        "disturbed" => {
            let expected: usize = given(0)?.parse().map_err(|_| "how often?")?;
            let seen = world.disturbed;
            if seen != expected {
                return Err(format!("work was disturbed {seen} times"));
            }
        }
        "forget" => world.heard.clear(),
        "calls" => {
            let heard = std::mem::take(&mut world.heard);
            drop(world);
            let text = counted(&heard);
            expected.add("calls", &text);
        }
        "delete" => {
            let name = given(0)?;
            for app in world.apps.values_mut() {
                app.machines.retain(|_, machine| machine.name != name);
                let left: Vec<String> = app.machines.keys().cloned().collect();
                for volume in app.volumes.values_mut() {
                    let attached = volume.attached.take();
                    volume.attached = attached.filter(|attached| left.contains(attached));
                }
            }
        }
        "drop" => {
            world.apps.remove(given(0)?).ok_or("there is no such app")?;
        }
        "memory" | "state" | "host" => alter(&mut world, verb, given(0)?, given(1)?)?,
        "secret" | "unset" | "elsewhere" | "deployed" => about_an_app(verb, &rest, &mut world)?,
        "foreign" => world.foreign.push(given(0)?.to_owned()),
        "full" => world.full.push(given(0)?.to_owned()),
        "silent" => world.silent.push(given(0)?.to_owned()),
        "fault" => {
            let trouble = match given(2)? {
                "page" => Trouble::Page,
                "cut" => Trouble::Cut,
                "silence" => Trouble::Silence,
                "refused" => Trouble::Status(403, false),
                status => Trouble::Status(status.parse().map_err(|_| "which trouble?")?, true),
            };
            world.faults.push(Fault {
                method: given(0)?.to_owned(),
                path: given(1)?.to_owned(),
                trouble,
                times: 1,
                after: match rest.get(3) {
                    Some(count) => count.parse().map_err(|_| "after how many?")?,
                    None => 0,
                },
            });
        }
        _ => return Err(format!("`{verb}` isn't an order to Fly.io")),
    }
    Ok(())
}

/// Changes a machine behind our back.
fn alter(world: &mut World, verb: &str, name: &str, value: &str) -> Result<(), String> {
    let mut found = false;
    for (_, _, machine) in world.machines() {
        if machine.name != name {
            continue;
        }
        found = true;
        match verb {
            "state" => value.clone_into(&mut machine.state),
            "host" => value.clone_into(&mut machine.host),
            _ => {
                let count: u64 = value.parse().map_err(|_| "how much?")?;
                machine.config["guest"]["memory_mb"] = json!(count);
                machine.instance.push('X');
            }
        }
    }
    if found {
        Ok(())
    } else {
        Err(format!("there is no machine `{name}`"))
    }
}

/// Waits until a machine has fallen asleep by itself.
fn fell_asleep(emulator: &Emulator, name: &str) -> Result<(), String> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        for (_, _, machine) in emulator.world().machines() {
            if machine.name == name && ["stopped", "suspended"].contains(&machine.state.as_str()) {
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("`{name}` stays awake"))
}

/// Carries out an order about an app, or what it keeps.
fn about_an_app(verb: &str, rest: &[&str], world: &mut World) -> Result<(), String> {
    let given = |at: usize| rest.get(at).copied().ok_or("a word is missing");
    match verb {
        "secret" | "unset" => {
            let (name, secret) = (given(0)?, format!("SINDRI_FILE_{}", given(1)?));
            let app = world.apps.get_mut(name).ok_or("there is no such app")?;
            let was = match rest.get(2) {
                Some(value) => app.secrets.insert(secret, (*value).to_owned()),
                None => app.secrets.remove(&secret),
            };
            was.ok_or("there is no such secret")?;
        }
        "elsewhere" => {
            let app = world.apps.entry(given(0)?.to_owned()).or_default();
            app.elsewhere = true;
        }
        "deployed" => {
            let marks = json!({ "fly_platform_version": "v2" });
            let config = json!({ "image": "debian:12", "metadata": marks });
            world.standing(given(0)?, "3d8d9deployed0", config);
        }
        _ => return Err(format!("`{verb}` isn't an order about an app")),
    }
    Ok(())
}

/// What was asked, each sort of call with how often.
fn counted(heard: &[String]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // How often a job is asked how it is depends on how long it takes.
    for call in heard.iter().filter(|call| !call.ends_with("/exec")) {
        let (method, target) = call.split_once(' ').unwrap_or((call, ""));
        let path = target.split('?').next().unwrap_or_default();
        let shape: Vec<&str> = path
            .split('/')
            .enumerate()
            // What is called somehow stands at every second place.
            .map(|(at, part)| if at > 2 && at % 2 == 1 { "*" } else { part })
            .collect();
        *counts
            .entry(format!("{method} {}", shape.join("/")))
            .or_default() += 1;
    }
    let lines = counts
        .iter()
        .map(|(call, count)| format!("{count:>3}  {call}\n"));
    lines.collect::<String>() + "\n"
}

/// The emulator as a process of its own, where the environment asks for it.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test's server is told by its environment where to listen, and says where it does"
)]
pub(crate) fn serve() -> Option<ExitCode> {
    let port = std::env::var("SINDRI_SERVE_FLY").ok()?;
    let port = port.parse().expect("a port is a number");
    let root = tempfile::tempdir().expect("a directory can be made");
    let emulator = Emulator::start(root.path(), port).expect("the port is free");
    emulator.enforce_limits();
    println!("{}", emulator.address);
    loop {
        std::thread::park();
    }
}

/// What only runs where an independent validator of OpenAPI is.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("fly::through_an_independent_validator", || {
        through_a_validator().map_err(Failed::from)
    })]
}

/// Fly's specification; none where it isn't.
#[expect(
    clippy::disallowed_methods,
    reason = "where the specifications are, the environment says"
)]
fn specification() -> Option<String> {
    let named = std::env::var_os("SINDRI_TEST_SPECS").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = named.unwrap_or_else(|| here.join("../shared/specs"));
    fs::read_to_string(folder.join("fly-machines.openapi.json")).ok()
}

/// The specification with the prefix that is really sent.
fn prefixed(text: &str) -> Result<String, String> {
    let mut document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    let paths = paths
        .into_iter()
        .map(|(path, item)| (format!("/v1{path}"), item));
    document["paths"] = Value::Object(paths.collect());
    document["servers"] = json!([{ "url": "/" }]);
    Ok(document.to_string())
}

/// A machine's whole life, every request and answer of which a validator compares with Fly's own
/// specification: one that isn't of it comes back as an error.
#[expect(clippy::print_stderr, reason = "what wasn't checked must be said")]
fn through_a_validator() -> Result<(), String> {
    let Some(text) = specification() else {
        eprintln!("not run: Fly's specification isn't here; SINDRI_TEST_SPECS says where it is");
        return Ok(());
    };
    let prism = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/prism/node_modules/.bin/prism");
    if !prism.exists() {
        return Err(format!(
            "{} isn't there: run golden-tests/run",
            prism.display()
        ));
    }
    let said = |error: std::io::Error| error.to_string();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden-tests/cases/fly-life");
    let mut ground = Ground::new(&case)?;
    for part in [
        "sindri.yaml",
        "extensions/greeter/extension.yaml",
        "extensions/greeter/install.sh",
    ] {
        let to = ground.directory().join(part);
        fs::create_dir_all(to.parent().unwrap_or(&to)).map_err(said)?;
        fs::copy(case.join(part), to).map_err(said)?;
    }
    let mut expected = Expected::new(&case);
    perform("start", &mut ground, &mut expected)?;
    let emulator = ground.fly.as_ref().map(|fly| {
        fly.world().words = true;
        fly.address.clone()
    });
    let emulator = emulator.unwrap_or_default();
    let spec = ground.root().join("fly.json");
    fs::write(&spec, prefixed(&text)?).map_err(said)?;
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .map_err(said)?
        .port();
    let log = ground.root().join("prism.log");
    let out = fs::File::create(&log).map_err(said)?;
    let mut child = Command::new(prism)
        .args(["proxy", "--errors", "--port", &port.to_string()])
        .args([spec.as_os_str(), emulator.as_ref()])
        .stdout(out.try_clone().map_err(said)?)
        .stderr(out)
        .spawn()
        .map_err(said)?;
    let up = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let lived = if up {
        live(&mut ground, port)
    } else {
        Err("the validator never listened".to_owned())
    };
    drop(child.kill());
    drop(child.wait());
    let heard = ground.fly.as_ref().map_or(0, |fly| fly.world().heard.len());
    eprintln!("{heard} calls went through the validator");
    lived.map_err(|why| {
        let log = fs::read_to_string(&log).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(40).collect();
        format!(
            "{why}\n{}",
            last.into_iter().rev().collect::<Vec<_>>().join("\n")
        )
    })
}

fn live(ground: &mut Ground, port: u16) -> Result<(), String> {
    let address = format!("http://127.0.0.1:{port}");
    ground
        .variables
        .insert("FLY_FLAPS_BASE_URL".to_owned(), address);
    let apply: &[&str] = &["sindri", "apply", "--auto-approve"];
    let lines: [(&[&str], u8); 11] = [
        (&["sindri", "doctor"], 0),
        (apply, 0),
        (&["sindri", "plan", "--detailed-exitcode"], 0),
        (&["sindri", "connect", "-c", "greet"], 0),
        (&["sindri", "stop"], 0),
        (&["sindri", "start"], 0),
        (&["sindri", "suspend"], 0),
        (&["sindri", "status", "shop"], 0),
        (&["sindri", "start"], 0),
        (apply, 0),
        (&["sindri", "destroy", "--volumes", "--auto-approve"], 0),
    ];
    for (at, (words, exit)) in lines.into_iter().enumerate() {
        if at == 9 {
            let file = ground.directory().join("sindri.yaml");
            let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
            fs::write(&file, text.replace("2GB", "1GB")).map_err(|error| error.to_string())?;
        }
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let shown = ground.run(&words);
        if shown.exit != exit {
            return Err(format!(
                "`{}` ended with {}:\n{}{}",
                words.join(" "),
                shown.exit,
                shown.stdout,
                shown.stderr
            ));
        }
    }
    Ok(())
}
