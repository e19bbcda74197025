//! What a mirror of a registry gets from the registry itself, by this host's own way out.

use std::fs;
use std::process::Command;

/// What the registry answered.
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) kind: String,
    pub(super) body: Vec<u8>,
}

/// Asks the registry.
pub(super) fn ask(url: &str, accept: Option<&str>) -> Answer {
    let room = tempfile::tempdir().unwrap();
    let (head, body) = (room.path().join("head"), room.path().join("body"));
    let mut curl = Command::new("curl");
    curl.args(["-sSL", "--max-time", "120", "--retry", "3", "-D"])
        .arg(&head)
        .arg("-o")
        .arg(&body);
    if let Some(accept) = accept {
        curl.args(["-H", &format!("accept: {accept}")]);
    }
    let done = curl.arg("--").arg(url).output().unwrap();
    if !done.status.success() {
        return Answer {
            status: "502 Bad Gateway".to_owned(),
            kind: "text/plain".to_owned(),
            body: done.stderr,
        };
    }
    let head = fs::read_to_string(head).unwrap();
    // Of several answers, redirects before it, the last one counts.
    let last = head
        .trim_end()
        .rsplit("\r\n\r\n")
        .next()
        .unwrap_or_default();
    let mut lines = last.lines();
    let status = lines.next().and_then(|line| line.split_once(' '));
    let kind = lines.filter_map(|line| line.split_once(':'));
    let mut kind = kind.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    Answer {
        status: format!("{} -", status.map_or("502", |(_, status)| status.trim())),
        kind: kind
            .next()
            .map_or("application/octet-stream".to_owned(), |(_, kind)| {
                kind.trim().to_owned()
            }),
        body: fs::read(body).unwrap_or_default(),
    }
}
