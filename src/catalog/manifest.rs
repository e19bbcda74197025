//! An extension's manifest as the rest of Sindri uses it: complete, checked, with its files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capability::Capabilities;
use super::shelf::Folder;
use super::step::{Arch, Check, Distro, Step};
use crate::address::Name;
use crate::diagnostic::Diagnostics;
use crate::digest::Digest;
use crate::resource::{GpuVendor, ProviderKind, Size, UpgradeStrategy};

/// One extension: what it is, what it needs, how it gets into a machine and out again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its name; equals its folder's.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// What it is, in a line.
    pub description: String,
    /// What it belongs to.
    pub category: Category,
    /// The license of what it installs: an SPDX expression, or `proprietary`.
    pub license: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Who wrote the manifest.
    pub author: Option<String>,
    /// The extensions it needs first.
    pub dependencies: Vec<Name>,
    /// The tools of them that it needs, where it says which; else it needs their core.
    pub needs_tools: BTreeMap<Name, Vec<String>>,
    /// The extensions it is better with.
    pub soft_dependencies: Vec<SoftDependency>,
    /// The extensions it can't live beside.
    pub conflicts: Vec<Name>,
    /// The distributions it installs on; empty: any.
    pub distros: Vec<Distro>,
    /// Where it works and where it doesn't.
    pub compatibility: Compatibility,
    /// What it needs of machine and network.
    pub requirements: Requirements,
    /// How it is installed, as the manifest says it: `apt`, `npm`, `hybrid`…
    pub method: String,
    /// What an installation does, in order.
    pub steps: Vec<Step>,
    /// Whether a failed step that isn't core lets the others go on; the extension is then partial.
    pub continue_on_error: bool,
    /// Whether to report each tool that succeeded, not only those that failed.
    pub report_successes: bool,
    /// What must succeed for it to count as installed; never empty.
    pub validate: Vec<Check>,
    /// What is written once it is installed.
    pub configure: Configure,
    /// How it goes away.
    pub remove: Remove,
    /// How a newer version takes its place.
    pub upgrade: Upgrade,
    /// What it offers while the machine runs.
    pub service: Option<Service>,
    /// What it brings to projects, logins and model contexts, and its hooks.
    pub capabilities: Capabilities,
    /// What replaces it, where it is on its way out.
    pub deprecation: Option<Deprecation>,
    /// The scripts and templates of its folder, by path in the folder.
    pub files: Arc<BTreeMap<String, Arc<[u8]>>>,
    /// The digest of the manifest's text and of every file: what would be run.
    pub content: Digest,
    /// What its reader warned about.
    pub notes: Diagnostics,
    /// The folder it was read from, as a saved plan embeds it.
    pub folder: Arc<Folder>,
}

impl Manifest {
    /// Whether it installs on a distribution; what is meant for Ubuntu installs on Debian too.
    pub fn installs_on(&self, distro: Distro) -> bool {
        let listed = |distro| self.distros.contains(&distro);
        self.distros.is_empty()
            || listed(distro)
            || (distro == Distro::Debian && listed(Distro::Ubuntu))
    }
}

/// An extension that another one is better with: installed first where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftDependency {
    /// Its name.
    pub name: Name,
    /// What a person should know where it can't be installed.
    pub without: String,
}

/// What an extension belongs to; v3's words.
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
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Agents.
    AiAgents,
    /// Tools to build with models.
    AiDev,
    /// Claude's own.
    Claude,
    /// Cloud services.
    Cloud,
    /// Graphical desktops.
    Desktop,
    /// Operations.
    Devops,
    /// Writing.
    Documentation,
    /// Languages and their tools.
    Languages,
    /// Model context servers.
    Mcp,
    /// Package managers.
    PackageManager,
    /// Productivity.
    Productivity,
    /// Research.
    Research,
    /// Testing.
    Testing,
}

impl Category {
    /// All of them, by name.
    pub const ALL: [Self; 13] = [
        Self::AiAgents,
        Self::AiDev,
        Self::Claude,
        Self::Cloud,
        Self::Desktop,
        Self::Devops,
        Self::Documentation,
        Self::Languages,
        Self::Mcp,
        Self::PackageManager,
        Self::Productivity,
        Self::Research,
        Self::Testing,
    ];

    /// The word a manifest writes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AiAgents => "ai-agents",
            Self::AiDev => "ai-dev",
            Self::Claude => "claude",
            Self::Cloud => "cloud",
            Self::Desktop => "desktop",
            Self::Devops => "devops",
            Self::Documentation => "documentation",
            Self::Languages => "languages",
            Self::Mcp => "mcp",
            Self::PackageManager => "package-manager",
            Self::Productivity => "productivity",
            Self::Research => "research",
            Self::Testing => "testing",
        }
    }
}

/// Where an extension works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    /// The verdict for each provider named; the others: supported.
    pub providers: BTreeMap<ProviderKind, Support>,
    /// Why it isn't supported everywhere.
    pub reason: Option<String>,
    /// What to do instead, by provider.
    pub alternatives: BTreeMap<ProviderKind, String>,
}

impl Compatibility {
    /// The verdict for a provider.
    pub fn on(&self, provider: ProviderKind) -> Support {
        self.providers.get(&provider).copied().unwrap_or_default()
    }
}

/// How well an extension works on a provider.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// It works.
    #[default]
    Supported,
    /// Some of it works.
    Partial,
    /// It can't work.
    Unsupported,
}

/// What an extension needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The hosts its installation talks to.
    pub domains: Vec<String>,
    /// Disk it takes.
    pub disk: Option<Size>,
    /// Memory it wants.
    pub memory: Option<Size>,
    /// How long an installation usually takes.
    pub install_time: Option<Duration>,
    /// The names of the secrets it uses.
    pub secrets: Vec<String>,
    /// Its need of a GPU.
    pub gpu: Option<GpuNeed>,
    /// What of the machine it can't do without.
    pub needs: Vec<Need>,
    /// The architectures it installs on; empty: any.
    pub arch: Vec<Arch>,
}

/// Something of a machine that an extension can't do without.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A Docker daemon that runs in it, or that it may talk to.
    Docker,
    /// systemd as its first process.
    Systemd,
    /// A container with all rights.
    Privileged,
    /// A GPU.
    Gpu,
}

impl Need {
    /// The word a manifest writes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Systemd => "systemd",
            Self::Privileged => "privileged",
            Self::Gpu => "gpu",
        }
    }
}

/// An extension's need of a GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuNeed {
    /// Whether it is of no use without one; else it is recommended.
    pub required: bool,
    /// Who must make it; none: anyone.
    pub vendor: Option<GpuVendor>,
    /// How many at least.
    pub count: u32,
    /// How much memory each must have.
    pub memory: Option<Size>,
    /// The CUDA version it is built for.
    pub cuda: Option<String>,
}

/// What is written once an extension is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configure {
    /// Files put in place.
    pub templates: Vec<Template>,
    /// Environment variables set.
    pub environment: Vec<Variable>,
}

/// A file put in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its path in the extension's folder; a key of [`Manifest::files`].
    pub source: String,
    /// Where it goes: absolute, or under the machine's home (`~/…` or relative).
    pub destination: String,
    /// What to do where a file is already there.
    pub mode: TemplateMode,
}

/// What to do where a template's destination exists.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateMode {
    /// Replace it.
    #[default]
    Overwrite,
    /// Add to its end, once.
    Append,
    /// Merge keys.
    Merge,
    /// Leave it.
    SkipIfExists,
}

/// An environment variable an extension sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Its value; `$HOME` and the like are expanded in the machine.
    pub value: String,
    /// Who sees it.
    pub scope: VariableScope,
}

/// Who sees an extension's variable.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum VariableScope {
    /// Interactive shells.
    #[default]
    Bashrc,
    /// Login shells.
    Profile,
    /// The running session only.
    Session,
}

/// How an extension goes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remove {
    /// What to run, in order; what the install steps brought is removed without being named.
    pub steps: Vec<RemoveStep>,
    /// What to delete, absolute or under the machine's home.
    pub paths: Vec<String>,
}

/// One part of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoveStep {
    /// A script of the folder.
    Script {
        /// Its path in the folder.
        path: String,
        /// After how long it counts as failed.
        timeout: Duration,
    },
    /// Debian packages.
    Apt {
        /// Their names.
        packages: Vec<String>,
        /// Whether their configuration goes too.
        purge: bool,
    },
    /// Fedora packages.
    Dnf {
        /// Their names.
        packages: Vec<String>,
    },
    /// openSUSE packages.
    Zypper {
        /// Their names.
        packages: Vec<String>,
    },
    /// Tools through mise.
    Mise {
        /// Their names.
        tools: Vec<String>,
        /// Whether the configuration goes too.
        remove_config: bool,
    },
}

/// How a newer version takes an older one's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// The strategy.
    pub strategy: UpgradeStrategy,
    /// What brings an older version up to this one in place of the install scripts, where the strategy is to
    /// upgrade in place or to leave it to a person.
    pub script: Option<UpgradeScript>,
}

/// A script that upgrades over what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeScript {
    /// Its path in the folder.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// After how long it counts as failed.
    pub timeout: Duration,
}

impl Upgrade {
    /// The script that an upgrade runs in place of the install scripts.
    pub fn in_place(&self) -> Option<&UpgradeScript> {
        let script = self.script.as_ref();
        script.filter(|_| match self.strategy {
            UpgradeStrategy::InPlace | UpgradeStrategy::Manual => true,
            UpgradeStrategy::Automatic | UpgradeStrategy::Reinstall | UpgradeStrategy::None => {
                false
            }
        })
    }
}

/// What an extension offers while the machine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Whether it is started.
    pub enabled: bool,
    /// The command that starts it, with its arguments: one word is a command line for `sh`.
    pub start: Vec<String>,
    /// Where a command that goes into the background writes its process id.
    pub pid_file: Option<String>,
    /// Where its log is kept; none: beside Sindri's own files.
    pub log_file: Option<String>,
    /// The command line that stops it; none: its processes are ended.
    pub stop: Option<String>,
    /// How long that may take, before its processes are ended.
    pub stop_timeout: Duration,
    /// The command line that succeeds once it is ready.
    pub ready: Option<String>,
    /// How long that may take.
    pub ready_timeout: Duration,
    /// The environment variables without which it isn't started.
    pub requires_env: Vec<String>,
    /// The ports it listens on.
    pub ports: Vec<u16>,
}

/// An extension on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// Since which version.
    pub since: Option<String>,
    /// What to use instead.
    pub successor: Option<String>,
    /// What to tell people.
    pub message: Option<String>,
}
