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
}
