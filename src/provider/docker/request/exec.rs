//! The requests that run commands in a machine.

use bollard::models::ExecConfig;

use crate::provider::shell::{self, MARK, workspace, wrapped};
use crate::provider::{Command, TerminalSize};
use crate::resource::MachineSpec;

/// The body that runs a command; `mark` names its processes.
pub(in crate::provider::docker) fn command(
    machine: &MachineSpec,
    command: &Command,
    mark: &str,
) -> ExecConfig {
    let directory = command.directory.as_deref().unwrap_or(workspace(machine));
    let mut env: Vec<String> = command
        .env
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    env.push(format!("{MARK}={mark}"));
    ExecConfig {
        attach_stdin: Some(command.stdin.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        user: Some("0".to_owned()),
        env: Some(env),
        cmd: Some(wrapped(
            directory,
            command.secrets,
            command.argv.iter().map(String::as_str),
        )),
        ..Default::default()
    }
}

/// The body that opens a session for a person.
pub(in crate::provider::docker) fn session(
    machine: &MachineSpec,
    line: Option<&str>,
    terminal: Option<TerminalSize>,
) -> ExecConfig {
    ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(terminal.is_some()),
        user: Some("0".to_owned()),
        cmd: Some(shell::session(machine, line, terminal)),
        ..Default::default()
    }
}

/// The body that kills what a marked command left running.
pub(in crate::provider::docker) fn kill(mark: &str) -> ExecConfig {
    ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        user: Some("0".to_owned()),
        cmd: Some(shell::kill(mark)),
        ..Default::default()
    }
}

/// The body that tells whether a container takes commands.
pub(in crate::provider::docker) fn probe() -> ExecConfig {
    ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(["/bin/sh", "-c", ":"].map(ToOwned::to_owned).to_vec()),
        ..Default::default()
    }
}
