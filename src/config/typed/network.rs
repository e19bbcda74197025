//! How a machine reaches the network: mirrors and proxies.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::scalar::{text, wrong};
use super::section::{Definitions, Typed, section, shorten};
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span, Value};
use crate::resource::Outbound;

section! {
    /// How the machine reaches the network.
    NetworkFields in "network" {
        /// The proxy for HTTP and HTTPS, such as `http://proxy.example.org:3128`.
        "proxy" => proxy: Option<WebAddress> = None;
        /// Hosts and domains (`.example.org`) that are reached without the proxy.
        "noProxy" => no_proxy: Vec<DirectHost> = Vec::new();
    }
}

/// An address by HTTP or HTTPS that carries no credentials, without a slash at its end.
#[derive(Clone, Debug)]
pub(in crate::config) struct WebAddress(pub(in crate::config) String);

impl Typed for WebAddress {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let address = text(node, reading)?;
        let Some(rest) = address
            .strip_prefix("https://")
            .or_else(|| address.strip_prefix("http://"))
        else {
            refuse("isn't an HTTP address", node.span, reading);
            return None;
        };
        if rest.contains('@') {
            let help =
                "deliver it as a secret of the variable's name: `HTTPS_PROXY`, `PIP_INDEX_URL`…";
            let summary = "the address carries credentials";
            reading.error(node.span, code::INVALID_VALUE, summary, help);
            return None;
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/%+,=[]".contains(&b);
        if rest.is_empty() || rest.starts_with('/') || !rest.bytes().all(plain) {
            refuse("can't be an address", node.span, reading);
            return None;
        }
        Some(Self(address.trim_end_matches('/').to_owned()))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^https?://[-A-Za-z0-9._~:/%+,=\\[\\]]+$" })
    }
}

fn refuse(problem: &str, span: Span, reading: &mut Reading<'_>) {
    let help = "write it as `https://mirror.example.org/path`, without query";
    reading.error(
        span,
        code::INVALID_VALUE,
        format!("the address {problem}"),
        help,
    );
}

/// A host that is reached without the proxy: a name, a domain with its dot, an address, or `*`.
#[derive(Clone, Debug)]
pub(in crate::config) struct DirectHost(pub(in crate::config) String);

impl Typed for DirectHost {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let host = text(node, reading)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:/[]".contains(&b);
        if host == "*" || host.bytes().all(plain) {
            return Some(Self(host.to_owned()));
        }
        let summary = format!("`{}` is no host", shorten(host));
        let help = "write a host, a domain such as `.example.org`, or an address";
        reading.error(node.span, code::INVALID_VALUE, summary, help);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^([-A-Za-z0-9.:/\\[\\]]+|[*])$" })
    }
}

/// Where else to look: by host, or by the name of a package registry.
#[derive(Clone, Debug)]
pub(in crate::config) struct Mirrors(pub(in crate::config) BTreeMap<String, String>);

impl Typed for Mirrors {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let help = "write `host: https://mirror.example.org/path` lines";
            wrong(node, "a mapping of hosts to addresses", help, reading);
            return None;
        };
        let mut mirrors = BTreeMap::new();
        for entry in entries {
            let host = entry.key.to_ascii_lowercase();
            if !is_host(&host) && !Outbound::REGISTRIES.contains(&&*host) {
                let summary = format!(
                    "`{}` is no host that a mirror could stand for",
                    shorten(&entry.key)
                );
                let help = format!(
                    "write a host without scheme and path, or one of `{}`",
                    Outbound::REGISTRIES.join("`, `")
                );
                reading.error(entry.span, code::INVALID_VALUE, summary, help);
            }
            if let Some(WebAddress(address)) = WebAddress::decode(&entry.value, reading) {
                mirrors.insert(host, address);
            }
        }
        Some(Self(mirrors))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({
            "type": "object",
            "propertyNames": { "pattern": "^([A-Za-z0-9-]+([.][A-Za-z0-9-]+)+(:[0-9]+)?|npm|pypi|crates|debian)$" },
            "additionalProperties": WebAddress::schema(definitions),
        })
    }
}

/// A name with a dot in it, and possibly a port.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "0"));
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.contains('.')
        && name.split('.').all(label)
        && !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
}
