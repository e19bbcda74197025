//! How a machine reaches the network, as its shell reads it.
//!
//! None of it holds a secret: addresses with credentials are refused where they are read.

use std::fmt::Write as _;

use super::quote::quote;
use crate::digest::Digest;
use crate::resource::Outbound;
use crate::sys::http::Route;

/// The same way, for what this side asks for.
pub fn route(outbound: &Outbound) -> Route<'_> {
    Route {
        proxy: outbound.proxy.as_deref(),
        direct: &outbound.no_proxy,
        authorities: &outbound.authorities,
    }
}

/// The files of a job's folder that tell it, by path.
pub(super) fn files(outbound: &Outbound) -> Vec<(String, String)> {
    if outbound.is_plain() {
        return Vec::new();
    }
    let mut files = vec![
        ("network/settings".to_owned(), settings(outbound)),
        ("network/rewrite".to_owned(), rewrite(outbound)),
        ("network/sources.sed".to_owned(), sources(outbound)),
        ("network/mise.json".to_owned(), mise(outbound)),
        ("network/hosts".to_owned(), hosts(outbound)),
    ];
    for (index, authority) in outbound.authorities.iter().enumerate() {
        files.push((format!("network/authority-{index}.crt"), authority.clone()));
    }
    let mut all = String::new();
    for (path, text) in &files {
        // Writing to a String can't fail.
        let _ = writeln!(all, "{path} {}\n{text}", text.len());
    }
    let id = Digest::of_bytes(all.as_bytes());
    files.push(("network/id".to_owned(), format!("{id}\n")));
    files
}

fn settings(outbound: &Outbound) -> String {
    let mut text = String::new();
    let registry = |name: &str| outbound.mirrors.get(name).map_or("", String::as_str);
    for (name, value) in [
        ("proxy", outbound.proxy.as_deref().unwrap_or_default()),
        ("direct", &outbound.no_proxy.join(",")),
        ("npm", registry("npm")),
        ("pypi", registry("pypi")),
        ("crates", registry("crates")),
        ("debian", registry("debian")),
    ] {
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    text
}

/// Hosts and where else to look, the registries' names left out.
fn by_host(outbound: &Outbound) -> impl Iterator<Item = (&str, &str)> {
    outbound
        .mirrors
        .iter()
        .filter(|(host, _)| !Outbound::REGISTRIES.contains(&host.as_str()))
        .map(|(host, base)| (host.as_str(), base.as_str()))
}

/// `host base` lines.
fn hosts(outbound: &Outbound) -> String {
    by_host(outbound).fold(String::new(), |mut text, (host, base)| {
        let _ = writeln!(text, "{host} {base}");
        text
    })
}

/// A shell function that turns the address in `$1` into its mirror's, in `url`.
fn rewrite(outbound: &Outbound) -> String {
    let mut text = String::from("rewrite() {\n  url=$1\n  case $1 in\n");
    for (host, base) in by_host(outbound) {
        for scheme in ["https", "http"] {
            let _ = writeln!(
                text,
                "    {scheme}://{host}) url={base} ;;\n    {scheme}://{host}/*) url={base}/${{1#{scheme}://{host}/}} ;;",
                base = quote(base)
            );
        }
    }
    text.push_str("  esac\n}\n");
    text
}

/// What sed does to apt's sources; addresses hold none of its special characters but dots.
fn sources(outbound: &Outbound) -> String {
    let mut text = String::new();
    for (host, base) in by_host(outbound) {
        let host = host.replace('.', "[.]");
        let _ = writeln!(text, "s#https\\{{0,1\\}}://{host}/#{base}/#g");
    }
    if let Some(base) = outbound.mirrors.get("debian") {
        // A repository added with a key of its own is no part of the distribution.
        for archive in ["debian", "ubuntu"] {
            let _ = writeln!(
                text,
                "\\#/etc/apt/keyrings/#!s#https\\{{0,1\\}}://[^/ ]*/{archive}#{base}/{archive}#g"
            );
        }
    }
    text
}

/// The same for mise, which takes prefixes.
fn mise(outbound: &Outbound) -> String {
    let map: serde_json::Map<String, serde_json::Value> = by_host(outbound)
        .map(|(host, base)| (format!("https://{host}/"), format!("{base}/").into()))
        .collect();
    serde_json::Value::Object(map).to_string()
}
