//! Files in and out of a machine.
//!
//! A running machine takes them through a command, so that each appears whole, under whatever is
//! mounted where; a stopped one through an archive, since nobody looks.

use bollard::models::ExecConfig;

use super::Docker;
use super::archive::{download, upload};
use super::exec::{Sink, run_body};
use crate::diagnostic::Code;
use crate::digest::hex;
use crate::provider::{Class, File, MachineRef, ProviderError, Stream};
use crate::sys::Random;

/// Writes what comes to a file beside the wanted one, and puts it there if all of it came.
const PUT: &str = r#"d=${1%/*}; t="$1.sindri-$4"
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
{ [ -z "$d" ] || mkdir -p "$d"; } || exit 1
umask 077
cat >"$t" && [ "$(wc -c <"$t")" -eq "$3" ] && chmod "$2" "$t" && mv -f "$t" "$1" && exit 0
rm -f "$t"; exit 1"#;

/// Prints a file; 44 says that there is none.
const GET: &str = r#"[ -e "$1" ] || exit 44; cat "$1""#;

/// The largest file that [`get`] gets.
pub(super) const LARGEST: usize = 16 << 20;
/// The body that runs a script.
pub(super) fn script(text: &str, stdin: bool, arguments: &[&str]) -> ExecConfig {
    let words = ["/bin/sh", "-c", text, "sindri"];
    ExecConfig {
        attach_stdin: Some(stdin),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        user: Some("0".to_owned()),
        cmd: Some(
            words
                .iter()
                .chain(arguments)
                .map(ToString::to_string)
                .collect(),
        ),
        ..Default::default()
    }
}

/// Whether an error says that the machine doesn't run.
pub(super) fn sleeps(error: &ProviderError) -> bool {
    error.code.as_str() == "docker::not-running"
}

pub(super) fn failed(code: &'static str, message: String) -> ProviderError {
    ProviderError::new(Class::Failed, Code::new(code), message)
}

/// Refuses paths that mean one thing to a shell and another to an archive.
pub(super) fn checked(path: &str) -> Result<&str, ProviderError> {
    let plain = path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && !path.contains('\0')
        && path.split('/').all(|part| part != ".." && part != ".");
    if plain {
        Ok(path)
    } else {
        Err(ProviderError::new(
            Class::Invalid,
            Code::new("docker::path"),
            format!("`{path}` is no absolute path of a file"),
        ))
    }
}

/// Puts files into a machine, each whole or not at all.
pub(super) async fn put(
    docker: &Docker,
    machine: &MachineRef,
    files: &[File],
) -> Result<(), ProviderError> {
    for file in files {
        put_bytes(docker, machine, &file.path, file.mode, &file.content).await?;
    }
    Ok(())
}

/// Puts one file into a machine, running or not.
pub(super) async fn put_bytes(
    docker: &Docker,
    machine: &MachineRef,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<(), ProviderError> {
    let path = checked(path)?;
    let octal = format!("{:o}", mode & 0o7777);
    let length = content.len().to_string();
    let mark = hex(&Random::system().bytes::<6>());
    let body = script(PUT, true, &[path, &octal, &length, &mark]);
    let mut said = Vec::new();
    let container = machine.id.as_str();
    let mut hear = |_: Stream, bytes: &[u8]| {
        said.extend_from_slice(&bytes[..bytes.len().min(500)]);
    };
    match run_body(docker, container, body, Some(content), &mut hear).await {
        Ok(0) => Ok(()),
        Ok(_) => {
            let said = String::from_utf8_lossy(&said);
            let why = said.lines().next().unwrap_or("no reason given");
            Err(failed(
                "docker::put-failed",
                format!("could not write `{path}` in `{}`: {why}", machine.name),
            ))
        }
        Err(error) if sleeps(&error) => upload(docker, machine, path, mode, content).await,
        Err(error) => Err(error),
    }
}

/// Gets a file out of a machine, running or not.
pub(super) async fn get(
    docker: &Docker,
    machine: &MachineRef,
    path: &str,
) -> Result<Vec<u8>, ProviderError> {
    let path = checked(path)?;
    let mut content = Vec::new();
    let mut said = Vec::new();
    let mut whole = true;
    let sink: Sink<'_> = &mut |stream, bytes| match stream {
        Stream::Stdout => {
            whole &= content.len() + bytes.len() <= LARGEST;
            if whole {
                content.extend_from_slice(bytes);
            }
        }
        Stream::Stderr => said.extend_from_slice(&bytes[..bytes.len().min(500)]),
    };
    let body = script(GET, false, &[path]);
    match run_body(docker, machine.id.as_str(), body, None, sink).await {
        Ok(0) if whole => Ok(content),
        Ok(0) => Err(too_large(path)),
        Ok(44) => Err(absent(path, machine)),
        Ok(_) => Err(failed(
            "docker::get-failed",
            format!(
                "could not read `{path}` in `{}`: {}",
                machine.name,
                String::from_utf8_lossy(&said).trim()
            ),
        )),
        Err(error) if sleeps(&error) => download(docker, machine, path).await,
        Err(error) => Err(error),
    }
}

pub(super) fn too_large(path: &str) -> ProviderError {
    ProviderError::new(
        Class::Invalid,
        Code::new("docker::file-too-large"),
        format!("`{path}` is larger than 16 MiB"),
    )
}

pub(super) fn absent(path: &str, machine: &MachineRef) -> ProviderError {
    ProviderError::new(
        Class::NotFound,
        Code::new("docker::file-missing"),
        format!("there is no `{path}` in `{}`", machine.name),
    )
}
