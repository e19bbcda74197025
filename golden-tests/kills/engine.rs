//! A Docker Engine as tests look at it: through the `docker` command.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use super::ground::Ground;

/// Two images that differ in one file: busybox and nothing else.
pub(super) const IMAGES: [&str; 2] = ["sindri-kills/tiny:1", "sindri-kills/tiny:2"];

/// How the names of all that these tests make begin.
const PREFIXES: [&str; 2] = ["kills-", "sindrikills"];

/// When a test that made something can't be at work any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// What is left of a project after it.
pub(super) const NOTHING: [Vec<String>; 3] = [Vec::new(), Vec::new(), Vec::new()];

/// What `docker` printed, its end trimmed.
#[track_caller]
pub(super) fn docker(arguments: &[&str]) -> String {
    match asked(arguments) {
        Ok(printed) => printed,
        Err(why) => panic!("`docker {}` failed: {why}", arguments.join(" ")),
    }
}

/// What `docker` printed, or why it failed.
pub(super) fn asked(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("docker")
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!("these tests need the `docker` command (Debian: `docker.io`): {error}")
        });
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// Asserts that there is an Engine with the images, and gives a ground on it.
pub(super) fn ground() -> Engine {
    static READY: Once = Once::new();
    READY.call_once(|| {
        asked(&["version"]).unwrap_or_else(|why| {
            panic!(
                "these tests need a Docker Engine: install one (`docker.io`), start dockerd, and \
                 let DOCKER_HOST say where it listens: {why}"
            )
        });
        for image in IMAGES {
            import(image);
        }
        for prefix in PREFIXES {
            sweep(prefix, ABANDONED);
        }
    });
    let ground = Ground::new();
    let random: [u8; 4] = sindri::sys::Random::system().bytes();
    let name = format!("kills-{:08x}", u32::from_le_bytes(random));
    Engine { ground, name }
}

/// A project on the Engine; all that carries its lineage goes when it is dropped.
pub(super) struct Engine {
    pub(super) ground: Ground,
    /// The project's name, which no other test has.
    pub(super) name: String,
}

impl Engine {
    /// The ids or names of all that carries the lineage: containers, networks, volumes.
    pub(super) fn ours(&self) -> [Vec<String>; 3] {
        ours(&self.ground)
    }
}

pub(super) fn ours(ground: &Ground) -> [Vec<String>; 3] {
    let Some(lineage) = lineage(ground) else {
        return Default::default();
    };
    let label = format!("label=dev.sindri.lineage={lineage}");
    let list = |arguments: &[&str]| {
        let printed = docker(&[arguments, &["--quiet", "--filter", &label]].concat());
        printed.lines().map(str::to_owned).collect()
    };
    [
        list(&["ps", "--all", "--no-trunc"]),
        list(&["network", "ls", "--no-trunc"]),
        list(&["volume", "ls"]),
    ]
}

/// The lineage, read from whatever stands of the state, damaged or not.
fn lineage(ground: &Ground) -> Option<String> {
    let file = |name: &str| std::fs::read_to_string(ground.path(name)).ok();
    let text = [
        ".sindri/state.json",
        ".sindri/journal.jsonl",
        ".sindri/state.json.backup",
    ]
    .iter()
    .find_map(|name| file(name).filter(|text| text.contains("\"lineage\":\"")))?;
    let (_, rest) = text.split_once("\"lineage\":\"")?;
    rest.split('"').next().map(str::to_owned)
}

/// Removes everything of a ground from the Engine.
pub(super) fn clean(ground: &Ground) {
    let [containers, networks, volumes] = ours(ground);
    for id in containers {
        drop(asked(&["rm", "--force", "--volumes", &id]));
    }
    for id in networks {
        drop(asked(&["network", "rm", &id]));
    }
    for name in volumes {
        drop(asked(&["volume", "rm", "--force", &name]));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        clean(&self.ground);
    }
}

/// Removes what killed runs of the tests have left: what carries a lineage, has a name that begins
/// so, and is old enough.
pub(super) fn sweep(prefix: &str, age: Duration) {
    const KINDS: [(&str, &[&str], &str); 3] = [
        ("container", &["ps", "--all"], "{{.Name}} {{json .Created}}"),
        ("network", &["network", "ls"], "{{.Name}} {{json .Created}}"),
        ("volume", &["volume", "ls"], "{{.Name}} {{json .CreatedAt}}"),
    ];
    let oldest = sindri::sys::World::real().clock.now() - age;
    for (kind, list, format) in KINDS {
        let filter = ["--quiet", "--filter", "label=dev.sindri.lineage"];
        for id in docker(&[list, &filter[..]].concat()).lines() {
            // Another run may remove it meanwhile.
            let Ok(told) = asked(&[kind, "inspect", "--format", format, id]) else {
                continue;
            };
            let (name, created) = told.split_once(' ').expect("a name and a time");
            let created: jiff::Timestamp = created.trim_matches('"').parse().unwrap();
            if name.trim_start_matches('/').starts_with(prefix) && created <= oldest {
                let force: &[&str] = if kind == "network" { &[] } else { &["--force"] };
                drop(asked(&[&[kind, "rm"], force, &[id]].concat()));
            }
        }
    }
}

#[test]
fn what_killed_tests_have_left_is_swept_when_it_is_old() {
    let engine = ground();
    let name = format!("{}-swept", engine.name);
    let label = "dev.sindri.lineage=00000000000000000000000000000000";
    docker(&["network", "create", "--label", label, &name]);
    docker(&["volume", "create", "--label", label, &name]);
    docker(&[
        "create", "--label", label, "--name", &name, IMAGES[0], "sleep", "1",
    ]);
    let filter = format!("name={name}");
    let standing = || {
        [
            ["ps", "--all"].as_slice(),
            &["network", "ls"],
            &["volume", "ls"],
        ]
        .map(|list| {
            docker(&[list, &["--quiet", "--filter", &filter]].concat())
                .lines()
                .count()
        })
    };
    sweep(&name, Duration::from_hours(1));
    assert_eq!(standing(), [1, 1, 1]);
    sweep("another-name", Duration::ZERO);
    assert_eq!(standing(), [1, 1, 1]);
    // A volume's age is known to the second.
    std::thread::sleep(Duration::from_secs(1));
    sweep(&name, Duration::ZERO);
    assert_eq!(standing(), [0, 0, 0]);
}

/// An object that isn't ours, removed whatever happens.
pub(super) struct Stranger {
    kind: &'static str,
    pub(super) id: String,
}

impl Stranger {
    pub(super) fn container(name: &str, options: &[&str]) -> Self {
        let run = ["run", "--detach", "--name", name];
        let sleep = [IMAGES[0], "sleep", "600"];
        let id = docker(&[&run[..], options, &sleep[..]].concat());
        Self {
            kind: "container",
            id,
        }
    }

    pub(super) fn network(name: &str) -> Self {
        let id = docker(&["network", "create", name]);
        Self {
            kind: "network",
            id,
        }
    }

    pub(super) fn volume(name: &str) -> Self {
        let id = docker(&["volume", "create", name]);
        Self { kind: "volume", id }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let force: &[&str] = if self.kind == "container" {
            &["--force"]
        } else {
            &[]
        };
        drop(asked(&[&[self.kind, "rm"], force, &[&self.id]].concat()));
    }
}

/// Imports an image of busybox under all its names, unless it is there.
fn import(reference: &str) {
    if asked(&["image", "inspect", reference]).is_ok() {
        return;
    }
    let busybox = ["/bin/busybox", "/usr/bin/busybox"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("the test image needs busybox (Debian: busybox-static)");
    let program = std::fs::read(busybox).unwrap();
    let applets = Command::new(busybox).arg("--list").output().unwrap().stdout;
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: &str, kind: tar::EntryType, mode: u32, content: &[u8], link: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        if kind.is_symlink() {
            archive.append_link(&mut header, path, link).unwrap();
        } else {
            archive.append_data(&mut header, path, content).unwrap();
        }
    };
    for (folder, mode) in [
        ("bin/", 0o755),
        ("etc/", 0o755),
        ("root/", 0o700),
        ("tmp/", 0o1777),
    ] {
        add(folder, tar::EntryType::Directory, mode, b"", "");
    }
    add("bin/busybox", tar::EntryType::Regular, 0o755, &program, "");
    for applet in String::from_utf8_lossy(&applets)
        .lines()
        .filter(|name| *name != "busybox")
    {
        add(
            &format!("bin/{applet}"),
            tar::EntryType::Symlink,
            0o777,
            b"",
            "busybox",
        );
    }
    add(
        "etc/passwd",
        tar::EntryType::Regular,
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\n",
        "",
    );
    add(
        "etc/tiny",
        tar::EntryType::Regular,
        0o644,
        reference.as_bytes(),
        "",
    );
    let archive = archive.into_inner().unwrap();
    let mut importing = Command::new("docker")
        .args(["import", "-", reference])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut importing.stdin.take().unwrap(), &archive).unwrap();
    assert!(
        importing.wait().unwrap().success(),
        "`docker import` failed"
    );
}
