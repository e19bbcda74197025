//! How a machine reaches the network: what is told to installers and sessions, and recorded nowhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Mirrors, proxies and trusted authorities of one machine.
///
/// It is no part of any resource: a change of it makes no plan, and holds from the next job in the
/// machine on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outbound {
    /// Where else to look, without a slash at the end: by host, or by a name of
    /// [`Self::REGISTRIES`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mirrors: BTreeMap<String, String>,
    /// The proxy for HTTP and HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Hosts reached without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_proxy: Vec<String>,
    /// Certificates of trusted authorities, as PEM, each with one certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
}

impl Outbound {
    /// The package registries that a mirror may stand for by name.
    pub const REGISTRIES: [&'static str; 4] = ["crates", "debian", "npm", "pypi"];

    /// Whether the machine reaches the network as it is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The address that stands for a host.
    pub fn mirror_of(&self, host: &str) -> Option<&str> {
        self.mirrors.get(host).map(String::as_str)
    }

    /// Where an address leads by way of the mirrors; itself where none stands for its host.
    pub fn by_mirror(&self, address: &str) -> String {
        let rest = address.strip_prefix("https://");
        let Some(rest) = rest.or_else(|| address.strip_prefix("http://")) else {
            return address.to_owned();
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        match self.mirror_of(host) {
            Some(base) if path.is_empty() => base.to_owned(),
            Some(base) => format!("{base}/{path}"),
            None => address.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_by_the_mirror_of_its_host() {
        let mirrors = [
            ("github.com", "https://mirror.example.org/github"),
            ("npm", "https://mirror.example.org/npm"),
        ];
        let outbound = Outbound {
            mirrors: mirrors
                .map(|(host, base)| (host.to_owned(), base.to_owned()))
                .into(),
            ..Outbound::default()
        };
        for (address, expected) in [
            (
                "https://github.com/o/r/releases/download/v1/x.tar.gz",
                "https://mirror.example.org/github/o/r/releases/download/v1/x.tar.gz",
            ),
            ("http://github.com/", "https://mirror.example.org/github"),
            (
                "https://github.company.example/x",
                "https://github.company.example/x",
            ),
            ("ftp://github.com/x", "ftp://github.com/x"),
        ] {
            assert_eq!(outbound.by_mirror(address), expected);
        }
    }
}
