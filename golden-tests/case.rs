//! A case: a folder with a project, a world, commands, and what they must show.
//!
//! Read: `sindri.yaml`, `.env`, `extensions/` and any other file, copied to a fresh directory;
//! `state.json`, the state to begin with; `world.json`, the scripted providers' world; `env`, one
//! variable a line; `cmd`, one command a line, with lines starting with `!` for the [script].
//!
//! Compared: `stdout` and `stderr`, each command's part under its own `$` line; `exit`, one code a
//! command; whatever the script writes: `plan.json`, `state.out.json`, `calls`.
//!
//! [script]: crate::script

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::compare::Expected;
use crate::ground::Ground;
use crate::script;

/// The files of a case that don't belong to its project.
const OURS: [&str; 10] = [
    "cmd",
    "env",
    "state.json",
    "world.json",
    "stdout",
    "stderr",
    "exit",
    "plan.json",
    "state.out.json",
    "calls",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden-tests/cases")
}

/// One trial a folder.
pub(crate) fn trials() -> Vec<Trial> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("the folder of cases is there")
        .map(|entry| entry.expect("a case can be listed"))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let case = folder().join(&name);
            Trial::test(format!("case::{name}"), move || run(&case))
        })
        .collect()
}

fn run(case: &Path) -> Result<(), Failed> {
    let commands = fs::read_to_string(case.join("cmd"))
        .map_err(|error| format!("`{}` can't be read: {error}", case.join("cmd").display()))?;
    let mut ground = Ground::new(case)?;
    copy(case, &ground.directory(), true)?;
    ground.begin(case)?;
    let mut expected = Expected::new(case);
    for (number, line) in commands.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let done = match line.strip_prefix('!') {
            Some(order) => script::perform(order.trim(), &mut ground, &mut expected, case),
            None => script::command(line, &mut ground, &mut expected),
        };
        done.map_err(|why| format!("line {} of cmd, `{line}`: {why}", number + 1))?;
    }
    expected.settle().map_err(Failed::from)
}

/// Copies the project's files, folders included.
fn copy(from: &Path, to: &Path, top: bool) -> Result<(), String> {
    let entries = fs::read_dir(from).map_err(|error| error.to_string())?;
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        let name = entry.file_name();
        if top && OURS.iter().any(|ours| *ours == name) {
            continue;
        }
        let target = to.join(&name);
        let kind = entry.file_type().map_err(|error| error.to_string())?;
        let copied = if kind.is_dir() {
            fs::create_dir_all(&target)
                .map_err(|error| error.to_string())
                .and_then(|()| copy(&entry.path(), &target, false))
        } else {
            fs::copy(entry.path(), &target)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        copied?;
    }
    Ok(())
}
