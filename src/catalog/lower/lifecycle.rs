//! Validation, configuration, removal and service.

use std::time::Duration;

use super::super::finding::Finding;
use super::super::manifest::{
    Configure, Deprecation, Remove, RemoveStep, Service, Template, Upgrade, UpgradeScript, Variable,
};
use super::super::step::Check;
use super::super::text::{
    CommandText, ConfigureText, DeprecationText, RemoveText, ServiceText, StrategyText,
    UpgradeText, ValidateText,
};
use super::Lowering;
use super::mise::called;
use crate::resource::UpgradeStrategy;

impl Lowering {
    pub(super) fn checks(&mut self, text: ValidateText, timeout: Duration) -> Vec<Check> {
        let mut checks = Vec::new();
        for (index, command) in text.commands.into_iter().enumerate() {
            checks.push(self.check(&format!("validate/commands/{index}"), command, timeout));
        }
        if let Some(mise) = text.mise {
            let tools = self.words("validate/mise/tools", mise.tools);
            checks.extend(mise_checks(tools, mise.min_tool_count, timeout));
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
        if let Some(tool) = &command.tool {
            self.no_nul(&format!("{at}/tool"), tool);
        }
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
            tool: command.tool.unwrap_or_else(|| command.name.clone()),
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
                path: self.shell_script("remove/script/path", script.path),
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

    pub(super) fn upgrade(&mut self, text: UpgradeText) -> Upgrade {
        let strategy = strategy(text.strategy);
        let script = text.script.map(|script| {
            for arg in &script.args {
                self.no_nul("upgrade/script/args", arg);
            }
            let timeout = self.seconds("upgrade/script/timeout", script.timeout, 600);
            UpgradeScript {
                path: self.shell_script("upgrade/script/path", script.path),
                args: script.args,
                timeout,
            }
        });
        let upgrade = Upgrade { strategy, script };
        if upgrade.script.is_some() && upgrade.in_place().is_none() {
            self.findings.push(
                Finding::warning(
                    "upgrade/script",
                    "catalog::not-used",
                    "the upgrade's script runs with the strategies `in-place` and `manual` only",
                )
                .help("set `strategy: in-place`, or leave the script out"),
            );
        }
        upgrade
    }

    pub(super) fn service(&mut self, text: ServiceText) -> Service {
        let (mut start, mut pid_file, mut log_file) = (Vec::new(), None, None);
        if let Some(said) = text.start {
            self.line("service/start/command", &said.command);
            for arg in &said.args {
                self.no_nul("service/start/args", arg);
            }
            pid_file = said
                .pidfile
                .map(|path| self.target("service/start/pidfile", path));
            log_file = said
                .logfile
                .map(|path| self.target("service/start/logfile", path));
            start = std::iter::once(said.command).chain(said.args).collect();
        }
        for (index, key) in text.requires_env.iter().enumerate() {
            self.variable(&format!("service/requires-env/{index}"), key);
        }
        let (mut stop, mut stop_timeout) = (None, None);
        if let Some(said) = text.stop {
            if let Some(command) = &said.command {
                self.line("service/stop/command", command);
            }
            (stop, stop_timeout) = (said.command, said.timeout);
        }
        let (mut ready, mut ready_timeout) = (None, None);
        if let Some(said) = text.readiness {
            self.line("service/readiness/check", &said.check);
            (ready, ready_timeout) = (Some(said.check), said.timeout);
        }
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
            pid_file,
            log_file,
            stop,
            stop_timeout: self.seconds("service/stop/timeout", stop_timeout, 10),
            ready,
            ready_timeout: self.seconds("service/readiness/timeout", ready_timeout, 5),
            requires_env: text.requires_env,
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

/// What tells that mise has the tools: all of them, or as many of its tools as said.
fn mise_checks(tools: Vec<String>, least: Option<u32>, timeout: Duration) -> Vec<Check> {
    let check = |tool: &str, name: &str, args: Vec<String>| Check {
        tool: tool.to_owned(),
        name: name.to_owned(),
        args,
        expected: None,
        timeout,
    };
    let all = tools.len();
    match least {
        Some(least) if usize::try_from(least).is_ok_and(|least| least != all) => {
            let count = if all == 0 {
                "mise ls --installed --no-header 2>/dev/null | wc -l".to_owned()
            } else {
                "for tool; do mise where \"$tool\"; done 2>/dev/null | wc -l".to_owned()
            };
            let line = format!("[ \"$({count})\" -ge {least} ]");
            let mut args = vec!["-c".to_owned(), line, "mise".to_owned()];
            args.extend(tools);
            vec![check("mise", "sh", args)]
        }
        Some(_) | None => tools
            .into_iter()
            .map(|tool| {
                check(
                    called(&tool),
                    "mise",
                    vec!["where".to_owned(), tool.clone()],
                )
            })
            .collect(),
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

fn strategy(text: StrategyText) -> UpgradeStrategy {
    match text {
        StrategyText::Automatic => UpgradeStrategy::Automatic,
        StrategyText::Manual => UpgradeStrategy::Manual,
        StrategyText::None => UpgradeStrategy::None,
        StrategyText::Reinstall => UpgradeStrategy::Reinstall,
        StrategyText::InPlace | StrategyText::Inplace => UpgradeStrategy::InPlace,
    }
}
