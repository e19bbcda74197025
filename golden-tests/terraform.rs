//! Terraform against the server of its protocol that our own store is tested with.
//!
//! Where our server misunderstood the protocol, our store could misunderstand it in the same way;
//! Terraform couldn't. There is a test only where `terraform` is on the `PATH`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use sindri::sys::Environment;

use crate::http_server::Server;

pub(crate) fn trials() -> Vec<Trial> {
    let path = Environment::of_process().get("PATH").map(str::to_owned);
    let directories = path.iter().flat_map(|path| path.split(':'));
    let found = directories
        .map(|directory| Path::new(directory).join("terraform"))
        .any(|program| program.is_file());
    if !found {
        let _told = writeln!(
            std::io::stderr(),
            "terraform isn't on the PATH: our server of its protocol isn't held against it"
        );
        return Vec::new();
    }
    let name = "terraform::it_works_with_our_server_and_respects_a_held_lock";
    vec![Trial::test(name, || in_turn().map_err(Failed::from))]
}

const LOCK: &str = r#"{"ID":"11111111-2222-3333-4444-555555555555","Operation":"apply","Info":"",
    "Who":"ada@engine","Version":"4.0.0","Created":"2026-01-01T00:00:00Z","Path":""}"#;

/// The user `ada` with her password.
const LOGIN: &str = "Basic YWRhOmxvdmVsYWNl";

/// A project of Terraform's with its state on a server of ours.
struct Project {
    room: tempfile::TempDir,
}

impl Project {
    fn at(server: &str) -> Self {
        let room = tempfile::tempdir().expect("a directory");
        let address = format!("{server}/dev");
        let text = format!(
            "terraform {{\n  backend \"http\" {{\n    address = \"{address}\"\n    \
             lock_address = \"{address}\"\n    unlock_address = \"{address}\"\n    \
             username = \"ada\"\n    retry_max = 0\n  }}\n}}\n\
             resource \"terraform_data\" \"one\" {{\n  input = \"first\"\n}}\n"
        );
        std::fs::write(room.path().join("main.tf"), text).expect("a file");
        Self { room }
    }

    /// Runs it with nothing of this machine's settings; gives whether it succeeded, and its words.
    fn terraform(&self, arguments: &[&str]) -> (bool, String) {
        let own = Environment::of_process();
        let ran = Command::new("terraform")
            .args(arguments)
            .current_dir(self.room.path())
            .env_clear()
            .env("PATH", own.get("PATH").unwrap_or_default())
            .env("HOME", self.room.path())
            .env("TF_HTTP_PASSWORD", "lovelace")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .expect("terraform runs");
        let said = [ran.stdout, ran.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (ran.status.success(), said)
    }

    fn succeeds(&self, arguments: &[&str]) -> Result<String, String> {
        match self.terraform(arguments) {
            (true, said) => Ok(said),
            (false, said) => Err(format!("{arguments:?} failed:\n{said}")),
        }
    }
}

/// Takes the lock, or gives it back, as somebody else.
fn asks(server: &Server, method: &str) -> Result<(), String> {
    let text = format!(
        "{method} /dev HTTP/1.1\r\nauthorization: {LOGIN}\r\ncontent-length: {}\r\n\r\n{LOCK}",
        LOCK.len()
    );
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(server.address.trim_start_matches("http://"))?;
        stream.write_all(text.as_bytes())?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        Ok(status)
    };
    let status = asked().map_err(|error| error.to_string())?;
    match status.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        _ => Err(format!("{method} was answered with {status}")),
    }
}

fn in_turn() -> Result<(), String> {
    let server = Server::start(&[LOGIN]);
    let project = Project::at(&server.address);
    project.succeeds(&["init", "-input=false", "-no-color"])?;
    let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
    let said = project.succeeds(&apply)?;
    let added = said.contains("1 added");
    let pulled = project.succeeds(&["state", "pull"])?;
    let state: Value = serde_json::from_str(&pulled).map_err(|error| error.to_string())?;
    let serial = &state["serial"];
    let methods: Vec<String> = server
        .heard()
        .into_iter()
        .filter_map(|(line, _, _)| Some(line.split_whitespace().next()?.to_owned()))
        .collect();
    let spoke = ["LOCK", "GET", "POST", "UNLOCK"]
        .iter()
        .all(|method| methods.iter().any(|heard| heard == method));
    if !(added && spoke && serial.is_u64()) {
        return Err(format!("{said}\n{methods:?}\n{pulled}"));
    }
    // Held by somebody else: it fails, names that lock, and writes nothing.
    asks(&server, "LOCK")?;
    let (applied, said) =
        project.terraform(&[&apply[..], &["-replace=terraform_data.one"]].concat());
    if applied || !said.contains("already locked") || !said.contains("ID=11111111-2222") {
        return Err(format!("it wasn't kept out by the lock:\n{said}"));
    }
    let again: Value = serde_json::from_str(&project.succeeds(&["state", "pull"])?)
        .map_err(|error| error.to_string())?;
    if again["serial"] != *serial {
        return Err("it wrote under another's lock".to_owned());
    }
    asks(&server, "UNLOCK")?;
    project.succeeds(&["destroy", "-auto-approve", "-input=false", "-no-color"])?;
    Ok(())
}
