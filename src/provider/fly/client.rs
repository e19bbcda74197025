//! Sending calls to the Machines API.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::classify::{error, nonsense, refused, unanswered};
use super::limit::Limits;
use super::request::{Call, organization};
use super::secrets::Pending;
use super::wire::Tokens;
use crate::provider::{Class, ProviderError};
use crate::sys::http::{HttpAnswer, HttpClient, HttpError, HttpRequest, Login};
use crate::sys::{Clock, Environment};

/// Where the API is.
const ENDPOINT: &str = "https://api.machines.dev";
/// How often a call is sent whose failure says that nothing happened.
const TRIES: u32 = 4;

/// Fly.io's Machines API.
#[derive(Debug)]
pub struct Fly {
    client: HttpClient,
    endpoint: String,
    limits: Limits,
    organization: OnceCell<String>,
    pub(super) pending: Pending,
    pub(super) clock: Clock,
    pub(super) environment: Arc<Environment>,
}

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSaid {
    /// Whether it is for a whole organization, as making apps needs.
    pub whole: bool,
    /// In words.
    pub said: String,
}

impl Fly {
    /// Takes the token and the address from the environment; nobody is asked yet.
    pub fn connect(environment: &Arc<Environment>, clock: Clock) -> Result<Self, ProviderError> {
        let Some(token) = environment.get("FLY_API_TOKEN") else {
            return Err(error(
                Class::Denied,
                "fly::no-token",
                "there is no token for Fly.io: FLY_API_TOKEN isn't set",
            )
            .help("make one with `fly tokens create org` and export it as FLY_API_TOKEN"));
        };
        let endpoint = environment
            .get("FLY_FLAPS_BASE_URL")
            .unwrap_or(ENDPOINT)
            .trim_end_matches('/');
        let login = login(token);
        let client = HttpClient::new(Some(login)).map_err(|cause| {
            error(
                Class::Invalid,
                "fly::client",
                "could not prepare to talk to Fly.io",
            )
            .source(cause)
        })?;
        Ok(Self {
            client,
            endpoint: endpoint.trim_end_matches("/v1").to_owned(),
            limits: Limits::default(),
            organization: OnceCell::new(),
            pending: Pending::default(),
            clock,
            environment: Arc::clone(environment),
        })
    }

    /// Sends a call and reads its answer.
    pub(super) async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, ProviderError> {
        let answer = self.send(&call).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|cause| nonsense(&call, &answer, &cause.to_string()))
    }

    /// Sends a call whose answer says nothing.
    pub(super) async fn tell(&self, call: Call) -> Result<(), ProviderError> {
        self.send(&call).await.map(|_| ())
    }

    /// Sends a call, as often as its failures say that nothing happened.
    async fn send(&self, call: &Call) -> Result<HttpAnswer, ProviderError> {
        let mut turn = 0;
        loop {
            turn += 1;
            self.limits.wait(call.action, &call.subject).await;
            let failed = match self.once(call).await {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => refused(call, &answer),
                Err(cause) => unanswered(call, cause),
            };
            if turn == TRIES {
                return Err(failed);
            }
            match failed.class {
                Class::Throttled(wait) => self.limits.hold(call.action, &call.subject, wait),
                Class::Retryable | Class::Unreachable => {
                    tokio::time::sleep(Duration::from_millis(100) * 2_u32.pow(turn)).await;
                }
                Class::Conflict
                | Class::NotFound
                | Class::Denied
                | Class::Invalid
                | Class::Ambiguous
                | Class::Failed => return Err(failed),
            }
        }
    }

    /// Sends a call once.
    async fn once(&self, call: &Call) -> Result<HttpAnswer, HttpError> {
        let nonce = call.nonce.iter();
        let request = HttpRequest {
            method: call.method.to_owned(),
            url: format!("{}{}", self.endpoint, call.target()),
            body: call.bytes().map(|bytes| bytes.to_vec()),
            headers: nonce
                .map(|nonce| ("fly-machine-lease-nonce".into(), nonce.clone()))
                .collect(),
            patience: Some(call.patience),
        };
        self.client.send(request).await
    }

    /// Asks what the token may do.
    pub async fn token(&self) -> Result<TokenSaid, ProviderError> {
        let tokens: Tokens = self.call(organization::token()).await?;
        let mut said = Vec::new();
        let mut whole = false;
        for token in tokens.tokens {
            let narrow = token
                .restricted_to_machine
                .filter(|machine| !machine.is_empty());
            let apps: Vec<&String> = token.apps.iter().filter(|app| *app != "*").collect();
            let mut text = match (&token.org_slug, &narrow) {
                (_, Some(machine)) => format!("for the machine `{machine}` alone"),
                (Some(slug), None) if apps.is_empty() => {
                    whole = true;
                    format!("for all apps of the organization `{slug}`")
                }
                (Some(slug), None) => {
                    format!(
                        "for {} of the apps of the organization `{slug}`",
                        apps.len()
                    )
                }
                (None, None) => "for no organization".to_owned(),
            };
            if let Some(user) = token.user.filter(|user| !user.is_empty()) {
                text += ", of ";
                text += &user;
            }
            said.push(text);
        }
        if said.is_empty() {
            said.push("for nothing".to_owned());
        }
        Ok(TokenSaid {
            whole,
            said: said.join("; "),
        })
    }

    /// Every organization that the token is for.
    pub(super) async fn organizations(&self) -> Result<Vec<String>, ProviderError> {
        let own = self.organization(None).await?;
        let tokens: Tokens = self.call(organization::token()).await?;
        let mut all = vec![own];
        for slug in tokens.tokens.into_iter().filter_map(|token| token.org_slug) {
            if !all.contains(&slug) {
                all.push(slug);
            }
        }
        Ok(all)
    }

    /// The organization: the one that is asked for, else the token's own, which is asked once.
    pub(super) async fn organization(
        &self,
        wanted: Option<&String>,
    ) -> Result<String, ProviderError> {
        if let Some(wanted) = wanted {
            return Ok(wanted.clone());
        }
        let own = self.organization.get_or_try_init(|| async {
            let tokens: Tokens = self.call(organization::token()).await?;
            let mut slugs = tokens.tokens.into_iter().filter_map(|token| token.org_slug);
            slugs.next().ok_or_else(|| {
                error(
                    Class::Denied,
                    "fly::no-organization",
                    "the token in FLY_API_TOKEN belongs to no organization",
                )
                .help("name one as `providers.fly.organization`, or make a token with `fly tokens create org`")
            })
        });
        own.await.cloned()
    }
}

/// How a token is shown: macaroons under Fly's own scheme, whichever way they were written.
fn login(token: &str) -> Login {
    let bare = ["FlyV1 ", "Bearer "]
        .iter()
        .find_map(|scheme| token.strip_prefix(scheme))
        .unwrap_or(token)
        .trim();
    let secret = Zeroizing::new(bare.to_owned());
    if ["fm1r_", "fm1a_", "fm2_"]
        .iter()
        .any(|form| bare.starts_with(form))
    {
        Login::Scheme("FlyV1", secret)
    } else {
        Login::Bearer(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_under_the_scheme_of_its_form() {
        let shown = |token| match login(token) {
            Login::Scheme(scheme, bare) => format!("{scheme} {}", bare.as_str()),
            Login::Bearer(bare) => format!("Bearer {}", bare.as_str()),
            Login::Basic(..) => String::new(),
        };
        assert_eq!(shown("fo1_abc"), "Bearer fo1_abc");
        assert_eq!(shown("Bearer fo1_abc"), "Bearer fo1_abc");
        assert_eq!(shown("FlyV1 fm2_a,fm2_b"), "FlyV1 fm2_a,fm2_b");
        assert_eq!(shown("fm2_a,fm2_b"), "FlyV1 fm2_a,fm2_b");
    }

    #[test]
    fn nobody_sees_the_token() {
        let variables = [("FLY_API_TOKEN".to_owned(), "FlyV1 fm2_hush".to_owned())];
        let environment = Arc::new(Environment::of(variables));
        let fly = Fly::connect(&environment, Clock::System).unwrap();
        assert!(!format!("{fly:?}").contains("hush"));
        let none = Arc::new(Environment::default());
        let error = Fly::connect(&none, Clock::System).unwrap_err();
        assert_eq!(error.code.as_str(), "fly::no-token");
    }
}
