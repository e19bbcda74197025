//! Hosts that answer, hosts that don't, and GitHub's limit, on a server of our own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::address::{Name, NameRule};
use crate::engine::{Needed, probe_hosts};
use crate::resource::Outbound;

/// A server that answers each path of a list and closes the connection on the others.
fn server(answers: &'static [(&'static str, &'static str)]) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 4096];
            let length = stream.read(&mut bytes).unwrap_or(0);
            let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
            heard.lock().unwrap().push_str(&request);
            let path = request.split(' ').nth(1).unwrap_or_default();
            if let Some((_, body)) = answers.iter().find(|(known, _)| *known == path) {
                let status = if body.is_empty() {
                    "404 Not Found"
                } else {
                    "200 OK"
                };
                let text = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                // A client that went away needs no answer.
                let _sent = stream.write_all(text.as_bytes());
            }
        }
    });
    (address, seen)
}

/// What machines need whose way to a host is by a mirror below `base`, but to GitHub's.
fn needed(base: &str, hosts: &[(&str, &[&str])]) -> Vec<Needed> {
    let name = |text: &&str| Name::parse(NameRule::Extension, text).unwrap();
    let own = hosts.iter().filter(|(host, _)| *host != "github.com");
    let mirrors = own.map(|(host, _)| ((*host).to_owned(), format!("{base}/{host}")));
    vec![Needed {
        machines: std::collections::BTreeSet::new(),
        outbound: Arc::new(Outbound {
            mirrors: mirrors.collect(),
            ..Outbound::default()
        }),
        hosts: hosts
            .iter()
            .map(|(host, by)| ((*host).to_owned(), by.iter().map(name).collect()))
            .collect(),
    }]
}

fn said(found: &crate::diagnostic::Diagnostics) -> Vec<String> {
    found
        .iter()
        .map(|one| format!("{}: {}", one.code, one.summary))
        .collect()
}

#[tokio::test]
async fn any_answer_counts_and_silence_is_told_with_who_needs_it() {
    let (base, _) = server(&[("/good.example", "")]);
    let needed = needed(
        &base,
        &[
            ("good.example", &["one"]),
            ("gone.example", &["one", "two"]),
        ],
    );
    let found = probe_hosts(&needed, None, &base).await;
    assert_eq!(
        said(&found),
        [format!(
            "catalog::unreachable: {base}/gone.example, which stands for gone.example, can't be \
             reached from here; `one` and `two` are installed from it"
        )]
    );
    assert!(found.iter().all(|one| !one.is_error()));
}

#[tokio::test]
async fn github_is_asked_with_the_token_and_told_only_when_little_is_left() {
    let (base, seen) = server(&[("/rate_limit", r#"{"resources":{"core":{"remaining":3}}}"#)]);
    let needed = needed(&base, &[("github.com", &["tool"])]);
    let mut found = probe_hosts(&needed, Some("s3cret"), &base).await;
    // Whether GitHub itself answers is the network's matter here.
    found.retain(|one| one.code.as_str() != "catalog::unreachable");
    assert_eq!(
        said(&found),
        [
            "catalog::github-rate-limit: GitHub answers 3 more requests from here this hour; `tool` \
          is installed from it"
        ]
    );
    assert!(!format!("{found:?}").contains("s3cret"));
    let seen = seen.lock().unwrap().to_ascii_lowercase();
    assert_eq!(
        seen.matches("authorization: bearer s3cret").count(),
        1,
        "{seen}"
    );
    assert!(seen.contains("user-agent: sindri/"), "{seen}");
}
