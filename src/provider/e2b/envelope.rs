//! Connect's stream: messages in envelopes, and what a process says in them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::error::fail;
use crate::provider::{Class, ProviderError, Stream};

/// The flag of the envelope that ends a stream.
const LAST: u8 = 2;

/// The largest message that is believed.
const LARGEST: usize = 64 << 20;

/// What a process does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It runs.
    Started(u32),
    /// It printed something.
    Printed(Stream, Vec<u8>),
    /// It ended.
    Ended(i32),
    /// It still runs.
    Alive,
}

/// A stream taken apart into events, in whatever parts it comes.
#[derive(Debug, Default)]
pub(super) struct Envelopes {
    held: Vec<u8>,
}

#[derive(Deserialize)]
struct Message {
    event: Option<Happening>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Happening {
    Start { pid: u32 },
    Data(Printed),
    End(End),
    Keepalive {},
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Printed {
    Stdout(String),
    Stderr(String),
    Pty(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    exited: bool,
    #[serde(default)]
    status: String,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Last {
    error: Option<Trouble>,
}

/// Why the daemon refuses, in Connect's words.
#[derive(Deserialize)]
pub(super) struct Trouble {
    /// In a word.
    #[serde(default)]
    pub(super) code: String,
    /// In words.
    #[serde(default)]
    pub(super) message: String,
}

impl Envelopes {
    /// Takes a part of the stream in.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next event; none until more comes.
    pub(super) fn next(&mut self) -> Result<Option<Event>, ProviderError> {
        loop {
            let Some((head, _)) = self.held.split_first_chunk::<5>() else {
                return Ok(None);
            };
            let [flag, length @ ..] = *head;
            let length = u32::from_be_bytes(length) as usize;
            if length > LARGEST {
                return Err(odd("a message larger than any"));
            }
            if self.held.len() < 5 + length {
                return Ok(None);
            }
            let message: Vec<u8> = self.held.drain(..5 + length).skip(5).collect();
            if flag & LAST != 0 {
                let last: Last = serde_json::from_slice(&message)
                    .map_err(|error| odd("an end that can't be read").source(error))?;
                match last.error {
                    Some(trouble) => return Err(refusal(&trouble)),
                    None => continue,
                }
            }
            let read: Message = serde_json::from_slice(&message)
                .map_err(|error| odd("a message that can't be read").source(error))?;
            if let Some(event) = read.event {
                return event.meaning().map(Some);
            }
        }
    }
}

impl Happening {
    fn meaning(self) -> Result<Event, ProviderError> {
        Ok(match self {
            Self::Start { pid } => Event::Started(pid),
            Self::Keepalive {} => Event::Alive,
            Self::End(end) => Event::Ended(end.code()?),
            Self::Data(Printed::Stdout(text) | Printed::Pty(text)) => {
                Event::Printed(Stream::Stdout, decoded(&text)?)
            }
            Self::Data(Printed::Stderr(text)) => Event::Printed(Stream::Stderr, decoded(&text)?),
        })
    }
}

impl End {
    /// The exit code as a shell tells it: a signal counts as 128 + its number.
    fn code(&self) -> Result<i32, ProviderError> {
        if self.exited || self.exit_code > 0 {
            return Ok(self.exit_code);
        }
        let signal = self.status.strip_prefix("signal: ").map(|text| {
            let name = text.split(" (").next().unwrap_or(text);
            match name {
                "hangup" => 1,
                "interrupt" => 2,
                "quit" => 3,
                "illegal instruction" => 4,
                "aborted" => 6,
                "bus error" => 7,
                "floating point exception" => 8,
                "segmentation fault" => 11,
                "broken pipe" => 13,
                "alarm clock" => 14,
                "terminated" => 15,
                // `killed`, and whatever else leaves nothing behind.
                _ => 9,
            }
        });
        match (signal, &self.error) {
            (Some(signal), _) => Ok(128 + signal),
            (None, Some(error)) => Err(fail(
                Class::Failed,
                "e2b::exec",
                format!("the command couldn't be run: {error}"),
            )),
            (None, None) => Ok(self.exit_code),
        }
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, ProviderError> {
    let decoded = STANDARD.decode(text);
    decoded.map_err(|error| odd("output that can't be read").source(error))
}

/// What the daemon's word for a trouble means.
pub(super) fn refusal(trouble: &Trouble) -> ProviderError {
    let (class, code) = match trouble.code.as_str() {
        "unauthenticated" | "permission_denied" => (Class::Denied, "e2b::daemon-refused"),
        "not_found" => (Class::NotFound, "e2b::no-process"),
        "invalid_argument" => (Class::Invalid, "e2b::exec"),
        _ => (Class::Failed, "e2b::exec"),
    };
    let message = if trouble.message.is_empty() {
        &trouble.code
    } else {
        &trouble.message
    };
    fail(
        class,
        code,
        format!(
            "the sandbox's daemon refuses: {}",
            message.trim_end_matches('.')
        ),
    )
}

fn odd(what: &str) -> ProviderError {
    fail(
        Class::Failed,
        "e2b::protocol",
        format!("the sandbox's daemon sent {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enveloped(flag: u8, message: &str) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap();
        let mut bytes = vec![flag];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(message.as_bytes());
        bytes
    }

    #[test]
    fn events_come_out_whatever_the_parts_they_came_in() {
        let mut whole = enveloped(0, r#"{"event":{"start":{"pid":7}}}"#);
        whole.extend(enveloped(0, r#"{"event":{"data":{"stdout":"aGk="}}}"#));
        whole.extend(enveloped(0, r#"{"event":{"keepalive":{}}}"#));
        whole.extend(enveloped(
            0,
            r#"{"event":{"end":{"exitCode":3,"exited":true,"status":"exit status 3"}}}"#,
        ));
        whole.extend(enveloped(LAST, "{}"));
        for size in 1..whole.len() {
            let (mut envelopes, mut events) = (Envelopes::default(), Vec::new());
            for part in whole.chunks(size) {
                envelopes.take(part);
                while let Some(event) = envelopes.next().unwrap() {
                    events.push(event);
                }
            }
            let expected = [
                Event::Started(7),
                Event::Printed(Stream::Stdout, b"hi".to_vec()),
                Event::Alive,
                Event::Ended(3),
            ];
            assert_eq!(events, expected);
        }
    }

    #[test]
    fn a_signal_counts_as_a_shell_counts_it() {
        for (end, code) in [
            (r#"{"exitCode":-1,"status":"signal: killed"}"#, 137),
            (r#"{"exitCode":-1,"status":"signal: terminated"}"#, 143),
            (
                r#"{"exitCode":-1,"status":"signal: segmentation fault (core dumped)"}"#,
                139,
            ),
            (r#"{"exited":true,"status":"exit status 0"}"#, 0),
        ] {
            let end: End = serde_json::from_str(end).unwrap();
            assert_eq!(end.code().unwrap(), code);
        }
    }

    #[test]
    fn what_is_no_stream_is_an_error_and_no_panic() {
        for bytes in [
            enveloped(0, "<html>"),
            enveloped(
                LAST,
                r#"{"error":{"code":"not_found","message":"no such file"}}"#,
            ),
            vec![0, 0xff, 0xff, 0xff, 0xff],
            enveloped(0, r#"{"event":{"data":{"stdout":"%"}}}"#),
        ] {
            let mut envelopes = Envelopes::default();
            envelopes.take(&bytes);
            assert!(envelopes.next().is_err());
        }
    }
}
