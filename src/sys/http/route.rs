//! By which way servers are reached.

use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};

use super::CONNECT;

/// By which way a server is reached; the process's own where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route<'a> {
    /// The proxy for HTTP and HTTPS; none: what the process's environment names.
    pub proxy: Option<&'a str>,
    /// Hosts and domains reached without it.
    pub direct: &'a [String],
    /// Certificates of authorities that are trusted besides the system's, PEM, one each.
    pub authorities: &'a [String],
}

impl Route<'_> {
    pub(super) fn builder(self) -> Result<ClientBuilder, reqwest::Error> {
        let mut builder = Client::builder()
            // Some servers refuse to talk to a client without a name.
            .user_agent(concat!("sindri/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT);
        if let Some(proxy) = self.proxy {
            let direct = NoProxy::from_string(&self.direct.join(","));
            builder = builder.proxy(Proxy::all(proxy)?.no_proxy(direct));
        }
        if !self.authorities.is_empty() {
            let trusted = self.authorities.iter();
            let trusted: Result<Vec<Certificate>, _> = trusted
                .map(|one| Certificate::from_pem(one.as_bytes()))
                .collect();
            builder = builder.tls_certs_merge(trusted?);
        }
        Ok(builder)
    }
}
