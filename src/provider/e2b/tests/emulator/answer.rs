//! Answers as they go over a connection.

use std::io::{self, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

/// An answer, and how much of it is sent.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// Whether the connection breaks in the middle of it.
    pub(crate) cut: bool,
}

impl Answer {
    /// A JSON document.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string().into_bytes())
    }

    /// Bytes of a type.
    pub(crate) fn of(status: u16, kind: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body,
            cut: false,
        }
    }

    /// Nothing but a status.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            cut: false,
        }
    }

    /// A refusal as the interface gives it.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "code": status, "message": message }))
    }

    /// A refusal with a word for machines.
    pub(crate) fn refusal(status: u16, word: &str, message: &str) -> Self {
        let body = json!({ "code": status, "error_code": word, "message": message });
        Self::json(status, &body)
    }

    /// The same with a header.
    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends it.
    pub(crate) fn write(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([*name, ": ", value, "\r\n"]);
        }
        if self.status != 204 {
            let length = self.body.len().to_string();
            head.extend(["content-length: ", &length, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        if self.cut {
            stream.write_all(&self.body[..self.body.len() / 2])?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        stream.write_all(&self.body)
    }
}
