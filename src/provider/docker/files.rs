//! Files and secrets, in and out of a machine.
//!
//! A running machine takes them through a command, so that each appears whole, under whatever is
//! mounted where; a stopped one through an archive, since nobody looks.

use std::io::Read;

use bollard::models::ExecConfig;
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::classify::{ACTING, Effect, LOOKING, classify, optional, within};
use super::exec::{Sink, run_body};
use super::request::volume::Part;
use super::{Docker, machine};
use crate::address::Name;
use crate::diagnostic::Code;
use crate::digest::hex;
use crate::provider::{Class, Delivery, File, MachineRef, ProviderError, Stream};
use crate::resource::{FileTarget, Power};
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
const LARGEST: usize = 16 << 20;
/// How many symbolic links [`get`] follows in a stopped machine.
const LINKS: usize = 8;

fn script(text: &str, stdin: bool, arguments: &[&str]) -> ExecConfig {
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

fn sleeps(error: &ProviderError) -> bool {
    error.code.as_str() == "docker::not-running"
}

fn failed(code: &'static str, message: String) -> ProviderError {
    ProviderError::new(Class::Failed, Code::new(code), message)
}

/// Refuses paths that mean one thing to a shell and another to an archive.
fn checked(path: &str) -> Result<&str, ProviderError> {
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

async fn put_bytes(
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

/// Puts a file into a stopped machine.
async fn upload(
    docker: &Docker,
    machine: &MachineRef,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<(), ProviderError> {
    let folders = missing_folders(docker, machine, path).await?;
    let archive = pack(&folders, path, mode, content).map_err(|error| {
        failed("docker::put-failed", format!("could not pack `{path}`")).source(error)
    })?;
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    let client = docker.client().await?;
    let uploading = client.upload_to_container(
        machine.id.as_str(),
        Some(options),
        bollard::body_full(archive.into()),
    );
    within(Effect::Reads, "write a file", ACTING, uploading).await
}

/// The folders above a path that aren't there, outermost first.
async fn missing_folders(
    docker: &Docker,
    machine: &MachineRef,
    path: &str,
) -> Result<Vec<String>, ProviderError> {
    let client = docker.client().await?;
    let mut missing = Vec::new();
    let mut rest = path;
    while let Some((folder, _)) = rest.rsplit_once('/') {
        if folder.is_empty() {
            break;
        }
        let options = ContainerArchiveInfoOptionsBuilder::new()
            .path(folder)
            .build();
        let looking = client.get_container_archive_info(machine.id.as_str(), Some(options));
        let seen = within(Effect::Reads, "look at a folder", LOOKING, looking).await;
        if optional(seen)?.is_some() {
            break;
        }
        missing.push(folder.to_owned());
        rest = folder;
    }
    missing.reverse();
    Ok(missing)
}

fn pack(folders: &[String], path: &str, mode: u32, content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in folders {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let name = format!("{}/", folder.trim_start_matches('/'));
        archive.append_data(&mut header, name, std::io::empty())?;
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(mode & 0o7777);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, path.trim_start_matches('/'), content)?;
    archive.into_inner()
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

fn too_large(path: &str) -> ProviderError {
    ProviderError::new(
        Class::Invalid,
        Code::new("docker::file-too-large"),
        format!("`{path}` is larger than 16 MiB"),
    )
}

fn absent(path: &str, machine: &MachineRef) -> ProviderError {
    ProviderError::new(
        Class::NotFound,
        Code::new("docker::file-missing"),
        format!("there is no `{path}` in `{}`", machine.name),
    )
}

/// Gets a file out of a stopped machine, following symbolic links.
async fn download(
    docker: &Docker,
    machine: &MachineRef,
    path: &str,
) -> Result<Vec<u8>, ProviderError> {
    let client = docker.client().await?;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(&path)
            .build();
        let mut chunks =
            Box::pin(client.download_from_container(machine.id.as_str(), Some(options)));
        let mut archive = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                let error = classify(Effect::Reads, "read a file", error);
                if error.class == Class::NotFound {
                    absent(&path, machine)
                } else {
                    error
                }
            })?;
            archive.extend_from_slice(&chunk);
            // Room for the archive's own headers.
            if archive.len() > LARGEST + (1 << 16) {
                return Err(too_large(&path));
            }
        }
        match unpack(&archive, &path) {
            Ok(Unpacked::File(content)) => return Ok(content),
            Ok(Unpacked::Link(target)) if target.starts_with('/') => path = target,
            Ok(Unpacked::Link(target)) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                path = format!("{folder}/{target}");
            }
            Err(error) => {
                return Err(
                    failed("docker::get-failed", format!("could not read `{path}`")).source(error),
                );
            }
        }
    }
    Err(failed(
        "docker::get-failed",
        format!("`{path}` is a symbolic link that leads nowhere"),
    ))
}

enum Unpacked {
    File(Vec<u8>),
    Link(String),
}

fn unpack(archive: &[u8], path: &str) -> std::io::Result<Unpacked> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            return Ok(Unpacked::File(content));
        }
        if kind.is_symlink()
            && let Some(target) = entry.link_name()?
        {
            return Ok(Unpacked::Link(target.to_string_lossy().into_owned()));
        }
    }
    Err(std::io::Error::other(format!("`{path}` is no file")))
}

fn secret_path(name: &Name) -> String {
    format!("{}/{name}", Part::Secrets.path())
}

/// Delivers a secret to the volume that outlives every restart, and to its own file.
pub(super) async fn deliver(
    docker: &Docker,
    machine: &MachineRef,
    secret: &Delivery,
) -> Result<(), ProviderError> {
    let path = secret_path(&secret.name);
    put_bytes(docker, machine, &path, 0o400, &secret.value).await?;
    if let Some(target) = &secret.target {
        let mode = u32::from_str_radix(&target.mode, 8).map_err(|error| {
            ProviderError::new(
                Class::Invalid,
                Code::new("docker::file-mode"),
                format!("`{}` is no file mode", target.mode),
            )
            .help("write it in octal, such as 0600")
            .source(error)
        })?;
        put_bytes(docker, machine, &target.path, mode, &secret.value).await?;
    }
    Ok(())
}

/// Takes a secret back; a stopped machine is woken for it, since archives only add.
pub(super) async fn withdraw(
    docker: &Docker,
    machine: &MachineRef,
    name: &Name,
    target: Option<&FileTarget>,
) -> Result<(), ProviderError> {
    let own = secret_path(name);
    let mut paths = vec![own.as_str()];
    if let Some(target) = target {
        paths.push(checked(&target.path)?);
    }
    let removing = || {
        let body = script("rm -f -- \"$@\"", false, &paths);
        async { run_body(docker, machine.id.as_str(), body, None, &mut |_, _| {}).await }
    };
    let code = match removing().await {
        Err(error) if sleeps(&error) => {
            machine::set_power(docker, machine.id.as_str(), Power::Running).await?;
            let removed = removing().await;
            machine::set_power(docker, machine.id.as_str(), Power::Stopped).await?;
            removed?
        }
        Err(error) if error.class == Class::NotFound => 0,
        other => other?,
    };
    if code == 0 {
        Ok(())
    } else {
        Err(failed(
            "docker::withdraw-failed",
            format!("could not remove the secret {name} from `{}`", machine.name),
        ))
    }
}
