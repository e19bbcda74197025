//! Which address, and how it locks; credentials only from the environment.

use zeroize::Zeroizing;

use crate::store::StoreError;
use crate::sys::Environment;
use crate::sys::http::{HttpClient, Login};

/// A state behind Terraform's protocol of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpPlace {
    /// Where the state is read and written.
    pub address: String,
    /// Where it is locked; at its own address where absent.
    pub lock_address: Option<String>,
    /// Where it is unlocked; where it is locked where absent.
    pub unlock_address: Option<String>,
    /// The method that locks; `LOCK` where absent.
    pub lock_method: Option<String>,
    /// The method that unlocks; `UNLOCK` where absent.
    pub unlock_method: Option<String>,
}

impl HttpPlace {
    /// A state at an address that also locks it.
    pub fn at(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            lock_address: None,
            unlock_address: None,
            lock_method: None,
            unlock_method: None,
        }
    }

    /// The address without what may be secret in it.
    pub fn shown(&self) -> &str {
        self.address.split(['?', '#']).next().unwrap_or_default()
    }

    /// The client that reaches it: as `SINDRI_HTTP_USERNAME` with `SINDRI_HTTP_PASSWORD`, or with
    /// `SINDRI_HTTP_TOKEN`; the names that Terraform knows are taken too.
    pub(in crate::store) fn client(
        &self,
        environment: &Environment,
    ) -> Result<HttpClient, StoreError> {
        let of = |names: [&str; 2]| names.iter().find_map(|name| environment.get(name));
        let user = of(["SINDRI_HTTP_USERNAME", "TF_HTTP_USERNAME"]);
        let password = of(["SINDRI_HTTP_PASSWORD", "TF_HTTP_PASSWORD"]);
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        let login = match (environment.get("SINDRI_HTTP_TOKEN"), user) {
            (Some(token), _) => Some(Login::Bearer(secret(token))),
            (None, Some(user)) => Some(Login::Basic(
                user.to_owned(),
                secret(password.unwrap_or_default()),
            )),
            (None, None) => None,
        };
        HttpClient::new(login).map_err(|error| StoreError::Unreachable {
            store: self.shown().to_owned(),
            source: Box::new(error),
        })
    }
}
