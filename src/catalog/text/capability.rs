//! What an extension brings to projects, logins and model contexts, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::scalar::{Loose, Seconds};

/// What an extension is capable of beside being there; v3's words.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(in crate::catalog) struct CapabilitiesText {
    /// What it does in a new project.
    pub(in crate::catalog) project_init: Option<ProjectInitText>,
    /// The login it needs.
    pub(in crate::catalog) auth: Option<AuthText>,
    /// What runs around its installation.
    pub(in crate::catalog) hooks: Option<HooksText>,
    /// The model context server it offers.
    pub(in crate::catalog) mcp: Option<McpText>,
    /// What it adds to a project's context file (v3); kept, not used.
    #[serde(rename = "project-context")]
    pub(in crate::catalog) _project_context: Loose,
    /// Switches of its own (v3); kept, not used.
    #[serde(rename = "features")]
    pub(in crate::catalog) _features: Loose,
    /// What it does about files that are there already (v3); kept, not used.
    #[serde(rename = "collision-handling")]
    pub(in crate::catalog) _collision_handling: Loose,
}

/// What runs around an installation and a project's beginning.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(in crate::catalog) struct HooksText {
    /// Before the first step.
    pub(in crate::catalog) pre_install: Option<HookText>,
    /// After the last one, once the configuration is written.
    pub(in crate::catalog) post_install: Option<HookText>,
    /// Before a project begins.
    pub(in crate::catalog) pre_project_init: Option<HookText>,
    /// After it.
    pub(in crate::catalog) post_project_init: Option<HookText>,
}

/// A hook: a command line, or a script of the folder.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct HookText {
    /// A command line for `sh`.
    pub(in crate::catalog) command: Option<String>,
    /// A script's path in the folder.
    pub(in crate::catalog) script: Option<String>,
    /// What it does.
    pub(in crate::catalog) description: Option<String>,
    /// Seconds after which it counts as failed; 120 where not said.
    pub(in crate::catalog) timeout: Option<Seconds>,
}

/// What it does in a new project.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) struct ProjectInitText {
    /// Whether it does.
    pub(in crate::catalog) enabled: bool,
    /// The command lines, in order.
    #[serde(default)]
    pub(in crate::catalog) commands: Vec<InitCommandText>,
    /// The files that tell it has been done (v3); kept, not used.
    #[serde(default, rename = "state-markers")]
    pub(in crate::catalog) _state_markers: Loose,
    /// The command that tells it has been done (v3); kept, not used.
    #[serde(default, rename = "validation")]
    pub(in crate::catalog) _validation: Loose,
}

/// One command line of a project's beginning.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::catalog) struct InitCommandText {
    /// The command line.
    pub(in crate::catalog) command: String,
    /// What it does.
    pub(in crate::catalog) description: Option<String>,
    /// Whose login it needs; `none` where it needs none.
    pub(in crate::catalog) requires_auth: Option<String>,
}

/// The login an extension needs.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::catalog) struct AuthText {
    /// With whom.
    pub(in crate::catalog) provider: String,
    /// Whether it is of no use without.
    #[serde(default)]
    pub(in crate::catalog) required: bool,
    /// The ways: `api-key`, `cli-auth`.
    #[serde(default)]
    pub(in crate::catalog) methods: Vec<AuthMethodText>,
    /// The environment variables that carry a key.
    #[serde(default)]
    pub(in crate::catalog) env_vars: Vec<String>,
    /// The command that tells whether somebody is logged in.
    pub(in crate::catalog) validator: Option<AuthValidatorText>,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalog) enum AuthMethodText {
    /// A key in the environment.
    ApiKey,
    /// The tool's own login.
    CliAuth,
}

/// The command that tells whether somebody is logged in.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
pub(in crate::catalog) struct AuthValidatorText {
    /// The command line.
    pub(in crate::catalog) command: String,
}

/// The model context server an extension offers.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
pub(in crate::catalog) struct McpText {
    /// Whether it does.
    pub(in crate::catalog) enabled: bool,
    /// How it is started.
    pub(in crate::catalog) server: Option<McpServerText>,
    /// What it offers.
    #[serde(default)]
    pub(in crate::catalog) tools: Vec<McpToolText>,
}

/// How a model context server is started.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
pub(in crate::catalog) struct McpServerText {
    /// The command.
    pub(in crate::catalog) command: String,
    /// Its arguments.
    #[serde(default)]
    pub(in crate::catalog) args: Vec<String>,
    /// Its environment.
    #[serde(default)]
    pub(in crate::catalog) env: BTreeMap<String, String>,
}

/// One thing a model context server offers.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
pub(in crate::catalog) struct McpToolText {
    /// Its name.
    pub(in crate::catalog) name: String,
    /// What it does (v3); kept, not used.
    #[serde(rename = "description")]
    pub(in crate::catalog) _description: Option<String>,
}
