//! Registry credentials, as `docker login` leaves them.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};

/// How long a credential helper may take; one that asks a person takes its time.
const ASKING: Duration = Duration::from_mins(1);

/// The credentials in `~/.docker/config.json`; never printed.
#[derive(Default, Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.auths.keys()).finish()
    }
}

#[derive(Default, Deserialize)]
struct Auth {
    #[serde(default, rename = "auth")]
    encoded: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

/// What a credential helper answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: String,
}

impl Credentials {
    /// Reads `config.json`; one that can't be read holds no credentials.
    pub(super) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The credentials for a registry, asked of its credential helper where there is one.
    pub(super) async fn of(
        &self,
        registry: &str,
    ) -> Result<Option<DockerCredentials>, ProviderError> {
        if let Some(helper) = self.helper(registry) {
            return ask(helper, registry).await;
        }
        Ok(self.plain(registry))
    }

    fn helper(&self, registry: &str) -> Option<&str> {
        self.helpers
            .get(registry)
            .or(self.store.as_ref())
            .map(String::as_str)
            .filter(|helper| !helper.is_empty())
    }

    fn plain(&self, registry: &str) -> Option<DockerCredentials> {
        let bare = |name: &str| {
            name.trim_start_matches("https://")
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned()
        };
        let (_, auth) = self
            .auths
            .iter()
            .find(|(name, _)| bare(name) == bare(registry))?;
        let mut found = DockerCredentials {
            serveraddress: Some(registry.to_owned()),
            identitytoken: auth.identitytoken.clone().filter(|token| !token.is_empty()),
            registrytoken: auth.registrytoken.clone().filter(|token| !token.is_empty()),
            ..Default::default()
        };
        if let Some(encoded) = auth.encoded.as_deref().filter(|text| !text.is_empty()) {
            let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
            let (user, password) = decoded.split_once(':')?;
            found.username = Some(user.to_owned());
            found.password = Some(password.trim_end_matches('\0').to_owned());
        }
        Some(found)
    }
}

/// Asks `docker-credential-<helper>`; one that knows nothing of the registry is no error.
async fn ask(helper: &str, registry: &str) -> Result<Option<DockerCredentials>, ProviderError> {
    let program = format!("docker-credential-{helper}");
    let failed = |why: &str| {
        ProviderError::new(
            Class::Denied,
            Code::new("docker::credential-helper"),
            format!("`{program}` gave no credentials for {registry}: {why}"),
        )
        .help("`~/.docker/config.json` names it; `docker login` sets it up again")
    };
    let asked = async {
        let mut child = Command::new(&program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(registry.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(ASKING, asked)
        .await
        .map_err(|_| failed("it didn't answer"))?
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        // Helpers answer on stdout that they have nothing; other failures are worth a word.
        let said = String::from_utf8_lossy(&output.stdout);
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(failed("it failed"))
        };
    }
    let answer: Answer =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("its answer makes no sense"))?;
    let mut found = DockerCredentials {
        serveraddress: Some(registry.to_owned()),
        ..Default::default()
    };
    if answer.username == "<token>" {
        found.identitytoken = Some(answer.secret);
    } else {
        found.username = Some(answer.username);
        found.password = Some(answer.secret);
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_credentials_are_found_by_registry() {
        let encoded = STANDARD.encode("me:pass:word");
        let text = format!(
            r#"{{"auths":{{"https://ghcr.io":{{"auth":"{encoded}"}},"other":{{}}}},"credHelpers":{{"r.io":"x"}}}}"#
        );
        let credentials = Credentials::parse(&text);
        let found = credentials.plain("ghcr.io").unwrap();
        assert_eq!(found.username.as_deref(), Some("me"));
        assert_eq!(found.password.as_deref(), Some("pass:word"));
        assert!(credentials.plain("elsewhere.io").is_none());
        assert_eq!(credentials.helper("r.io"), Some("x"));
        assert!(!format!("{credentials:?}").contains(&encoded));
    }

    #[test]
    fn a_broken_file_holds_none() {
        assert!(Credentials::parse("{").plain("ghcr.io").is_none());
    }
}
