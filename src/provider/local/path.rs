//! Paths in a machine, and where they lead on this host.

use std::path::{Component, Path, PathBuf};

use super::error;
use super::marker::Marker;
use crate::provider::ProviderError;
use crate::sys::files;

/// Other names of the machine's home, as other providers and Sindri 3 know it.
const HOMES: [&str; 2] = ["~", "/alt/home/developer"];

/// A path in the machine as a path relative to its directory; what stands there plays no part.
pub(super) fn relative(machine: &Path, path: &str) -> Result<PathBuf, ProviderError> {
    if path.contains('\0') {
        return Err(error::bad_path(path, "it holds a NUL byte"));
    }
    let path_of_host = Path::new(path);
    let home = |rest: &Path| Path::new("home").join(rest);
    let inner = if let Ok(rest) = path_of_host.strip_prefix(machine) {
        rest.to_path_buf()
    } else if let Some(rest) = HOMES
        .iter()
        .find_map(|home| path_of_host.strip_prefix(home).ok())
    {
        home(rest)
    } else if path_of_host.starts_with("/workspace") {
        home(path_of_host.strip_prefix("/").unwrap_or(path_of_host))
    } else {
        path_of_host
            .strip_prefix("/")
            .map_err(|_| error::bad_path(path, "it isn't absolute"))?
            .to_path_buf()
    };
    let mut plain = PathBuf::new();
    for component in inner.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(error::bad_path(path, "it leaves the machine"));
            }
        }
    }
    Ok(plain)
}

/// Where a path in the machine leads on this host, links followed.
pub(super) fn followed(
    machine: &Path,
    marker: &Marker,
    path: &str,
) -> Result<PathBuf, ProviderError> {
    let plain = relative(machine, path)?;
    within(machine, marker, path, &plain)
}

/// Where a file is to be written: its directory's links are followed, one in its own place isn't.
pub(super) fn file(machine: &Path, marker: &Marker, path: &str) -> Result<PathBuf, ProviderError> {
    let plain = relative(machine, path)?;
    let name = plain
        .file_name()
        .ok_or_else(|| error::bad_path(path, "it names no file"))?;
    let parent = plain.parent().unwrap_or(Path::new(""));
    Ok(within(machine, marker, path, parent)?.join(name))
}

fn within(
    machine: &Path,
    marker: &Marker,
    path: &str,
    plain: &Path,
) -> Result<PathBuf, ProviderError> {
    let asked = machine.join(plain);
    let (existing, rest) = files::resolve(&asked)
        .map_err(|source| error::file_system("resolving a path", &asked, source))?;
    let is_ours = |directory: &Path| {
        files::resolve(directory)
            .is_ok_and(|(real, rest)| rest.as_os_str().is_empty() && existing.starts_with(real))
    };
    let allowed = is_ours(machine)
        || marker
            .links
            .iter()
            .any(|link| is_ours(Path::new(&link.target)));
    if !allowed {
        return Err(error::bad_path(
            path,
            "a link on its way leads out of the machine and its volumes",
        ));
    }
    // Joining nothing would add a slash.
    Ok(if rest.as_os_str().is_empty() {
        existing
    } else {
        existing.join(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_directory_is_its_root() {
        let plain = |path: &str| relative(Path::new("/data/dev"), path).unwrap();
        assert_eq!(plain("/run/secrets/TOKEN"), Path::new("run/secrets/TOKEN"));
        assert_eq!(plain("/data/dev/home/x"), Path::new("home/x"));
        assert_eq!(plain("/data/develop"), Path::new("data/develop"));
        assert_eq!(plain("~/.npmrc"), Path::new("home/.npmrc"));
        assert_eq!(
            plain("/alt/home/developer/workspace"),
            Path::new("home/workspace")
        );
        assert_eq!(plain("/workspace/./src"), Path::new("home/workspace/src"));
        assert_eq!(plain("/workspaces"), Path::new("workspaces"));
    }

    #[test]
    fn what_would_leave_the_machine_is_refused() {
        for path in [
            "",
            "x",
            "../x",
            "/..",
            "/a/../../x",
            "~/../x",
            "/data/dev/../x",
            "/a\0",
        ] {
            assert!(
                relative(Path::new("/data/dev"), path).is_err(),
                "{path:?} was accepted"
            );
        }
    }
}
