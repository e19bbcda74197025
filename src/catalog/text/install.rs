//! How an extension is installed, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::scalar::Seconds;
use crate::catalog::step::{Arch, Distro};

/// How the extension is installed.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct InstallText {
    /// The method; `hybrid` takes every block that is there.
    pub(in crate::catalog) method: MethodText,
    /// Whether a tool that fails lets the others go on.
    #[serde(default)]
    pub(in crate::catalog) continue_on_error: bool,
    /// Whether to report each tool that succeeded.
    #[serde(default)]
    pub(in crate::catalog) report_successes: bool,
    /// The steps one by one, each with a result of its own; instead of the blocks below.
    pub(in crate::catalog) steps: Option<Vec<StepText>>,
    /// Debian packages.
    pub(in crate::catalog) apt: Option<AptText>,
    /// Fedora packages.
    pub(in crate::catalog) dnf: Option<RpmText>,
    /// openSUSE packages.
    pub(in crate::catalog) zypper: Option<RpmText>,
    /// Tools through mise.
    pub(in crate::catalog) mise: Option<MiseText>,
    /// npm packages.
    pub(in crate::catalog) npm: Option<NpmText>,
    /// Python packages.
    pub(in crate::catalog) pip: Option<PipText>,
    /// Crates.
    pub(in crate::catalog) cargo: Option<CargoText>,
    /// Files fetched and verified.
    pub(in crate::catalog) binary: Option<BinaryText>,
    /// A script of the folder.
    pub(in crate::catalog) script: Option<ScriptText>,
    /// A script for each distribution, before `script`.
    pub(in crate::catalog) scripts: Option<ScriptsText>,
}

/// How an extension is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) enum MethodText {
    /// Tools through mise.
    Mise,
    /// Debian packages.
    Apt,
    /// Fedora packages.
    Dnf,
    /// openSUSE packages.
    Zypper,
    /// Files fetched and verified.
    Binary,
    /// npm packages.
    Npm,
    /// v3's other word for `npm`.
    NpmGlobal,
    /// Python packages.
    Pip,
    /// Crates.
    Cargo,
    /// A script of the folder.
    Script,
    /// Several of them.
    Hybrid,
}

/// One step: a tool, and exactly one block that brings it.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct StepText {
    /// What it brings.
    pub(in crate::catalog) tool: String,
    /// Whether the extension is of no use without it.
    #[serde(default = "yes")]
    pub(in crate::catalog) core: bool,
    /// Seconds after which it counts as failed.
    pub(in crate::catalog) timeout: Option<Seconds>,
    /// The distributions it is meant for; all where not said.
    #[serde(default)]
    pub(in crate::catalog) distros: Vec<Distro>,
    /// What is deleted when it goes, absolute or under the machine's home: for a script, whose
    /// effects nobody else knows.
    #[serde(default)]
    pub(in crate::catalog) remove: Vec<String>,
    /// Debian packages.
    pub(in crate::catalog) apt: Option<AptText>,
    /// Fedora packages.
    pub(in crate::catalog) dnf: Option<RpmText>,
    /// openSUSE packages.
    pub(in crate::catalog) zypper: Option<RpmText>,
    /// Tools through mise.
    pub(in crate::catalog) mise: Option<MiseText>,
    /// npm packages.
    pub(in crate::catalog) npm: Option<NpmText>,
    /// Python packages.
    pub(in crate::catalog) pip: Option<PipText>,
    /// A crate.
    pub(in crate::catalog) cargo: Option<CargoText>,
    /// Files fetched and verified.
    pub(in crate::catalog) binary: Option<BinaryText>,
    /// A script of the folder.
    pub(in crate::catalog) script: Option<ScriptText>,
}

/// Debian packages.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct AptText {
    /// Package names, possibly `name=version`.
    #[serde(default)]
    pub(in crate::catalog) packages: Vec<String>,
    /// Further signed repositories.
    #[serde(default)]
    pub(in crate::catalog) repositories: Vec<AptRepositoryText>,
    /// Whether to fetch the package lists first.
    #[serde(default = "yes")]
    pub(in crate::catalog) update_first: bool,
}

/// A signed Debian repository.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct AptRepositoryText {
    /// The name of its file on the machine.
    pub(in crate::catalog) name: Option<String>,
    /// The URL of its signing key.
    pub(in crate::catalog) gpg_key: String,
    /// The fingerprint of that key: 40 hexadecimal digits, spaces allowed.
    pub(in crate::catalog) fingerprint: Option<String>,
    /// The `deb …` line; `{codename}`, `{distro}`, `{arch}` and `{key}` are the machine's.
    pub(in crate::catalog) sources: String,
}

/// Fedora's or openSUSE's packages.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct RpmText {
    /// Package names.
    pub(in crate::catalog) packages: Vec<String>,
    /// Further repositories.
    #[serde(default)]
    pub(in crate::catalog) repositories: Vec<RpmRepositoryText>,
    /// dnf's groups.
    #[serde(default)]
    pub(in crate::catalog) groups: Vec<String>,
    /// zypper's patterns.
    #[serde(default)]
    pub(in crate::catalog) patterns: Vec<String>,
    /// Whether to refresh the lists first.
    #[serde(default)]
    pub(in crate::catalog) update_first: bool,
}

/// A repository of RPM packages.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct RpmRepositoryText {
    /// Its name.
    pub(in crate::catalog) name: Option<String>,
    /// The URL of its signing key.
    pub(in crate::catalog) gpg_key: Option<String>,
    /// The fingerprint of that key: 40 hexadecimal digits, spaces allowed.
    pub(in crate::catalog) fingerprint: Option<String>,
    /// Where its packages are.
    pub(in crate::catalog) base_url: String,
}

/// Tools through mise.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct MiseText {
    /// The tools, `name@version` each, such as `go@1.25.4` or `npm:@scope/tool@1.0.0`.
    #[serde(default)]
    pub(in crate::catalog) tools: Vec<String>,
    /// The configuration file in the folder.
    pub(in crate::catalog) config_file: Option<String>,
    /// Whether to rebuild the shims afterwards.
    #[serde(default = "yes")]
    pub(in crate::catalog) reshim_after_install: bool,
}

/// npm packages: one, or a list with a result for each.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct NpmText {
    /// One package, `name@version`.
    pub(in crate::catalog) package: Option<String>,
    /// Several.
    #[serde(default)]
    pub(in crate::catalog) packages: Vec<String>,
}

/// Python packages, in a virtual environment of the extension's own.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct PipText {
    /// Requirements, such as `ruff==0.14.0`.
    pub(in crate::catalog) packages: Vec<String>,
}

/// A crate's binaries, or those of several.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct CargoText {
    /// One crate.
    #[serde(rename = "crate")]
    pub(in crate::catalog) krate: Option<String>,
    /// Its exact version.
    pub(in crate::catalog) version: Option<String>,
    /// Features to switch on.
    #[serde(default)]
    pub(in crate::catalog) features: Vec<String>,
    /// Whether to build with the crate's own lock file.
    #[serde(default = "yes")]
    pub(in crate::catalog) locked: bool,
    /// Several crates, `name@version` each.
    #[serde(default)]
    pub(in crate::catalog) crates: Vec<String>,
}

/// Files fetched and verified.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct BinaryText {
    /// What to fetch.
    pub(in crate::catalog) downloads: Vec<DownloadText>,
}

/// One file to fetch.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct DownloadText {
    /// The command or file it becomes.
    pub(in crate::catalog) name: String,
    /// Where it comes from.
    pub(in crate::catalog) source: SourceText,
    /// SHA-256 of what is fetched; may stand in `source` too.
    pub(in crate::catalog) sha256: Option<String>,
    /// The publisher's own list of checksums, where no `sha256` is said.
    pub(in crate::catalog) checksums: Option<ChecksumsText>,
    /// Where it goes, under the machine's home; its `bin` where not said.
    pub(in crate::catalog) destination: Option<String>,
    /// Whether it is an archive to unpack.
    #[serde(default)]
    pub(in crate::catalog) extract: bool,
    /// The one member of the archive that becomes the tool.
    pub(in crate::catalog) member: Option<String>,
    /// The architecture it is for; any where not said.
    pub(in crate::catalog) arch: Option<Arch>,
}

/// The publisher's list of checksums: as `sha256sum` prints it, or one checksum alone.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ChecksumsText {
    /// The release asset that is the list.
    pub(in crate::catalog) asset: Option<String>,
    /// The URL of the list; HTTPS.
    pub(in crate::catalog) url: Option<String>,
}

/// Where a download comes from.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct SourceText {
    /// The kind of place.
    #[serde(rename = "type")]
    pub(in crate::catalog) kind: SourceKind,
    /// The URL; for `github-release` the repository's. `{version}` and `{arch}` are filled in.
    pub(in crate::catalog) url: Option<String>,
    /// The release asset's name. `{version}` (without a leading v) and `{arch}` are filled in.
    pub(in crate::catalog) asset: Option<String>,
    /// The release's or package's version.
    pub(in crate::catalog) version: Option<String>,
    /// The package in its registry.
    pub(in crate::catalog) package: Option<String>,
    /// The file in its registry, where a version has several.
    pub(in crate::catalog) file: Option<String>,
    /// SHA-256 of what is fetched.
    pub(in crate::catalog) sha256: Option<String>,
}

/// The kind of place a download comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) enum SourceKind {
    /// A release asset.
    GithubRelease,
    /// A URL.
    DirectUrl,
    /// A package of the npm registry.
    Npm,
    /// A file of the Python package index.
    Pypi,
}

/// A script of the folder.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ScriptText {
    /// Its path in the folder.
    pub(in crate::catalog) path: String,
    /// Its arguments.
    #[serde(default)]
    pub(in crate::catalog) args: Vec<String>,
    /// Environment it gets on top of the machine's.
    #[serde(default)]
    pub(in crate::catalog) env: BTreeMap<String, String>,
    /// Seconds after which it counts as failed; 600 where not said.
    pub(in crate::catalog) timeout: Option<Seconds>,
}

/// A script for each distribution.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ScriptsText {
    /// For Debian; `ubuntu`'s where not said.
    pub(in crate::catalog) debian: Option<ScriptText>,
    /// For Ubuntu.
    pub(in crate::catalog) ubuntu: Option<ScriptText>,
    /// For Fedora.
    pub(in crate::catalog) fedora: Option<ScriptText>,
    /// For openSUSE.
    pub(in crate::catalog) opensuse: Option<ScriptText>,
}

fn yes() -> bool {
    true
}
