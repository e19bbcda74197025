//! Validation, configuration, removal and service.

use std::time::Duration;

use super::super::finding::Finding;
use super::super::manifest::{
    Configure, Deprecation, Remove, RemoveStep, Service, Template, UpgradeStrategy, Variable,
};
use super::super::step::Check;
use super::super::text::{
    CommandText, ConfigureText, DeprecationText, RemoveText, ServiceText, StrategyText,
    ValidateText,
};
use super::Lowering;

impl Lowering {
    pub(super) fn checks(&mut self, text: ValidateText, timeout: Duration) -> Vec<Check> {
        let mut checks = Vec::new();
        for (index, command) in text.commands.into_iter().enumerate() {
            checks.push(self.check(&format!("validate/commands/{index}"), command, timeout));
        }
        if let Some(mise) = text.mise {
            let tools = self.words("validate/mise/tools", mise.tools);
            checks.extend(tools.into_iter().map(|tool| Check {
                name: "mise".to_owned(),
                args: vec!["where".to_owned(), tool],
                expected: None,
                timeout,
            }));
        }
        if checks.is_empty() {
            self.findings.push(
                Finding::error(
                    "validate",
                    "catalog::no-validation",
                    "nothing tells whether the extension works once it is installed",
                )
                .on_key()
                .help("name at least one command under `validate.commands`"),
            );
        }
        checks
    }

    fn check(&mut self, at: &str, command: CommandText, timeout: Duration) -> Check {
        self.word(&format!("{at}/name"), &command.name);
        let args = match (command.args, command.version_flag) {
            (Some(_), Some(_)) => {
                self.findings.push(Finding::error(
                    &format!("{at}/args"),
                    "catalog::contradiction",
                    "`args` and `versionFlag` say the same thing twice",
                ));
                Vec::new()
            }
            (Some(args), None) => args,
            (None, Some(flag)) => flag.split_whitespace().map(str::to_owned).collect(),
            (None, None) => vec!["--version".to_owned()],
        };
        for arg in &args {
            self.no_nul(at, arg);
        }
        Check {
            name: command.name,
            args,
            expected: command.expected_pattern,
            timeout,
        }
    }

    pub(super) fn configure(&mut self, text: ConfigureText) -> Configure {
        let mut configure = Configure::default();
        for (index, template) in text.templates.into_iter().enumerate() {
            let at = format!("configure/templates/{index}");
            if template.condition.is_some() {
                self.findings.push(
                    Finding::warning(
                        &format!("{at}/condition"),
                        "catalog::not-evaluated",
                        "conditions of templates are not evaluated: the file is written always",
                    )
                    .on_key(),
                );
            }
            configure.templates.push(Template {
                source: self.file(&format!("{at}/source"), template.source),
                destination: self.target(&format!("{at}/destination"), template.destination),
                mode: template.mode,
            });
        }
        for (index, variable) in text.environment.into_iter().enumerate() {
            let at = format!("configure/environment/{index}");
            self.variable(&format!("{at}/key"), &variable.key);
            self.no_nul(&format!("{at}/value"), &variable.value);
            configure.environment.push(Variable {
                key: variable.key,
                value: variable.value,
                scope: variable.scope,
            });
        }
        configure
    }

    pub(super) fn remove(&mut self, text: RemoveText) -> Remove {
        let mut remove = Remove::default();
        if let Some(script) = text.script {
            let timeout = self.seconds("remove/script/timeout", script.timeout, 120);
            remove.steps.push(RemoveStep::Script {
                path: self.file("remove/script/path", script.path),
                timeout,
            });
        }
        if let Some(mise) = text.mise {
            remove.steps.push(RemoveStep::Mise {
                tools: self.words("remove/mise/tools", mise.tools),
                remove_config: mise.remove_config,
            });
        }
        if let Some(apt) = text.apt {
            remove.steps.push(RemoveStep::Apt {
                packages: self.words("remove/apt/packages", apt.packages),
                purge: apt.purge,
            });
        }
        if let Some(dnf) = text.dnf {
            remove.steps.push(RemoveStep::Dnf {
                packages: self.words("remove/dnf/packages", dnf.packages),
            });
        }
        if let Some(zypper) = text.zypper {
            remove.steps.push(RemoveStep::Zypper {
                packages: self.words("remove/zypper/packages", zypper.packages),
            });
        }
        for (index, path) in text.paths.into_iter().enumerate() {
            let at = format!("remove/paths/{index}");
            if names_everything(&path) {
                self.findings.push(Finding::error(
                    &at,
                    "catalog::path-escapes",
                    format!("deleting `{path}` would delete what the extension never made"),
                ));
            }
            let path = self.target(&at, path);
            remove.paths.push(path);
        }
        remove
    }

    pub(super) fn service(&mut self, text: ServiceText) -> Service {
        let start = text.start.map_or_else(Vec::new, |start| {
            std::iter::once(start.command).chain(start.args).collect()
        });
        if text.enabled && start.is_empty() {
            self.findings.push(
                Finding::error(
                    "service/start",
                    "catalog::missing-field",
                    "a service that is enabled needs `start`",
                )
                .help("name the command that starts it under `service.start.command`"),
            );
        }
        Service {
            enabled: text.enabled,
            start,
            stop: text.stop.and_then(|stop| stop.command),
            ready: text.readiness.map(|readiness| readiness.check),
            ports: text.ports.iter().map(|port| port.container_port).collect(),
        }
    }

    pub(super) fn deprecation(&mut self, text: Option<DeprecationText>) -> Option<Deprecation> {
        let text = text.filter(|text| text.deprecated)?;
        let mut finding = Finding::warning(
            "deprecation/deprecated",
            "catalog::deprecated",
            text.message
                .clone()
                .unwrap_or_else(|| "the extension is deprecated".to_owned()),
        );
        if let Some(successor) = &text.successor {
            finding = finding.help(format!("use `{successor}` instead"));
        }
        self.findings.push(finding);
        Some(Deprecation {
            since: text.since,
            successor: text.successor,
            message: text.message,
        })
    }
}

/// Whether a path to delete names a root or a home as a whole.
fn names_everything(path: &str) -> bool {
    let bare = path.trim_end_matches(['/', '*', '.']);
    matches!(
        bare,
        "" | "~" | "$HOME" | "${HOME}" | "/home" | "/root" | "/usr" | "/etc" | "/var"
    )
}

pub(super) fn strategy(text: StrategyText) -> UpgradeStrategy {
    match text {
        StrategyText::Automatic => UpgradeStrategy::Automatic,
        StrategyText::Manual => UpgradeStrategy::Manual,
        StrategyText::None => UpgradeStrategy::None,
        StrategyText::Reinstall => UpgradeStrategy::Reinstall,
        StrategyText::InPlace | StrategyText::Inplace => UpgradeStrategy::InPlace,
    }
}
