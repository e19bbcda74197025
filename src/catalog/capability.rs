//! What an extension brings to projects, logins and model contexts, and what runs around its
//! installation.

use std::collections::BTreeMap;
use std::time::Duration;

/// What an extension is capable of beside being there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What runs around its installation.
    pub hooks: Hooks,
    /// What it does in a new project; empty: nothing.
    pub project_init: Vec<InitCommand>,
    /// The login it needs.
    pub auth: Option<Auth>,
    /// The model context server it offers.
    pub mcp: Option<Mcp>,
}

/// What runs around an installation and a project's beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before the first step.
    pub pre_install: Option<Hook>,
    /// After the last one, once the configuration is written.
    pub post_install: Option<Hook>,
    /// Before a project begins.
    pub pre_project_init: Option<Hook>,
    /// After it.
    pub post_project_init: Option<Hook>,
}

/// One hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What runs.
    pub run: HookRun,
    /// What it does, in words.
    pub description: Option<String>,
    /// After how long it counts as failed.
    pub timeout: Duration,
}

/// What a hook runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookRun {
    /// A command line for `sh`.
    Command(String),
    /// A script of the folder; a key of [`Manifest::files`](super::Manifest::files).
    Script(String),
}

/// One command line of a project's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitCommand {
    /// The command line.
    pub command: String,
    /// What it does, in words.
    pub description: Option<String>,
    /// Whose login it needs.
    pub requires_auth: Option<String>,
}

/// The login an extension needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// With whom.
    pub provider: String,
    /// Whether the extension is of no use without.
    pub required: bool,
    /// Whether a key in the environment does.
    pub api_key: bool,
    /// Whether the tool's own login does.
    pub cli: bool,
    /// The environment variables that carry a key.
    pub variables: Vec<String>,
    /// The command line that tells whether somebody is logged in.
    pub validator: Option<String>,
}

/// The model context server an extension offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mcp {
    /// The command that starts it; none where the manifest leaves that to the tool.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// The names of what it offers.
    pub tools: Vec<String>,
}
