//! Where E2B is, and what is shown to it.

use super::error::fail;
use super::token::Token;
use crate::provider::{Class, ProviderError};
use crate::sys::Environment;

/// The domain of the public service.
const DOMAIN: &str = "e2b.app";

/// The port of the daemon inside a sandbox.
const DAEMON: u16 = 49983;

/// Where E2B is: its interface, and the way to its sandboxes.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The interface's address, without a slash at its end.
    pub(super) api: String,
    /// One address for all sandboxes, where there is one.
    sandboxes: Option<String>,
    /// The domain below which sandboxes are that don't say otherwise.
    domain: String,
}

impl Endpoint {
    /// Reads `E2B_API_URL`, `E2B_SANDBOX_URL` and `E2B_DOMAIN`, as E2B's own clients do.
    pub(super) fn of(environment: &Environment) -> Result<Self, ProviderError> {
        let domain = environment.get("E2B_DOMAIN").unwrap_or(DOMAIN).to_owned();
        let address = |name: &str| -> Result<Option<String>, ProviderError> {
            let Some(text) = environment.get(name) else {
                return Ok(None);
            };
            let rest = text
                .strip_prefix("https://")
                .or_else(|| text.strip_prefix("http://"));
            if rest.is_none_or(str::is_empty) {
                return Err(fail(
                    Class::Invalid,
                    "e2b::address",
                    format!("`{name}` is no HTTP address"),
                )
                .help(format!("write it as `https://api.{DOMAIN}`, or unset it")));
            }
            Ok(Some(text.trim_end_matches('/').to_owned()))
        };
        Ok(Self {
            api: address("E2B_API_URL")?.unwrap_or_else(|| format!("https://api.{domain}")),
            sandboxes: address("E2B_SANDBOX_URL")?,
            domain,
        })
    }
}

/// The key that proves who asks.
pub(super) fn key(environment: &Environment) -> Result<Token, ProviderError> {
    let key = environment.get("E2B_API_KEY").map(str::trim);
    match key {
        Some(key) if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Token::new(key.to_owned()))
        }
        Some(_) => Err(fail(
            Class::Denied,
            "e2b::no-key",
            "`E2B_API_KEY` holds no key: it has spaces or other odd characters in it",
        )
        .help("copy the key again from E2B's dashboard")),
        None => Err(fail(
            Class::Denied,
            "e2b::no-key",
            "there is no key for E2B: `E2B_API_KEY` isn't set",
        )
        .help("make a key on E2B's dashboard and export it as `E2B_API_KEY`")),
    }
}

/// The way to the daemon inside one sandbox.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// The daemon's address, without a slash at its end.
    pub(super) address: String,
    /// What it is shown.
    pub(super) headers: Vec<(String, Token)>,
}

impl Door {
    /// The door of a sandbox.
    pub(super) fn of(
        endpoint: &Endpoint,
        id: &str,
        domain: Option<&str>,
        token: Option<Token>,
    ) -> Self {
        let mut headers = Vec::new();
        if let Some(token) = token {
            headers.push(("x-access-token".to_owned(), token));
        }
        let address = if let Some(address) = &endpoint.sandboxes {
            headers.push(("e2b-sandbox-id".to_owned(), Token::new(id.to_owned())));
            headers.push((
                "e2b-sandbox-port".to_owned(),
                Token::new(DAEMON.to_string()),
            ));
            address.clone()
        } else {
            let domain = domain.filter(|text| !text.is_empty());
            format!(
                "https://{DAEMON}-{id}.{}",
                domain.unwrap_or(&endpoint.domain)
            )
        };
        Self { address, headers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(variables: &[(&str, &str)]) -> Result<Endpoint, ProviderError> {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Endpoint::of(&Environment::of(variables))
    }

    #[test]
    fn a_sandbox_is_reached_below_its_domain_or_by_one_address_for_all() {
        let public = endpoint(&[]).unwrap();
        assert_eq!(public.api, "https://api.e2b.app");
        let door = Door::of(&public, "abc", None, None);
        assert_eq!(door.address, "https://49983-abc.e2b.app");
        let door = Door::of(&public, "abc", Some("eu.example.org"), None);
        assert_eq!(door.address, "https://49983-abc.eu.example.org");
        let own = endpoint(&[
            ("E2B_DOMAIN", "sandboxes.example.org"),
            ("E2B_SANDBOX_URL", "http://127.0.0.1:7/"),
        ]);
        let own = own.unwrap();
        assert_eq!(own.api, "https://api.sandboxes.example.org");
        let door = Door::of(&own, "abc", None, Some(Token::new("t".to_owned())));
        assert_eq!(door.address, "http://127.0.0.1:7");
        let names: Vec<&str> = door.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["x-access-token", "e2b-sandbox-id", "e2b-sandbox-port"]
        );
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let error = endpoint(&[("E2B_API_URL", "api.e2b.app")]).unwrap_err();
        assert_eq!(error.code.as_str(), "e2b::address");
    }

    #[test]
    fn a_key_must_be_there_and_whole() {
        for text in [None, Some("e2b_a b")] {
            let variables = text.map(|text| ("E2B_API_KEY".to_owned(), text.to_owned()));
            let error = key(&Environment::of(variables)).unwrap_err();
            assert_eq!(
                (error.class, error.code.as_str()),
                (Class::Denied, "e2b::no-key")
            );
        }
    }
}
