//! Asks from inside a machine whether hosts can be reached, all in one exec.

use std::collections::BTreeMap;
use std::time::Duration;

use super::InstallError;
use super::frames::{Frame, Frames};
use super::printer::plain;
use super::quote::{add, quote};
use crate::provider::{Command, MachineRef, Reader};
use crate::resource::Outbound;

const REACH: &str = include_str!("shell/reach.sh");

/// The most of what a tool says that is passed on.
const SAID: usize = 200;

/// What a machine reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// By host.
    pub hosts: BTreeMap<String, Reply>,
    /// Whether it has anything to ask with.
    pub can_ask: bool,
    /// What GitHub says of its limit, where it was asked and answered.
    pub limit: Option<Limit>,
}

/// How a host behaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It answered, whatever it said.
    Life,
    /// It didn't, for this reason.
    Silence(String),
}

/// GitHub's answer about its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its body.
    pub body: Vec<u8>,
    /// Whether the machine has a token of its own.
    pub known: bool,
    /// Whether GitHub refuses that token.
    pub refused: bool,
}

/// Asks hosts for a sign of life, by the way that the machine's jobs take, which needn't have run.
pub async fn reach(
    reader: &dyn Reader,
    machine: &MachineRef,
    hosts: &[&str],
    outbound: &Outbound,
    github: bool,
) -> Result<Reached, InstallError> {
    let command = Command {
        argv: ["sh", "-s"].map(str::to_owned).to_vec(),
        stdin: Some(script(hosts, outbound, github).into_bytes()),
        timeout: Some(Duration::from_secs(20 + hosts.len() as u64 * 4)),
        // A token of GitHub's, where the machine was given one.
        secrets: true,
        ..Command::default()
    };
    let output = reader
        .ask(machine, &command)
        .await
        .map_err(|source| InstallError::Machine {
            machine: machine.name.to_string(),
            source: Box::new(source),
        })?;
    let mut reached = Reached {
        can_ask: true,
        ..Reached::default()
    };
    for frame in Frames::default().push(&output.stdout) {
        reached.take(hosts, frame);
    }
    Ok(reached)
}

impl Reached {
    fn take(&mut self, hosts: &[&str], frame: Frame) {
        let mut words = frame.words.iter().map(String::as_str);
        let first = words.next();
        let number = words.next();
        let host = number.and_then(|number| number.parse().ok());
        let host = host.and_then(|at: usize| hosts.get(at));
        match (first, host) {
            (Some("life"), Some(host)) => {
                self.hosts.insert((*host).to_owned(), Reply::Life);
            }
            (Some("silence"), Some(host)) => {
                let why = reason(&frame.body);
                self.hosts.insert((*host).to_owned(), Reply::Silence(why));
            }
            (Some("nothing"), _) => self.can_ask = false,
            (Some("limit"), _) => {
                self.limit = Some(Limit {
                    known: number == Some("known"),
                    refused: words.next() == Some("401"),
                    body: frame.body,
                });
            }
            _ => {}
        }
    }
}

/// The last line of what a tool said, without what it names itself.
fn reason(said: &[u8]) -> String {
    let mut lines = said.split(|byte| *byte == b'\n').map(plain);
    let last = lines.rfind(|line| !line.trim().is_empty());
    let line = last.unwrap_or_else(|| "no answer came".to_owned());
    line.trim().chars().take(SAID).collect()
}

fn script(hosts: &[&str], outbound: &Outbound, github: bool) -> String {
    let mut text = String::from("scratch=$(mktemp -d) || exit 1\n");
    for (name, value) in [
        ("proxy", outbound.proxy.as_deref().unwrap_or_default()),
        ("direct", &outbound.no_proxy.join(",")),
        ("authorities", &outbound.authorities.concat()),
    ] {
        add(&mut text, &format!("{name}={}\n", quote(value)));
    }
    text.push_str(REACH);
    for (index, host) in hosts.iter().enumerate() {
        let url = outbound.by_mirror(&format!("https://{host}/"));
        add(&mut text, &format!("ask {index} {} &\n", quote(&url)));
        if index % 4 == 3 {
            text.push_str("wait\n");
        }
    }
    text.push_str("wait\n");
    if github {
        text.push_str("limit\n");
    }
    text.push_str("tell\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_reason() {
        assert_eq!(
            reason(b"curl: (6) Could not resolve host: x\n\n"),
            "curl: (6) Could not resolve host: x"
        );
        assert_eq!(reason(b""), "no answer came");
    }
}
