//! The environment of what runs in a machine.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::power::MARK;
use crate::sys::{Environment, files};

/// Variables taken over from the host as they are: the person, the terminal, proxies, certificate
/// authorities. Everything else of the host's environment is left behind.
const KEPT: &[&str] = &[
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "USER",
    "LOGNAME",
    "SHELL",
    "CI",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "ftp_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "NODE_USE_SYSTEM_CA",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "NIX_SSL_CERT_FILE",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "DENO_CERT",
    "DENO_TLS_CA_STORE",
    "GOPROXY",
    "GONOPROXY",
    "GOPRIVATE",
    "GOSUMDB",
    "GONOSUMDB",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_DIST_SERVER",
    "GOROOT",
    "JAVA_HOME",
    "PYENV_VERSION",
];

/// Variables that set up package tools, by how they begin.
const KEPT_PREFIXES: &[&str] = &[
    "LC_",
    "npm_config_",
    "NPM_CONFIG_",
    "PIP_",
    "UV_",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
];

/// Variables that would make package tools install outside the machine, in lower case.
const LEFT: &[&str] = &[
    "npm_config_prefix",
    "npm_config_global_prefix",
    "npm_config_local_prefix",
    "npm_config_globalconfig",
    "pip_target",
    "pip_prefix",
    "pip_root",
    "pip_user",
    "pip_require_virtualenv",
    "pip_require_venv",
    "uv_tool_dir",
    "uv_tool_bin_dir",
    "uv_python_install_dir",
    "uv_project_environment",
];

/// What tools look for below the real home, and the variable that tells them where it is.
const OF_HOME: &[(&str, &str)] = &[
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("PYENV_ROOT", ".pyenv"),
    ("RBENV_ROOT", ".rbenv"),
    ("VOLTA_HOME", ".volta"),
    ("NVM_DIR", ".nvm"),
    ("NPM_CONFIG_USERCONFIG", ".npmrc"),
    ("PIP_CONFIG_FILE", ".config/pip/pip.conf"),
    ("PIP_CONFIG_FILE", ".pip/pip.conf"),
];

/// What every machine takes over from its host; it looks at the host once.
#[derive(Debug)]
pub(super) struct Host {
    kept: BTreeMap<String, String>,
    path: String,
}

impl Host {
    pub(super) fn of(environment: &Environment) -> Self {
        let mut kept: BTreeMap<String, String> = environment
            .iter()
            .filter(|(name, _)| is_kept(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, below) in OF_HOME {
            let given = environment
                .get(name)
                .or_else(|| environment.get(&name.to_lowercase()));
            if let Some(given) = given {
                kept.insert((*name).to_owned(), given.to_owned());
            } else if let Some(home) = environment.get("HOME") {
                let there = Path::new(home).join(below);
                if !kept.contains_key(*name)
                    && files::entry(&there).is_ok_and(|entry| entry != files::Entry::Absent)
                {
                    kept.insert((*name).to_owned(), there.to_string_lossy().into_owned());
                }
            }
        }
        let path = environment
            .get("PATH")
            .unwrap_or("/usr/local/bin:/usr/bin:/bin");
        Self {
            kept,
            path: path.to_owned(),
        }
    }

    /// The environment of a machine, without its secrets.
    pub(super) fn machine(&self, machine: &Path, home: &Path) -> BTreeMap<OsString, OsString> {
        let local = home.join(".local");
        let mut path = local.join("bin").into_os_string();
        path.push(":");
        path.push(&self.path);
        let own: [(&str, OsString); 12] = [
            ("HOME", home.into()),
            ("PATH", path),
            ("TMPDIR", machine.join("tmp").into()),
            ("XDG_CONFIG_HOME", home.join(".config").into()),
            ("XDG_DATA_HOME", local.join("share").into()),
            ("XDG_STATE_HOME", local.join("state").into()),
            ("XDG_CACHE_HOME", home.join(".cache").into()),
            ("XDG_RUNTIME_DIR", machine.join("run").into()),
            // Where package tools of the host put what they install for this machine.
            ("NPM_CONFIG_PREFIX", local.clone().into()),
            ("CARGO_INSTALL_ROOT", local.clone().into()),
            ("PYTHONUSERBASE", local.into()),
            (MARK, machine.into()),
        ];
        let kept = self
            .kept
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        kept.chain(own.into_iter().map(|(name, value)| (name.into(), value)))
            .collect()
    }
}

/// The secrets delivered to a machine, by name.
///
/// One that no variable can hold (a NUL byte, over 100 KiB) is there as a file only.
pub(super) fn secrets(machine: &Path) -> io::Result<Vec<(OsString, OsString)>> {
    const MOST: u64 = 100 << 10;
    let directory = machine.join("run/secrets");
    let mut secrets = Vec::new();
    for name in files::list(&directory)? {
        // A leftover of a killed delivery.
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        match files::read_limited(&directory.join(&name), MOST) {
            Ok(value) if value.contains(&0) => {}
            Ok(value) => secrets.push((name, OsStr::from_bytes(&value).to_owned())),
            // Taken back in the meantime, or too large.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge
                ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(secrets)
}

fn is_kept(name: &str) -> bool {
    let listed =
        KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    listed && !LEFT.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        let pairs = variables
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Host::of(&Environment::of(pairs))
            .machine(Path::new("/data/dev"), Path::new("/data/dev/home"))
    }

    fn get<'a>(environment: &'a BTreeMap<OsString, OsString>, name: &str) -> Option<&'a str> {
        environment.get(OsStr::new(name))?.to_str()
    }

    #[test]
    fn proxies_and_authorities_pass_and_tokens_do_not() {
        let seen = host(&[
            ("HTTPS_PROXY", "http://proxy:3128"),
            ("PIP_CERT", "/ca.pem"),
            ("npm_config_cafile", "/ca.pem"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("GITHUB_TOKEN", "x"),
            ("PATH", "/usr/bin"),
        ]);
        assert_eq!(get(&seen, "HTTPS_PROXY"), Some("http://proxy:3128"));
        assert_eq!(get(&seen, "PIP_CERT"), Some("/ca.pem"));
        assert_eq!(get(&seen, "npm_config_cafile"), Some("/ca.pem"));
        assert_eq!(get(&seen, "AWS_SECRET_ACCESS_KEY"), None);
        assert_eq!(get(&seen, "GITHUB_TOKEN"), None);
        assert_eq!(
            get(&seen, "PATH"),
            Some("/data/dev/home/.local/bin:/usr/bin")
        );
    }

    #[test]
    fn nothing_makes_tools_install_outside_the_machine() {
        let seen = host(&[
            ("npm_config_prefix", "/usr/local"),
            ("PIP_TARGET", "/opt"),
            ("CARGO_INSTALL_ROOT", "/opt"),
        ]);
        assert_eq!(get(&seen, "npm_config_prefix"), None);
        assert_eq!(get(&seen, "PIP_TARGET"), None);
        assert_eq!(
            get(&seen, "NPM_CONFIG_PREFIX"),
            Some("/data/dev/home/.local")
        );
        assert_eq!(
            get(&seen, "CARGO_INSTALL_ROOT"),
            Some("/data/dev/home/.local")
        );
    }

    #[test]
    fn what_the_hosts_tools_keep_below_the_real_home_is_found() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".cargo")).unwrap();
        std::fs::write(home.path().join(".npmrc"), "").unwrap();
        let home = home.path().to_str().unwrap();
        let seen = host(&[("HOME", home), ("RUSTUP_HOME", "/opt/rustup")]);
        assert_eq!(get(&seen, "CARGO_HOME").unwrap(), format!("{home}/.cargo"));
        assert_eq!(get(&seen, "RUSTUP_HOME"), Some("/opt/rustup"));
        assert_eq!(
            get(&seen, "NPM_CONFIG_USERCONFIG").unwrap(),
            format!("{home}/.npmrc")
        );
        assert_eq!(get(&seen, "PYENV_ROOT"), None);
        assert_eq!(get(&seen, "HOME"), Some("/data/dev/home"));
    }
}
