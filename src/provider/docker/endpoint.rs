//! Where the Engine listens, found as the `docker` command finds it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::Code;
use crate::digest::Digest;
use crate::provider::{Class, ProviderError};
use crate::sys::Environment;

/// Where an Engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A Unix socket on this host.
    Socket(String),
    /// Plain TCP.
    Tcp(String),
    /// A Windows named pipe.
    Pipe(String),
}

impl Endpoint {
    /// The endpoint as `DOCKER_HOST` would say it.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Socket(path) => format!("unix://{path}"),
            Self::Tcp(address) => format!("tcp://{address}"),
            Self::Pipe(path) => format!("npipe://{path}"),
        }
    }

    /// Reads an endpoint as `DOCKER_HOST` and contexts write it.
    pub(super) fn parse(text: &str) -> Result<Self, ProviderError> {
        if let Some(path) = text.strip_prefix("unix://") {
            Ok(Self::Socket(path.to_owned()))
        } else if let Some(address) = text
            .strip_prefix("tcp://")
            .or_else(|| text.strip_prefix("http://"))
        {
            Ok(Self::Tcp(address.trim_end_matches('/').to_owned()))
        } else if let Some(path) = text.strip_prefix("npipe://") {
            Ok(Self::Pipe(path.to_owned()))
        } else {
            let scheme = text.split("://").next().unwrap_or(text);
            Err(
                invalid(format!("an Engine behind `{scheme}` is out of reach")).help(
                    "use unix://, tcp:// or npipe://; for a remote Engine forward its socket: \
                 `ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST`, then \
                 DOCKER_HOST=unix:///tmp/docker.sock",
                ),
            )
        }
    }
}

fn invalid(message: String) -> ProviderError {
    ProviderError::new(Class::Invalid, Code::new("docker::endpoint"), message)
}

fn no_tls(of: &str) -> ProviderError {
    ProviderError::new(
        Class::Invalid,
        Code::new("docker::tls-unsupported"),
        format!("{of} asks for TLS, which Sindri doesn't speak to an Engine"),
    )
    .help(
        "forward the Engine's socket over ssh: `ssh -nNT -L \
         /tmp/docker.sock:/var/run/docker.sock HOST`, then DOCKER_HOST=unix:///tmp/docker.sock",
    )
}

/// The part of `~/.docker/config.json` that says where the Engine is.
#[derive(Debug, Default, Deserialize)]
struct CurrentContext {
    #[serde(default, rename = "currentContext")]
    current: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ContextMeta {
    #[serde(rename = "Endpoints")]
    endpoints: ContextEndpoints,
}

#[derive(Debug, Deserialize)]
struct ContextEndpoints {
    docker: ContextEndpoint,
}

#[derive(Debug, Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host")]
    host: String,
}

/// The folder of the `docker` command's configuration, where there is a home at all.
pub(super) fn config_folder(environment: &Environment) -> Option<PathBuf> {
    environment
        .get("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| {
            let home = environment
                .get("HOME")
                .or_else(|| environment.get("USERPROFILE"))?;
            Some(Path::new(home).join(".docker"))
        })
}

/// Finds where the Engine listens: `DOCKER_HOST`, else a context, else the usual sockets.
///
/// `read` gives a file's text and `exists` tells whether a socket is there.
pub(super) fn find(
    environment: &Environment,
    read: &dyn Fn(&Path) -> Option<String>,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<Endpoint, ProviderError> {
    if let Some(host) = environment.get("DOCKER_HOST") {
        let endpoint = Endpoint::parse(host)?;
        let tls = environment.get("DOCKER_TLS_VERIFY").is_some()
            || environment.get("DOCKER_TLS").is_some();
        return match endpoint {
            Endpoint::Tcp(_) if tls => Err(no_tls("DOCKER_TLS_VERIFY")),
            endpoint => Ok(endpoint),
        };
    }
    let folder = config_folder(environment);
    let config = folder
        .as_ref()
        .and_then(|folder| read(&folder.join("config.json")))
        .and_then(|text| serde_json::from_str::<CurrentContext>(&text).ok())
        .unwrap_or_default();
    let context = environment
        .get("DOCKER_CONTEXT")
        .map(ToOwned::to_owned)
        .or(config.current)
        .filter(|name| !name.is_empty() && name != "default");
    match (context, folder) {
        (Some(name), Some(folder)) => of_context(&name, &folder, read, exists),
        (Some(name), None) => Err(invalid(format!("there is no Docker context `{name}`"))
            .help("HOME isn't set, so contexts can't be looked up")),
        (None, _) => Ok(usual(environment, exists)),
    }
}

fn of_context(
    name: &str,
    folder: &Path,
    read: &dyn Fn(&Path) -> Option<String>,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<Endpoint, ProviderError> {
    let digest = Digest::of_bytes(name.as_bytes());
    let id = digest.as_str().trim_start_matches("sha256:");
    let contexts = folder.join("contexts");
    let meta = read(&contexts.join("meta").join(id).join("meta.json"))
        .and_then(|text| serde_json::from_str::<ContextMeta>(&text).ok())
        .ok_or_else(|| {
            invalid(format!("there is no Docker context `{name}`"))
                .help("`docker context ls` lists them; `docker context use default` leaves it")
        })?;
    let endpoint = Endpoint::parse(&meta.endpoints.docker.host)?;
    let tls = exists(&contexts.join("tls").join(id).join("docker"));
    match endpoint {
        Endpoint::Tcp(_) if tls => Err(no_tls(&format!("the Docker context `{name}`"))),
        endpoint => Ok(endpoint),
    }
}

/// The first of the usual sockets that is there, else the first of them all.
fn usual(environment: &Environment, exists: &dyn Fn(&Path) -> bool) -> Endpoint {
    if cfg!(windows) {
        return Endpoint::Pipe("//./pipe/docker_engine".to_owned());
    }
    let sockets = usual_sockets(environment);
    let found = sockets.iter().find(|socket| exists(Path::new(socket)));
    Endpoint::Socket(found.unwrap_or(&sockets[0]).clone())
}

/// Where Docker, its rootless and desktop kinds, and Podman listen.
fn usual_sockets(environment: &Environment) -> Vec<String> {
    let mut sockets = vec!["/var/run/docker.sock".to_owned()];
    let runtime = environment.get("XDG_RUNTIME_DIR");
    if let Some(runtime) = runtime {
        sockets.push(format!("{runtime}/docker.sock"));
    }
    if let Some(home) = environment.get("HOME") {
        sockets.push(format!("{home}/.docker/run/docker.sock"));
        sockets.push(format!("{home}/.docker/desktop/docker.sock"));
    }
    if let Some(runtime) = runtime {
        sockets.push(format!("{runtime}/podman/podman.sock"));
    }
    sockets.push("/run/podman/podman.sock".to_owned());
    sockets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::of(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    fn found(pairs: &[(&str, &str)], files: &[(&str, &str)]) -> Result<Endpoint, ProviderError> {
        find(
            &environment(pairs),
            &|path| {
                let text = files.iter().find(|(name, _)| Path::new(name) == path)?.1;
                Some(text.to_owned())
            },
            &|path| files.iter().any(|(name, _)| Path::new(name) == path),
        )
    }

    fn socket(path: &str) -> Endpoint {
        Endpoint::Socket(path.to_owned())
    }

    #[test]
    fn docker_host_comes_first() {
        let pairs = [("DOCKER_HOST", "unix:///a.sock"), ("DOCKER_CONTEXT", "x")];
        assert_eq!(found(&pairs, &[]).unwrap(), socket("/a.sock"));
        let tcp = found(&[("DOCKER_HOST", "tcp://127.0.0.1:2375")], &[]).unwrap();
        assert_eq!(tcp, Endpoint::Tcp("127.0.0.1:2375".to_owned()));
    }

    #[test]
    fn a_context_is_read_as_docker_reads_it() {
        let id = Digest::of_bytes(b"colima");
        let id = id.as_str().trim_start_matches("sha256:");
        let meta = format!("/h/.docker/contexts/meta/{id}/meta.json");
        let files = [
            (
                "/h/.docker/config.json",
                r#"{"currentContext":"colima","auths":{}}"#,
            ),
            (
                meta.as_str(),
                r#"{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///c.sock"}}}"#,
            ),
        ];
        assert_eq!(found(&[("HOME", "/h")], &files).unwrap(), socket("/c.sock"));
        let other = found(&[("HOME", "/h"), ("DOCKER_CONTEXT", "gone")], &files);
        assert_eq!(other.unwrap_err().code.as_str(), "docker::endpoint");
        let default = found(&[("HOME", "/h"), ("DOCKER_CONTEXT", "default")], &files);
        assert_eq!(default.unwrap(), socket("/var/run/docker.sock"));
    }

    #[test]
    fn rootless_and_podman_sockets_are_found() {
        let pairs = [("XDG_RUNTIME_DIR", "/run/user/7")];
        let rootless = found(&pairs, &[("/run/user/7/docker.sock", "")]).unwrap();
        assert_eq!(rootless, socket("/run/user/7/docker.sock"));
        let podman = found(&pairs, &[("/run/user/7/podman/podman.sock", "")]).unwrap();
        assert_eq!(podman, socket("/run/user/7/podman/podman.sock"));
    }

    #[test]
    fn what_cannot_be_spoken_is_said() {
        let tls = found(
            &[("DOCKER_HOST", "tcp://h:2376"), ("DOCKER_TLS_VERIFY", "1")],
            &[],
        );
        assert_eq!(tls.unwrap_err().code.as_str(), "docker::tls-unsupported");
        let ssh = found(&[("DOCKER_HOST", "ssh://me@h")], &[]).unwrap_err();
        assert!(ssh.message.contains("`ssh`"), "{}", ssh.message);
    }
}
