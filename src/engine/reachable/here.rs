//! From here.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use zeroize::Zeroizing;

use super::limit;
use super::needed::{Needed, fetch};
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::install;
use crate::sys::http::{HttpAnswer, HttpClient, HttpError, HttpRequest, Login};

/// How many hosts are asked at a time.
const AT_A_TIME: usize = 4;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks each host for a sign of life by the machines' own way, and GitHub how often it may still be
/// asked, at the address given. An answer of any status counts.
pub async fn probe_hosts(needed: &[Needed], token: Option<&str>, github: &str) -> Diagnostics {
    let mut found = Vec::new();
    for one in needed {
        match HttpClient::by(install::route(&one.outbound), None) {
            Ok(client) => found.extend(ask(one, &client).await),
            Err(error) => found.push(no_client(&error)),
        }
    }
    for one in needed {
        let by = one.of_github();
        if !by.is_empty() {
            // The limit is of this address, whichever machine it is for.
            found.extend(rate_limit(one, token, github, &by).await);
            break;
        }
    }
    found
}

async fn ask(needed: &Needed, client: &HttpClient) -> Diagnostics {
    let asked = stream::iter(&needed.hosts).map(|(host, by)| async move {
        let url = needed.outbound.by_mirror(&format!("https://{host}/"));
        let failed = send(client, "HEAD", url).await.err()?;
        Some(unreachable(needed, host, by, &failed))
    });
    let found: Vec<Option<Diagnostic>> = asked.buffered(AT_A_TIME).collect().await;
    found.into_iter().flatten().collect()
}

async fn send(client: &HttpClient, method: &str, url: String) -> Result<HttpAnswer, String> {
    let request = HttpRequest {
        method: method.to_owned(),
        url,
        body: None,
        ..HttpRequest::default()
    };
    match tokio::time::timeout(PATIENCE, client.send(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer came within {} s", PATIENCE.as_secs())),
    }
}

fn unreachable(needed: &Needed, host: &str, by: &[Name], why: &str) -> Diagnostic {
    let text = match needed.outbound.mirror_of(host) {
        Some(mirror) => format!(
            "{mirror}, which stands for {host}, can't be reached from here; {} from it",
            fetch(by)
        ),
        None => format!("{host} can't be reached from here; {} from it", fetch(by)),
    };
    Diagnostic::warning(Code::new("catalog::unreachable"), text)
        .because(why.to_owned())
        .help("look at the network, at proxies and firewalls; the machine's own way may be another")
}

async fn rate_limit(
    needed: &Needed,
    token: Option<&str>,
    github: &str,
    by: &[Name],
) -> Option<Diagnostic> {
    let login = token.map(|token| Login::Bearer(Zeroizing::new(token.to_owned())));
    let known = login.is_some();
    let client = HttpClient::by(install::route(&needed.outbound), login).ok()?;
    // A mirror has no limit of GitHub's, and no business with the token.
    let url = format!("{github}/rate_limit");
    // That it can't be reached is said by the probe of the host itself.
    let answer = send(&client, "GET", url).await.ok()?;
    if answer.status == 401 {
        return Some(limit::refused("here"));
    }
    limit::judge(&answer.body, "here", known, by)
}

fn no_client(error: &HttpError) -> Diagnostic {
    Diagnostic::warning(
        Code::new("catalog::unreachable"),
        "no host could be asked whether it can be reached",
    )
    .because(error.to_string())
}
