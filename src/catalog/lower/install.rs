//! Install steps: from blocks by method, or from a list of steps, to one typed list.

use std::time::Duration;

use super::super::finding::Finding;
use super::super::step::{Action, Distro, Step};
use super::super::text::{
    BinaryText, CargoText, InstallText, MethodText, NpmText, ScriptText, StepText,
};
use super::Lowering;
use super::blocks::Blocks;
use crate::diagnostic::Severity;

/// What a step is about beside its action.
#[derive(Clone)]
pub(super) struct Frame {
    timeout: Duration,
    core: bool,
    distros: Vec<Distro>,
    /// What is deleted when it goes.
    remove: Vec<String>,
    /// The tool a listed step names.
    pub(super) tool: Option<String>,
    /// Whether each package gets a step, so that one may fail alone.
    apart: bool,
}

impl Frame {
    pub(super) fn step(&self, tool: impl Into<String>, action: Action) -> Step {
        Step {
            tool: self.tool.clone().unwrap_or_else(|| tool.into()),
            action,
            timeout: self.timeout,
            core: self.core,
            distros: self.distros.clone(),
            remove: self.remove.clone(),
        }
    }
}

impl Lowering {
    pub(super) fn steps(&mut self, mut text: InstallText, timeout: Duration) -> Vec<Step> {
        let method = text.method;
        let frame = Frame {
            timeout,
            core: !text.continue_on_error,
            distros: Vec::new(),
            remove: Vec::new(),
            tool: None,
            apart: text.continue_on_error,
        };
        let listed = text.steps.take();
        let scripts = text.scripts.take();
        let mut blocks = Blocks {
            apt: text.apt,
            dnf: text.dnf,
            zypper: text.zypper,
            mise: text.mise,
            npm: text.npm,
            pip: text.pip,
            cargo: text.cargo,
            binary: text.binary,
            script: text.script,
        };
        let used = blocks.names();
        let mut steps = Vec::new();
        if let Some(listed) = listed {
            if let Some(block) = used.first() {
                self.findings.push(
                    Finding::error(
                        &format!("install/{block}"),
                        "catalog::contradiction",
                        format!("`{block}` stands beside `steps`"),
                    )
                    .on_key()
                    .help("make it a step, or drop `steps`"),
                );
            }
            for (index, step) in listed.into_iter().enumerate() {
                steps.extend(self.listed(&format!("install/steps/{index}"), step, &frame, method));
            }
        } else {
            self.leave_unused("install", method, &mut blocks);
            let rest = scripts.map_or_else(Vec::new, |scripts| {
                [
                    (Distro::Debian, scripts.debian),
                    (Distro::Ubuntu, scripts.ubuntu),
                    (Distro::Fedora, scripts.fedora),
                    (Distro::Opensuse, scripts.opensuse),
                ]
                .into_iter()
                .filter_map(|(distro, script)| script.map(|script| (distro, script)))
                .collect()
            });
            let (tail, left) = self.distro_scripts(rest, &frame, blocks.script.is_some());
            steps = self.blocks("install", blocks, &frame, &left);
            steps.extend(tail);
        }
        let told = self
            .findings
            .iter()
            .any(|f| f.severity == Severity::Error && f.at.starts_with("install"));
        if steps.is_empty() && !told {
            let method = method_name(method);
            self.findings.push(
                Finding::error(
                    "install/method",
                    "catalog::no-steps",
                    format!("the method is `{method}`, but nothing says what to install"),
                )
                .help(format!(
                    "add an `install.{method}` block or `install.steps`"
                )),
            );
        }
        steps
    }

    /// Leaves aside the blocks of other methods; `hybrid` takes all.
    fn leave_unused(&mut self, at: &str, method: MethodText, blocks: &mut Blocks) {
        let used = blocks.names();
        let own = match method {
            MethodText::Hybrid => return,
            MethodText::NpmGlobal => "npm",
            MethodText::Mise
            | MethodText::Apt
            | MethodText::Dnf
            | MethodText::Zypper
            | MethodText::Binary
            | MethodText::Npm
            | MethodText::Pip
            | MethodText::Cargo
            | MethodText::Script => method_name(method),
        };
        for block in used.iter().filter(|block| **block != own) {
            self.findings.push(
                Finding::warning(
                    &format!("{at}/{block}"),
                    "catalog::unused-block",
                    format!("the method is `{own}`, so `{block}` does not run"),
                )
                .on_key()
                .help("write `method: hybrid` to run both"),
            );
            blocks.drop_named(block);
        }
    }

    fn listed(&mut self, at: &str, text: StepText, frame: &Frame, method: MethodText) -> Vec<Step> {
        self.word(&format!("{at}/tool"), &text.tool);
        let timeout = match text.timeout {
            Some(_) => self.seconds(&format!("{at}/timeout"), text.timeout, 0),
            None => frame.timeout,
        };
        let mut blocks = Blocks {
            apt: text.apt,
            dnf: text.dnf,
            zypper: text.zypper,
            mise: text.mise,
            npm: text.npm,
            pip: text.pip,
            cargo: text.cargo,
            binary: text.binary,
            script: text.script,
        };
        let used = blocks.names();
        if used.len() != 1 {
            let summary = match used.as_slice() {
                [] => format!("the step of `{}` does nothing", text.tool),
                several => format!(
                    "the step of `{}` does {} at once",
                    text.tool,
                    several.join(" and ")
                ),
            };
            self.findings.push(
                Finding::error(at, "catalog::contradiction", summary)
                    .help("give each step exactly one of apt, npm, pip, cargo, binary, script, mise, dnf, zypper"),
            );
            return Vec::new();
        }
        self.leave_unused(at, method, &mut blocks);
        let frame = Frame {
            timeout,
            core: text.core,
            distros: text.distros,
            remove: text
                .remove
                .into_iter()
                .enumerate()
                .map(|(index, path)| self.target(&format!("{at}/remove/{index}"), path))
                .collect(),
            tool: Some(text.tool),
            apart: false,
        };
        self.blocks(at, blocks, &frame, &[])
    }

    /// One step for each script of a distribution, and the distributions they cover.
    fn distro_scripts(
        &mut self,
        scripts: Vec<(Distro, ScriptText)>,
        frame: &Frame,
        has_default: bool,
    ) -> (Vec<Step>, Vec<Distro>) {
        let own_debian = scripts.iter().any(|(distro, _)| *distro == Distro::Debian);
        let mut covered = Vec::new();
        let mut steps = Vec::new();
        for (distro, script) in scripts {
            let mut distros = vec![distro];
            if distro == Distro::Ubuntu && !own_debian {
                distros.push(Distro::Debian);
            }
            covered.extend(distros.clone());
            let frame = Frame {
                distros,
                ..frame.clone()
            };
            let at = format!("install/scripts/{}", distro.as_str());
            steps.extend(self.script(&at, script, &frame));
        }
        let left = if has_default && !covered.is_empty() {
            [
                Distro::Debian,
                Distro::Ubuntu,
                Distro::Fedora,
                Distro::Opensuse,
            ]
            .into_iter()
            .filter(|distro| !covered.contains(distro))
            .collect()
        } else {
            Vec::new()
        };
        (steps, left)
    }

    /// The steps of a set of blocks: system packages first, scripts last.
    fn blocks(
        &mut self,
        at: &str,
        blocks: Blocks,
        frame: &Frame,
        script_distros: &[Distro],
    ) -> Vec<Step> {
        let system = [
            blocks.apt.is_some(),
            blocks.dnf.is_some(),
            blocks.zypper.is_some(),
        ];
        let several = system.iter().filter(|there| **there).count() > 1;
        let only = |distros: &[Distro]| Frame {
            distros: if several {
                distros.to_vec()
            } else {
                frame.distros.clone()
            },
            ..frame.clone()
        };
        let mut steps = Vec::new();
        if let Some(apt) = blocks.apt {
            steps.extend(self.apt(
                &format!("{at}/apt"),
                apt,
                &only(&[Distro::Debian, Distro::Ubuntu]),
            ));
        }
        if let Some(dnf) = blocks.dnf {
            let packages = self.rpm(&format!("{at}/dnf"), dnf);
            steps.push(only(&[Distro::Fedora]).step("dnf packages", Action::Dnf { packages }));
        }
        if let Some(zypper) = blocks.zypper {
            let packages = self.rpm(&format!("{at}/zypper"), zypper);
            steps.push(
                only(&[Distro::Opensuse]).step("zypper packages", Action::Zypper { packages }),
            );
        }
        if let Some(mise) = blocks.mise {
            steps.extend(self.mise(&format!("{at}/mise"), mise, frame));
        }
        if let Some(npm) = blocks.npm {
            steps.extend(self.npm(&format!("{at}/npm"), npm, frame));
        }
        if let Some(pip) = blocks.pip {
            let packages = self.words(&format!("{at}/pip/packages"), pip.packages);
            steps.extend(each(packages, frame, |packages| Action::Pip { packages }));
        }
        if let Some(cargo) = blocks.cargo {
            steps.extend(self.cargo(&format!("{at}/cargo"), cargo, frame));
        }
        if let Some(binary) = blocks.binary {
            steps.extend(self.binary(&format!("{at}/binary"), binary, frame));
        }
        if let Some(script) = blocks.script {
            let mut frame = frame.clone();
            if !script_distros.is_empty() {
                frame.distros = script_distros.to_vec();
            }
            steps.extend(self.script(&format!("{at}/script"), script, &frame));
        }
        steps
    }

    fn npm(&mut self, at: &str, text: NpmText, frame: &Frame) -> Vec<Step> {
        let mut packages = self.words(&format!("{at}/packages"), text.packages);
        if let Some(package) = text.package {
            self.word(&format!("{at}/package"), &package);
            packages.insert(0, package);
        }
        each(packages, frame, |packages| Action::Npm { packages })
    }

    fn cargo(&mut self, at: &str, text: CargoText, frame: &Frame) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(krate) = text.krate {
            self.word(&format!("{at}/crate"), &krate);
            if let Some(version) = &text.version {
                self.word(&format!("{at}/version"), version);
            }
            let features = self.words(&format!("{at}/features"), text.features);
            steps.push(frame.step(
                krate.clone(),
                Action::Cargo {
                    crate_: krate,
                    version: text.version,
                    features,
                    locked: text.locked,
                },
            ));
        }
        for krate in self.words(&format!("{at}/crates"), text.crates) {
            let (name, version) = match krate.split_once('@') {
                Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
                None => (krate, None),
            };
            steps.push(frame.step(
                name.clone(),
                Action::Cargo {
                    crate_: name,
                    version,
                    features: Vec::new(),
                    locked: text.locked,
                },
            ));
        }
        steps
    }

    fn script(&mut self, at: &str, text: ScriptText, frame: &Frame) -> Vec<Step> {
        let path = self.shell_script(&format!("{at}/path"), text.path);
        for arg in &text.args {
            self.no_nul(&format!("{at}/args"), arg);
        }
        for (key, value) in &text.env {
            self.variable(&format!("{at}/env/{key}"), key);
            self.no_nul(&format!("{at}/env/{key}"), value);
        }
        let default = if frame.tool.is_some() {
            frame.timeout.as_secs()
        } else {
            600
        };
        let timeout = self.seconds(&format!("{at}/timeout"), text.timeout, default);
        let frame = Frame {
            timeout,
            ..frame.clone()
        };
        vec![frame.step(
            path.clone(),
            Action::Script {
                path,
                args: text.args,
                env: text.env,
            },
        )]
    }

    fn binary(&mut self, at: &str, text: BinaryText, frame: &Frame) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (index, download) in text.downloads.into_iter().enumerate() {
            let at = format!("{at}/downloads/{index}");
            let Some(download) = self.download(&at, download) else {
                continue;
            };
            // The same tool for another architecture belongs to the same step.
            let name = download.name.clone();
            let same = steps.iter_mut().find_map(|step| match &mut step.action {
                Action::Binary { downloads }
                    if frame.tool.is_some() || downloads.iter().any(|d| d.name == name) =>
                {
                    Some(downloads)
                }
                Action::Binary { .. }
                | Action::Apt { .. }
                | Action::Npm { .. }
                | Action::Pip { .. }
                | Action::Cargo { .. }
                | Action::Script { .. }
                | Action::Mise { .. }
                | Action::Dnf { .. }
                | Action::Zypper { .. } => None,
            });
            match same {
                Some(downloads) => downloads.push(download),
                None => steps.push(frame.step(
                    name,
                    Action::Binary {
                        downloads: vec![download],
                    },
                )),
            }
        }
        steps
    }
}

/// One step for all packages, or one each where one may fail alone.
fn each(packages: Vec<String>, frame: &Frame, action: fn(Vec<String>) -> Action) -> Vec<Step> {
    if packages.is_empty() {
        return Vec::new();
    }
    if !frame.apart {
        let tools: Vec<&str> = packages.iter().map(|package| bare(package)).collect();
        return vec![frame.step(tools.join(" "), action(packages))];
    }
    packages
        .into_iter()
        .map(|package| frame.step(bare(&package).to_owned(), action(vec![package])))
        .collect()
}

/// A package's name without its version.
fn bare(package: &str) -> &str {
    let end = package
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '@' | '=' | '<' | '>' | '!' | '~' | '['))
        .map_or(package.len(), |(index, _)| index);
    &package[..end]
}

pub(super) fn method_name(method: MethodText) -> &'static str {
    match method {
        MethodText::Mise => "mise",
        MethodText::Apt => "apt",
        MethodText::Dnf => "dnf",
        MethodText::Zypper => "zypper",
        MethodText::Binary => "binary",
        MethodText::Npm => "npm",
        MethodText::NpmGlobal => "npm-global",
        MethodText::Pip => "pip",
        MethodText::Cargo => "cargo",
        MethodText::Script => "script",
        MethodText::Hybrid => "hybrid",
    }
}
