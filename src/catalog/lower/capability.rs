//! Capabilities: hooks, logins, model contexts, what happens in a new project.

use super::super::capability::{Auth, Capabilities, Hook, HookRun, Hooks, InitCommand, Mcp};
use super::super::finding::Finding;
use super::super::text::{
    AuthMethodText, AuthText, CapabilitiesText, HookText, HooksText, McpText, ProjectInitText,
};
use super::Lowering;

impl Lowering {
    pub(super) fn capabilities(&mut self, text: CapabilitiesText) -> Capabilities {
        Capabilities {
            hooks: self.hooks(text.hooks.unwrap_or_default()),
            project_init: text
                .project_init
                .filter(|init| init.enabled)
                .map(|init| self.project_init(init))
                .unwrap_or_default(),
            auth: text.auth.map(|auth| self.auth(auth)),
            mcp: text.mcp.filter(|mcp| mcp.enabled).map(|mcp| self.mcp(mcp)),
        }
    }

    fn hooks(&mut self, text: HooksText) -> Hooks {
        Hooks {
            pre_install: self.hook("pre-install", text.pre_install),
            post_install: self.hook("post-install", text.post_install),
            pre_project_init: self.hook("pre-project-init", text.pre_project_init),
            post_project_init: self.hook("post-project-init", text.post_project_init),
        }
    }

    fn hook(&mut self, name: &str, text: Option<HookText>) -> Option<Hook> {
        let text = text?;
        let at = format!("capabilities/hooks/{name}");
        let timeout = self.seconds(&format!("{at}/timeout"), text.timeout, 120);
        let run = match (text.command, text.script) {
            (Some(command), None) => {
                self.line(&format!("{at}/command"), &command);
                HookRun::Command(command)
            }
            (None, Some(script)) => {
                HookRun::Script(self.shell_script(&format!("{at}/script"), script))
            }
            (Some(_), Some(_)) | (None, None) => {
                self.findings.push(
                    Finding::error(
                        &at,
                        "catalog::contradiction",
                        format!("the hook `{name}` wants one thing to run"),
                    )
                    .help("give it either `command` or `script`"),
                );
                return None;
            }
        };
        Some(Hook {
            run,
            description: text.description,
            timeout,
        })
    }

    fn project_init(&mut self, text: ProjectInitText) -> Vec<InitCommand> {
        let mut commands = Vec::new();
        for (index, command) in text.commands.into_iter().enumerate() {
            let at = format!("capabilities/project-init/commands/{index}/command");
            self.line(&at, &command.command);
            commands.push(InitCommand {
                command: command.command,
                description: command.description,
                requires_auth: command.requires_auth.filter(|whose| whose != "none"),
            });
        }
        commands
    }

    fn auth(&mut self, text: AuthText) -> Auth {
        for (index, key) in text.env_vars.iter().enumerate() {
            self.variable(&format!("capabilities/auth/envVars/{index}"), key);
        }
        if let Some(validator) = &text.validator {
            self.line("capabilities/auth/validator/command", &validator.command);
        }
        // Both ways where none is said, as in v3.
        let any = text.methods.is_empty();
        let says = |wanted: AuthMethodText| any || text.methods.contains(&wanted);
        Auth {
            required: text.required,
            api_key: says(AuthMethodText::ApiKey),
            cli: says(AuthMethodText::CliAuth),
            variables: text.env_vars,
            validator: text.validator.map(|validator| validator.command),
            provider: text.provider,
        }
    }

    fn mcp(&mut self, text: McpText) -> Mcp {
        let at = "capabilities/mcp/server";
        let mut mcp = Mcp {
            command: None,
            args: Vec::new(),
            env: std::collections::BTreeMap::new(),
            tools: text.tools.into_iter().map(|tool| tool.name).collect(),
        };
        if let Some(server) = text.server {
            self.line(&format!("{at}/command"), &server.command);
            for key in server.env.keys() {
                self.variable(&format!("{at}/env/{key}"), key);
            }
            mcp.command = Some(server.command);
            mcp.args = server.args;
            mcp.env = server.env;
        }
        mcp
    }

    /// A command line for `sh`: anything but nothing and NUL.
    pub(super) fn line(&mut self, at: &str, line: &str) {
        if line.trim().is_empty() {
            self.findings.push(Finding::error(
                at,
                "catalog::bad-word",
                "an empty command line does nothing",
            ));
        }
        self.no_nul(at, line);
    }
}
