//! One request, as it comes.

use std::io::{self, Read};

/// A request without a body.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// A path, for a proxy an address, for a tunnel host and port.
    pub(super) target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Reads one; none where the connection ends first.
    pub(super) fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 || text.len() > 65536 {
                return Ok(None);
            }
            text.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines = text.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let headers = lines.filter_map(|line| line.split_once(':'));
        Ok(Some(Self {
            method: first.next().unwrap_or_default().to_owned(),
            target: first.next().unwrap_or_default().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
        }))
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same for the server that a proxy asks, and the path there.
    pub(super) fn passed_on(&self, path: &str) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{} {path} HTTP/1.1\r\n", self.method);
        for (name, value) in &self.headers {
            if !name.starts_with("proxy-") && name != "connection" {
                write!(text, "{name}: {value}\r\n").unwrap();
            }
        }
        text.push_str("connection: close\r\n\r\n");
        text
    }
}
