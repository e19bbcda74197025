//! Why an installation failed.

use crate::address::Address;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::provider::ProviderError;
use crate::state::PartFailure;

/// Why an extension couldn't be installed, removed or looked at; holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The machine couldn't be worked in.
    #[error("failed to reach machine `{machine}`")]
    Machine {
        /// The machine.
        machine: String,
        /// What its provider says.
        #[source]
        source: Box<ProviderError>,
    },
    /// A step failed for good.
    #[error("extension `{}` failed at `{}` ({}): {}", .0.address.leaf(), .0.tool, .0.method, .0.why())]
    Step(Box<StepFailure>),
    /// Every step went well, and a validation doesn't.
    #[error("extension `{}` doesn't validate: `{}` {}", .0.address.leaf(), .0.command, .0.reason)]
    Check(Box<CheckFailure>),
    /// None of its tools works, though none of them alone is needed.
    #[error("extension `{}` failed: none of its tools works", address.leaf())]
    Nothing {
        /// The extension.
        address: Address,
        /// What failed, and why.
        failed: Vec<PartFailure>,
    },
    /// The machine lacks what every installation needs.
    #[error("machine `{machine}` lacks `{tool}`")]
    Lacks {
        /// The machine.
        machine: String,
        /// The missing program.
        tool: String,
    },
    /// A step that this version can't carry out.
    #[error("extension `{}` can't be installed: {reason}", address.leaf())]
    Unbuilt {
        /// The extension.
        address: Address,
        /// Why.
        reason: String,
    },
    /// The job's folder couldn't be written, or the job vanished again and again.
    #[error("the job of extension `{}` {what}", address.leaf())]
    Job {
        /// The extension.
        address: Address,
        /// What happened to it.
        what: String,
    },
}

/// A validation that fails although every step went well.
#[derive(Debug)]
pub struct CheckFailure {
    /// The extension.
    pub address: Address,
    /// The command that was asked.
    pub command: String,
    /// What is wrong with its answer.
    pub reason: String,
    /// What it printed last.
    pub tail: Vec<String>,
}

/// A step that failed for good.
#[derive(Debug)]
pub struct StepFailure {
    /// The extension.
    pub address: Address,
    /// The tool the step brings.
    pub tool: String,
    /// How: `apt`, `npm`…
    pub method: &'static str,
    /// Its exit code; 124 where its time was up.
    pub code: i32,
    /// Its limit in seconds.
    pub seconds: u64,
    /// The last lines it printed, at most 20.
    pub tail: Vec<String>,
    /// The other tools of the extension that are there.
    pub stand: Vec<String>,
    /// Those that weren't tried any more.
    pub untried: Vec<String>,
}

impl StepFailure {
    fn why(&self) -> String {
        match self.code {
            124 => format!("its {} s are up", self.seconds),
            127 => "a program it needs isn't there (exit code 127)".to_owned(),
            code => format!("exit code {code}"),
        }
    }

    /// Whether its last lines hold one of these words.
    fn said(&self, words: &[&str]) -> bool {
        let mut lines = self.tail.iter();
        lines.any(|line| words.iter().any(|word| line.contains(word)))
    }

    fn help(&self) -> &'static str {
        match self.code {
            124 => {
                "raise the step's `timeout` in its manifest, or look at what it waits for; \
                    apply again repeats no finished step"
            }
            127 => {
                "add the extension that brings the program, or install it in the machine; \
                    apply again repeats no finished step"
            }
            _ if self.said(&["ertificate ", "CERT_", "CERTIFICATE_"]) => {
                "name the authority that signed it in `caCertificates`, and apply again: \
                    finished steps aren't repeated"
            }
            _ if self.said(&["resolve", "ENOTFOUND", "onnection refused", "connect to"]) => {
                "look at the machine's network; in a closed one, set `mirrors` or `network.proxy`, \
                    and apply again: finished steps aren't repeated"
            }
            _ => "mend what its output names and apply again: finished steps aren't repeated",
        }
    }
}

impl Diagnose for InstallError {
    fn diagnose(&self) -> Diagnostics {
        let finding = |code| Diagnostic::error(Code::new(code), self.to_string());
        let finding = match self {
            Self::Machine { source, .. } => {
                let mut findings = source.diagnose();
                for finding in &mut findings {
                    finding.causes.insert(0, finding.summary.clone());
                    finding.summary = self.to_string();
                }
                return findings;
            }
            Self::Step(step) => {
                let mut found = with_tail(finding("install::step-failed"), &step.tail);
                for (what, tools) in [("there", &step.stand), ("not tried", &step.untried)] {
                    if !tools.is_empty() {
                        found = found.because(format!("{what}: {}", tools.join(", ")));
                    }
                }
                found.on(step.address.clone()).help(step.help())
            }
            Self::Nothing { address, failed } => {
                let mut found = finding("install::nothing-works").on(address.clone());
                for part in failed {
                    found = found.because(format!("`{}` failed: {}", part.part, part.reason));
                }
                found.help(format!(
                    "look at `sindri extension log {}`, and apply again",
                    address.leaf()
                ))
            }
            Self::Check(check) => with_tail(finding("install::not-valid"), &check.tail)
                .on(check.address.clone())
                .help("look at what the command prints in the machine: `sindri connect`"),
            Self::Lacks { tool, .. } => {
                finding("install::machine-lacks").help(format!("use an image that has `{tool}`"))
            }
            Self::Unbuilt { address, .. } => finding("install::not-built").on(address.clone()),
            Self::Job { address, .. } => finding("install::job")
                .on(address.clone())
                .help("look at disk and permissions of the machine's home, and apply again"),
        };
        vec![finding]
    }
}

fn with_tail(finding: Diagnostic, tail: &[String]) -> Diagnostic {
    if tail.is_empty() {
        finding
    } else {
        finding.because(format!("it printed last:\n{}", tail.join("\n")))
    }
}
