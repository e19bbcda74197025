//! Whose Fly.io it is, an emulator's on this host or a person's own, and asking it past our provider.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use sindri::sys::Environment;

use super::super::ground::Ground;
use crate::fly_emulator::Emulator;

/// Where Fly.io's Machines API is.
const PUBLIC: &str = "https://api.machines.dev";

/// How long a command may take on the cloud itself: an image is fetched, a machine booted.
const PATIENCE: Duration = Duration::from_mins(15);

/// How often a question is put to an API that has no time for it.
const TRIES: usize = 20;

/// How long it is left alone meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// An account at Fly.io.
pub(super) struct Account {
    /// The organization that everything is made in.
    pub(super) organization: String,
    /// The region that everything is made in.
    pub(super) region: String,
    address: String,
    authorization: String,
    /// What answers, where that is an emulator.
    _emulator: Option<Emulator>,
}

impl Account {
    /// The person's own where `SINDRI_LIVE=fly` asks for it, else an emulator's; the ground's commands
    /// find it from here on.
    pub(super) fn open(ground: &mut Ground) -> Self {
        let own = Environment::of_process();
        let said = |name: &str| own.get(name).filter(|value| !value.is_empty());
        let (token, address, emulator) = match said("SINDRI_LIVE") {
            None => {
                let root = ground.room().join("fly");
                fs::create_dir(&root).unwrap();
                let emulator = Emulator::start(&root, 0).unwrap();
                let address = emulator.address.clone();
                ("FlyV1 fm2_emulated", address, Some(emulator))
            }
            Some("fly") => {
                let token = said("FLY_API_TOKEN").expect(
                    "SINDRI_LIVE=fly works on your own account and needs its token in \
                     FLY_API_TOKEN; `fly tokens create org` makes one",
                );
                ground.patience = PATIENCE;
                let address = said("FLY_FLAPS_BASE_URL").unwrap_or(PUBLIC);
                (token, address.to_owned(), None)
            }
            Some(other) => panic!("SINDRI_LIVE={other}: `fly` is the only cloud that it can say"),
        };
        for (name, value) in [("FLY_API_TOKEN", token), ("FLY_FLAPS_BASE_URL", &address)] {
            ground.environment.insert(name.to_owned(), value.to_owned());
        }
        let mut account = Self {
            organization: String::new(),
            region: said("SINDRI_LIVE_REGION").unwrap_or("iad").to_owned(),
            address: address.trim_end_matches('/').to_owned(),
            authorization: authorization(token),
            _emulator: emulator,
        };
        account.organization = match said("SINDRI_LIVE_ORGANIZATION") {
            Some(organization) => organization.to_owned(),
            None => account.own_organization(),
        };
        account
    }

    /// The organization of the token.
    fn own_organization(&self) -> String {
        let (status, answer) = self.ask("GET", "/v1/tokens/current", None);
        let organization = answer["tokens"][0]["org_slug"].as_str();
        let organization = organization.unwrap_or_else(|| {
            panic!(
                "Fly.io doesn't say whose the token is ({status}: {answer}); \
                 SINDRI_LIVE_ORGANIZATION says it otherwise"
            )
        });
        organization.to_owned()
    }

    /// Asks the interface with a client that isn't ours, as often as it takes; gives the status and what
    /// was answered.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        for _ in 0..TRIES {
            match self.ask_once(method, path, body) {
                (429 | 502..=504, _) => std::thread::sleep(PAUSE),
                answer => return answer,
            }
        }
        panic!("{method} {path}: the API is too busy")
    }

    fn ask_once(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut curl = Command::new("curl");
        // What stands on a command line everybody on this machine may read; the token doesn't.
        curl.args(["-sS", "--config", "-", "-X", method]).args([
            "--max-time",
            "60",
            "-w",
            "\n%{http_code}",
        ]);
        if let Some(body) = body {
            curl.args(["-H", "content-type: application/json"])
                .args(["--data-binary", &body.to_string()]);
        }
        let mut child = curl
            .arg(format!("{}{path}", self.address))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let header = format!("header = \"Authorization: {}\"\n", self.authorization);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(header.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let (body, status) = text.rsplit_once('\n').unwrap();
        let status: u16 = status.parse().unwrap();
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert_ne!(status, 0, "{method} {path}: {wrong}");
        let answer = match body.trim() {
            "" => Value::Null,
            // What isn't JSON is told as it is.
            body => serde_json::from_str(body).unwrap_or_else(|_| body.into()),
        };
        (status, answer)
    }

    /// Everything of a sort that the organization has, page by page.
    pub(super) fn all(&self, what: &str) -> Vec<Value> {
        let (mut all, mut from) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/orgs/{}/{what}?limit=100{from}", self.organization);
            let (status, page) = self.ask("GET", &path, None);
            assert_eq!(status, 200, "{path}: {page}");
            all.extend(page[what].as_array().into_iter().flatten().cloned());
            match page["next_cursor"].as_str().filter(|next| !next.is_empty()) {
                Some(next) => from = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

/// A token as a header shows it: with the scheme that it was given with, or that its form asks for.
fn authorization(token: &str) -> String {
    let token = token.trim();
    if token.starts_with("FlyV1 ") || token.starts_with("Bearer ") {
        token.to_owned()
    } else if token.starts_with("fm") {
        format!("FlyV1 {token}")
    } else {
        format!("Bearer {token}")
    }
}
