//! Whether the hosts that extensions are installed from can be reached from here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use zeroize::Zeroizing;

use super::Project;
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::sys::http::{HttpAnswer, HttpClient, HttpError, HttpRequest, Login};

/// How many hosts are asked at a time.
const AT_A_TIME: usize = 4;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who limits how often it may be asked.
const GITHUB_API: &str = "api.github.com";

/// From how many requests left on GitHub's limit is no matter.
const ENOUGH: u64 = 20;

/// The hosts of everything that would be installed, each with the extensions that need it.
pub fn hosts_needed(project: &Project) -> BTreeMap<String, Vec<Name>> {
    let names: BTreeSet<&Name> = project
        .outlooks
        .iter()
        .flat_map(|outlook| &outlook.installs)
        .map(|one| &one.name)
        .collect();
    let mut needed: BTreeMap<String, Vec<Name>> = BTreeMap::new();
    for name in names {
        let manifest = project.manifests.first(name);
        for host in manifest.iter().flat_map(|m| &m.requirements.domains) {
            // A pattern names no host.
            if !host.contains('*') {
                needed.entry(host.clone()).or_default().push(name.clone());
            }
        }
    }
    needed
}

/// Asks each host for a sign of life, and GitHub how often it may still be asked.
///
/// `address` makes a host's URL, `https://HOST` but in tests. An answer of any status counts.
pub async fn probe_hosts(
    needed: &BTreeMap<String, Vec<Name>>,
    token: Option<&str>,
    address: &(dyn Fn(&str) -> String + Sync),
) -> Diagnostics {
    let client = match HttpClient::new(None) {
        Ok(client) => client,
        Err(error) => return vec![no_client(&error)],
    };
    let asked = stream::iter(needed).map(|(host, by)| {
        let client = &client;
        async move {
            let url = format!("{}/", address(host));
            let failed = send(client, "HEAD", url).await.err()?;
            Some(unreachable(host, by, &failed))
        }
    });
    let found: Vec<Option<Diagnostic>> = asked.buffered(AT_A_TIME).collect().await;
    let mut found: Diagnostics = found.into_iter().flatten().collect();
    let by: BTreeSet<&Name> = needed
        .iter()
        .filter(|(host, _)| *host == "github.com" || *host == GITHUB_API)
        .flat_map(|(_, by)| by)
        .collect();
    if !by.is_empty() {
        let by: Vec<Name> = by.into_iter().cloned().collect();
        found.extend(rate_limit(token, &by, address).await);
    }
    found
}

async fn send(client: &HttpClient, method: &str, url: String) -> Result<HttpAnswer, String> {
    let request = HttpRequest {
        method: method.to_owned(),
        url,
        body: None,
    };
    match tokio::time::timeout(PATIENCE, client.send(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer came within {} s", PATIENCE.as_secs())),
    }
}

fn unreachable(host: &str, by: &[Name], why: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::new("catalog::unreachable"),
        format!("{host} can't be reached from here; {} from it", fetch(by)),
    )
    .because(why.to_owned())
    .help("look at the network, at proxies and firewalls; the machine's own way may be another")
}

/// `one` is installed; `one` and `other` are installed.
fn fetch(by: &[Name]) -> String {
    let names: Vec<String> = by.iter().map(|name| format!("`{name}`")).collect();
    match &*names {
        [one] => format!("{one} is installed"),
        [many @ .., last] => format!("{} and {last} are installed", many.join(", ")),
        [] => "nothing is installed".to_owned(),
    }
}

async fn rate_limit(
    token: Option<&str>,
    by: &[Name],
    address: &(dyn Fn(&str) -> String + Sync),
) -> Option<Diagnostic> {
    let login = token.map(|token| Login::Bearer(Zeroizing::new(token.to_owned())));
    let known = login.is_some();
    let client = HttpClient::new(login).ok()?;
    let url = format!("{}/rate_limit", address(GITHUB_API));
    // That it can't be reached is said by the probe of the host itself.
    let answer = send(&client, "GET", url).await.ok()?;
    let code = Code::new("catalog::github-rate-limit");
    if answer.status == 401 {
        return Some(
            Diagnostic::warning(code, "GitHub doesn't accept the token in `GITHUB_TOKEN`")
                .help("set one that is valid, or unset it"),
        );
    }
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let left = body.pointer("/resources/core/remaining")?.as_u64()?;
    if left >= ENOUGH {
        return None;
    }
    let help = if known {
        "wait until the hour is over"
    } else {
        "set `GITHUB_TOKEN`, which raises the limit, or wait until the hour is over"
    };
    let text = format!(
        "GitHub answers {left} more requests from here this hour; {} from it",
        fetch(by)
    );
    Some(Diagnostic::warning(code, text).help(help))
}

fn no_client(error: &HttpError) -> Diagnostic {
    Diagnostic::warning(
        Code::new("catalog::unreachable"),
        "no host could be asked whether it can be reached",
    )
    .because(error.to_string())
}
