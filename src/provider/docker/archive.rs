//! Files in and out of a stopped machine, as archives.

use std::io::Read;

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::Docker;
use super::classify::{ACTING, Effect, LOOKING, classify, optional, within};
use super::files::{LARGEST, absent, failed, too_large};
use crate::provider::{Class, MachineRef, ProviderError};

/// How many symbolic links are followed.
const LINKS: usize = 8;

/// Puts a file into a stopped machine.
pub(super) async fn upload(
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

/// Gets a file out of a stopped machine, following symbolic links.
pub(super) async fn download(
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
