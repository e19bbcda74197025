//! Validation, configuration, removal, upgrade and service of an extension, as written.

use serde::Deserialize;

use super::scalar::{Loose, Seconds};
use crate::catalog::manifest::{TemplateMode, VariableScope};

/// What is written once the extension is installed.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct ConfigureText {
    /// Files put in place.
    pub(in crate::catalog) templates: Vec<TemplateText>,
    /// Environment variables set.
    pub(in crate::catalog) environment: Vec<VariableText>,
}

/// A file put in place.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct TemplateText {
    /// Its path in the folder.
    pub(in crate::catalog) source: String,
    /// Where it goes: absolute, or under the machine's home.
    pub(in crate::catalog) destination: String,
    /// What to do where a file is already there.
    #[serde(default)]
    pub(in crate::catalog) mode: TemplateMode,
    /// When to write it (v3); not evaluated, with a warning.
    pub(in crate::catalog) condition: Option<Loose>,
}

/// An environment variable.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct VariableText {
    /// Its name.
    pub(in crate::catalog) key: String,
    /// Its value.
    pub(in crate::catalog) value: String,
    /// Who sees it.
    #[serde(default)]
    pub(in crate::catalog) scope: VariableScope,
}

/// What must succeed for the extension to count as installed.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ValidateText {
    /// Commands that must succeed.
    #[serde(default)]
    pub(in crate::catalog) commands: Vec<CommandText>,
    /// Tools mise must have.
    pub(in crate::catalog) mise: Option<MiseToolsText>,
}

/// A command that must succeed.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct CommandText {
    /// The command.
    pub(in crate::catalog) name: String,
    /// The step it proves, where that brings a tool of another name.
    pub(in crate::catalog) tool: Option<String>,
    /// Its arguments in one text; `--version` where neither these nor `args` are said.
    pub(in crate::catalog) version_flag: Option<String>,
    /// Its arguments one by one.
    pub(in crate::catalog) args: Option<Vec<String>>,
    /// A regular expression its output must match.
    pub(in crate::catalog) expected_pattern: Option<String>,
}

/// Tools mise must have.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct MiseToolsText {
    /// Their names.
    #[serde(default)]
    pub(in crate::catalog) tools: Vec<String>,
    /// How many of them at least; all where not said.
    pub(in crate::catalog) min_tool_count: Option<u32>,
}

/// How the extension goes away.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct RemoveText {
    /// Whether to ask first (v3); `destroy` and `apply` ask for the whole plan.
    #[serde(rename = "confirmation")]
    pub(in crate::catalog) _confirmation: Option<bool>,
    /// A script to run.
    pub(in crate::catalog) script: Option<RemoveScriptText>,
    /// Tools through mise.
    pub(in crate::catalog) mise: Option<RemoveMiseText>,
    /// Debian packages.
    pub(in crate::catalog) apt: Option<RemoveAptText>,
    /// Fedora packages.
    pub(in crate::catalog) dnf: Option<RemoveRpmText>,
    /// openSUSE packages.
    pub(in crate::catalog) zypper: Option<RemoveRpmText>,
    /// What to delete.
    pub(in crate::catalog) paths: Vec<String>,
}

/// A script that removes.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RemoveScriptText {
    /// Its path in the folder.
    pub(in crate::catalog) path: String,
    /// Seconds after which it counts as failed; 120 where not said.
    pub(in crate::catalog) timeout: Option<Seconds>,
}

/// Tools to remove through mise.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct RemoveMiseText {
    /// Whether the configuration goes too.
    #[serde(default)]
    pub(in crate::catalog) remove_config: bool,
    /// Their names.
    #[serde(default)]
    pub(in crate::catalog) tools: Vec<String>,
}

/// Debian packages to remove.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RemoveAptText {
    /// Their names.
    pub(in crate::catalog) packages: Vec<String>,
    /// Whether their configuration goes too.
    #[serde(default)]
    pub(in crate::catalog) purge: bool,
}

/// RPM packages to remove.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RemoveRpmText {
    /// Their names.
    pub(in crate::catalog) packages: Vec<String>,
}

/// How a newer version takes an older one's place.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct UpgradeText {
    /// The strategy.
    pub(in crate::catalog) strategy: StrategyText,
    /// mise's part (v3); kept, not used.
    #[serde(rename = "mise")]
    pub(in crate::catalog) _mise: Loose,
    /// apt's part (v3); kept, not used.
    #[serde(rename = "apt")]
    pub(in crate::catalog) _apt: Loose,
    /// dnf's part (v3); kept, not used.
    #[serde(rename = "dnf")]
    pub(in crate::catalog) _dnf: Loose,
    /// zypper's part (v3); kept, not used.
    #[serde(rename = "zypper")]
    pub(in crate::catalog) _zypper: Loose,
    /// A script that brings an older version up to this one, in place of the install scripts.
    pub(in crate::catalog) script: Option<UpgradeScriptText>,
}

/// A script that upgrades.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct UpgradeScriptText {
    /// Its path in the folder.
    pub(in crate::catalog) path: String,
    /// Its arguments.
    #[serde(default)]
    pub(in crate::catalog) args: Vec<String>,
    /// Seconds after which it counts as failed; 600 where not said.
    pub(in crate::catalog) timeout: Option<Seconds>,
}

/// The ways to upgrade; v3's schema and its code disagree on the last one's spelling.
#[derive(Clone, Copy, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) enum StrategyText {
    /// The install steps run again.
    #[default]
    Automatic,
    /// A person does it.
    Manual,
    /// Never.
    None,
    /// Removed, then installed.
    Reinstall,
    /// Over the old one.
    InPlace,
    /// The other spelling of `in-place`.
    Inplace,
}

/// What the extension offers while the machine runs.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ServiceText {
    /// Whether it is started.
    #[serde(default)]
    pub(in crate::catalog) enabled: bool,
    /// How it starts.
    pub(in crate::catalog) start: Option<StartText>,
    /// How it stops.
    pub(in crate::catalog) stop: Option<StopText>,
    /// When it is ready.
    pub(in crate::catalog) readiness: Option<ReadinessText>,
    /// The environment variables without which it isn't started.
    #[serde(default, rename = "requires-env")]
    pub(in crate::catalog) requires_env: Vec<String>,
    /// The ports it listens on.
    #[serde(default)]
    pub(in crate::catalog) ports: Vec<PortText>,
}

/// How a service starts.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct StartText {
    /// The command.
    pub(in crate::catalog) command: String,
    /// Its arguments.
    #[serde(default)]
    pub(in crate::catalog) args: Vec<String>,
    /// Where a command that goes into the background writes its process id.
    pub(in crate::catalog) pidfile: Option<String>,
    /// Where its log is kept; where not said, beside Sindri's own files.
    pub(in crate::catalog) logfile: Option<String>,
}

/// How a service stops.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct StopText {
    /// The command.
    pub(in crate::catalog) command: Option<String>,
    /// Seconds it may take; 10 where not said.
    pub(in crate::catalog) timeout: Option<Seconds>,
}

/// When a service is ready.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ReadinessText {
    /// The command that succeeds then.
    pub(in crate::catalog) check: String,
    /// Seconds it may take; 5 where not said.
    pub(in crate::catalog) timeout: Option<Seconds>,
}

/// A port a service listens on.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct PortText {
    /// In the machine.
    pub(in crate::catalog) container_port: u16,
    /// On the host.
    #[serde(rename = "hostPort")]
    pub(in crate::catalog) _host_port: Option<u16>,
    /// What is spoken on it.
    #[serde(rename = "protocol")]
    pub(in crate::catalog) _protocol: ProtocolText,
    /// Its name.
    #[serde(rename = "name")]
    pub(in crate::catalog) _name: String,
    /// What it is for.
    #[serde(rename = "description")]
    pub(in crate::catalog) _description: Option<String>,
    /// The variable that overrides it.
    #[serde(rename = "envOverride")]
    pub(in crate::catalog) _env_override: Option<String>,
    /// Whether people look at it.
    #[serde(rename = "ui")]
    pub(in crate::catalog) _ui: Option<bool>,
    /// The path that tells its health.
    #[serde(rename = "healthPath")]
    pub(in crate::catalog) _health_path: Option<String>,
}

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::catalog) enum ProtocolText {
    /// HTTP.
    Http,
    /// HTTPS.
    Https,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// An extension on its way out.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct DeprecationText {
    /// Whether it is.
    pub(in crate::catalog) deprecated: bool,
    /// Since which version or day.
    pub(in crate::catalog) since: Option<String>,
    /// What to use instead.
    pub(in crate::catalog) successor: Option<String>,
    /// What to tell people.
    pub(in crate::catalog) message: Option<String>,
}

/// The bill of materials.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct BomText {
    /// The tools it brings.
    #[serde(rename = "tools")]
    pub(in crate::catalog) _tools: Vec<BomToolText>,
    /// The files it brings.
    #[serde(rename = "files")]
    pub(in crate::catalog) _files: Vec<Loose>,
}

/// A tool of the bill of materials.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct BomToolText {
    /// Its name.
    #[serde(rename = "name")]
    pub(in crate::catalog) _name: String,
    /// Where it comes from.
    #[serde(rename = "source")]
    pub(in crate::catalog) _source: String,
    /// Its version.
    #[serde(rename = "version")]
    pub(in crate::catalog) _version: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub(in crate::catalog) _kind: Option<String>,
    /// Its licence.
    #[serde(rename = "license")]
    pub(in crate::catalog) _license: Option<String>,
    /// Its package URL.
    #[serde(rename = "purl")]
    pub(in crate::catalog) _purl: Option<String>,
    /// Its platform name.
    #[serde(rename = "cpe")]
    pub(in crate::catalog) _cpe: Option<String>,
    /// Its checksum; a text or a map of kind and value.
    #[serde(default, rename = "checksum")]
    pub(in crate::catalog) _checksum: Loose,
}
