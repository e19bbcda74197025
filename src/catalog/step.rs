//! What an installation does: typed steps and the checks that prove them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One part of an installation, with a result of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it brings, as results name it: a command, a package.
    pub tool: String,
    /// What to do.
    pub action: Action,
    /// After how long it counts as failed.
    pub timeout: Duration,
    /// Whether the extension is of no use without it; a failed step that isn't core leaves the
    /// extension partial where `continue_on_error` is set.
    pub core: bool,
    /// The distributions it is meant for; empty: all.
    pub distros: Vec<Distro>,
    /// What is deleted in the machine when it goes: for a script, whose effects nobody else knows.
    pub remove: Vec<String>,
}

impl Step {
    /// Whether it is meant for a distribution.
    pub fn runs_on(&self, distro: Distro) -> bool {
        self.distros.is_empty() || self.distros.contains(&distro)
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Debian packages.
    Apt {
        /// Package names, possibly `name=version`.
        packages: Vec<String>,
        /// Further signed repositories.
        repositories: Vec<AptRepository>,
        /// Whether to fetch the package lists first.
        update_first: bool,
    },
    /// npm packages, into the machine's own prefix.
    Npm {
        /// `name@version` each.
        packages: Vec<String>,
    },
    /// Python packages, into a virtual environment of the extension's own.
    Pip {
        /// Requirements, such as `ruff==0.14.0`.
        packages: Vec<String>,
    },
    /// A crate's binaries, built on the machine.
    Cargo {
        /// The crate.
        crate_: String,
        /// Its exact version; none: the newest.
        version: Option<String>,
        /// Features to switch on.
        features: Vec<String>,
        /// Whether to build with the crate's own lock file.
        locked: bool,
    },
    /// A script of the extension's folder.
    Script {
        /// Its path in the folder; a key of [`Manifest::files`](super::Manifest::files).
        path: String,
        /// Its arguments.
        args: Vec<String>,
        /// Environment it gets on top of the machine's.
        env: BTreeMap<String, String>,
    },
    /// Files fetched, verified by checksum and put in place.
    Binary {
        /// What to fetch; the installer takes those for the machine's architecture.
        downloads: Vec<Download>,
    },
    /// Tools through mise.
    Mise {
        /// `name@version` each; empty: all that the configuration file names.
        tools: Vec<String>,
        /// The configuration file in the extension's folder.
        config_file: Option<String>,
        /// Whether to rebuild the shims afterwards.
        reshim: bool,
    },
    /// Fedora packages.
    Dnf {
        /// Packages, repositories, groups.
        packages: RpmPackages,
    },
    /// openSUSE packages.
    Zypper {
        /// Packages, repositories, patterns.
        packages: RpmPackages,
    },
}

impl Action {
    /// The method's name as a manifest writes it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Apt { .. } => "apt",
            Self::Npm { .. } => "npm",
            Self::Pip { .. } => "pip",
            Self::Cargo { .. } => "cargo",
            Self::Script { .. } => "script",
            Self::Binary { .. } => "binary",
            Self::Mise { .. } => "mise",
            Self::Dnf { .. } => "dnf",
            Self::Zypper { .. } => "zypper",
        }
    }

    /// Whether this version can carry it out, or only read a manifest that names it.
    pub fn is_built(&self) -> bool {
        match self {
            Self::Apt { .. }
            | Self::Npm { .. }
            | Self::Pip { .. }
            | Self::Cargo { .. }
            | Self::Script { .. }
            | Self::Binary { .. }
            | Self::Mise { .. }
            | Self::Dnf { .. }
            | Self::Zypper { .. } => true,
        }
    }
}

/// A signed Debian repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AptRepository {
    /// The file it gets under the machine's list of sources; none: from the extension's name.
    pub name: Option<String>,
    /// The URL of its signing key.
    pub gpg_key: String,
    /// The fingerprint of that key, in upper-case hex. Only v3's manifests may lack it, with a
    /// warning; the installer must refuse a key it can't verify.
    pub fingerprint: Option<String>,
    /// The `deb …` line; `{codename}`, `{distro}`, `{arch}` and `{key}` are the machine's.
    pub sources: String,
}

/// What dnf and zypper install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpmPackages {
    /// Package names.
    pub names: Vec<String>,
    /// Repositories, by name and base URL.
    pub repositories: Vec<RpmRepository>,
    /// dnf's groups, zypper's patterns.
    pub groups: Vec<String>,
    /// Whether to refresh the lists first.
    pub update_first: bool,
}

/// A repository of RPM packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpmRepository {
    /// Its name; none: from the extension's name.
    pub name: Option<String>,
    /// The URL of its signing key.
    pub gpg_key: Option<String>,
    /// The fingerprint of that key, in upper-case hex.
    pub fingerprint: Option<String>,
    /// Where its packages are.
    pub base_url: String,
}

/// One file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The command or file it becomes.
    pub name: String,
    /// Where it comes from.
    pub source: DownloadSource,
    /// SHA-256 of what is fetched, in lower-case hex. Only v3's manifests may lack it, with a
    /// warning; the installer must refuse what it can't verify.
    pub sha256: Option<String>,
    /// The publisher's list of checksums, where `sha256` isn't known.
    pub checksums: Option<Checksums>,
    /// Where it goes: a directory or file under the machine's home; none: its `bin`.
    pub destination: Option<String>,
    /// Whether and how to unpack it.
    pub extract: Extract,
    /// The architecture it is for; none: any.
    pub arch: Option<Arch>,
}

/// A publisher's list of checksums: as `sha256sum` prints it, or one checksum alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksums {
    /// An asset of the same release.
    Asset(String),
    /// A URL; HTTPS.
    Url(String),
}

/// Where a download comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadSource {
    /// A URL.
    Url(String),
    /// A release asset of a GitHub repository (v3): `url` names the repository.
    GithubRelease {
        /// The repository's URL.
        url: String,
        /// The asset's name.
        asset: Option<String>,
        /// The release; `latest` where not said.
        version: String,
    },
    /// A package of the npm registry, fetched with `npm pack`.
    Npm {
        /// The package, possibly scoped.
        package: String,
        /// Its exact version.
        version: String,
    },
    /// A file of the Python package index, fetched with `pip download`.
    Pypi {
        /// The project.
        package: String,
        /// Its exact version.
        version: String,
        /// The wheel's or source distribution's file name.
        file: String,
    },
}

/// How a download is unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extract {
    /// Not at all: the file is the tool.
    No,
    /// One member of the archive becomes the tool.
    Member(String),
    /// The whole archive goes to the destination.
    All,
}

/// A processor architecture.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM.
    Aarch64,
}

impl Arch {
    /// The name `uname -m` prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

/// A Linux distribution, by `ID` of its os-release.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Distro {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Fedora.
    Fedora,
    /// openSUSE; its `ID` may go on, as in `opensuse-leap`.
    Opensuse,
}

impl Distro {
    /// The name as a manifest writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Ubuntu => "ubuntu",
            Self::Fedora => "fedora",
            Self::Opensuse => "opensuse",
        }
    }
}

/// A command that must succeed for an extension to count as installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The tool it proves, as steps name it; the command's name where the manifest says none.
    pub tool: String,
    /// The command.
    pub name: String,
    /// Its arguments; `--version` where the manifest says none.
    pub args: Vec<String>,
    /// A regular expression its output must match.
    pub expected: Option<String>,
    /// After how long it counts as failed.
    pub timeout: Duration,
}
