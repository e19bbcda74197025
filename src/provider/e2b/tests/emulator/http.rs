//! Requests as they come over a connection.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::Value;

/// A request, read whole.
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,
    /// The path, decoded, without its query.
    pub(crate) path: String,
    /// The first line's address as it came.
    pub(crate) raw: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; none at its end.
    pub(crate) fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut words = line.split_whitespace();
        let (method, raw) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map(|text| text.parse());
        let body = match (length, headers.get("transfer-encoding")) {
            (Some(length), _) => {
                let mut body = vec![0; length.ok()?];
                reader.read_exact(&mut body).ok()?;
                body
            }
            (None, Some(_)) => chunks(reader)?,
            (None, None) => Vec::new(),
        };
        let (path, query) = raw.split_once('?').unwrap_or((&raw, ""));
        Some(Self {
            method,
            path: decoded(path),
            query: pairs(query),
            headers,
            body,
            raw: raw.clone(),
        })
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A value of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A body that comes in chunks.
fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let start = body.len();
        body.resize(start + length, 0);
        reader.read_exact(&mut body[start..]).ok()?;
        reader.read_line(&mut String::new()).ok()?;
        if length == 0 {
            return Some(body);
        }
    }
}

/// The pairs of a query, decoded.
pub(crate) fn pairs(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A text whose bytes were written in hexadecimal where they are no letters.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hexadecimal = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let hexadecimal = hexadecimal.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = hexadecimal.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
