//! Fly.io: an app with a volume, a secret, an extension and the smallest machine that is sold.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::ground::{Ground, Ran};
use super::super::life::tell_text;
use super::account::Account;

/// How long is waited for what a cloud does in its own time.
const SOON: Duration = Duration::from_mins(2);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Where the volume is in the machine.
const WORKSPACE: &str = "/alt/home/developer/workspace";

/// States of what is gone, or about to be.
const GOING: [&str; 7] = [
    "destroyed",
    "destroying",
    "replaced",
    "pending_destroy",
    "scheduling_destroy",
    "waiting_for_detach",
    "fork_cleanup",
];

const GREETER: &str = "#!/bin/sh\nset -e\nmkdir -p \"$HOME/.local/bin\"\n\
     printf '#!/bin/sh\\necho greeter 1.0.0\\n' >\"$HOME/.local/bin/greeter\"\n\
     chmod 755 \"$HOME/.local/bin/greeter\"\n";

#[test]
fn a_life_on_fly_is_what_its_public_interface_shows() {
    let mut ground = Ground::new();
    let account = Account::open(&mut ground);
    let tail: [u8; 4] = sindri::sys::Random::system().bytes();
    let name = format!("sindri-live-{:08x}", u32::from_be_bytes(tail));
    let began = Instant::now();
    let (organization, region) = (&account.organization, &account.region);
    tell_text(&format!(
        "\nthe app `{name}` is made in {region} for `{organization}`, and deleted at the end\n"
    ));
    let life = Life {
        ground,
        account,
        name,
    };
    let lived = catch_unwind(AssertUnwindSafe(|| life.live()));
    let left = catch_unwind(AssertUnwindSafe(|| life.clear()));
    let left = left.unwrap_or_else(|_| vec![format!("maybe all of the app `{}`", life.name)]);
    let left = left.join("\n");
    tell_text(&format!("it took {} s\n", began.elapsed().as_secs()));
    if !left.is_empty() {
        tell_text(&format!("THIS IS LEFT AND COSTS MONEY:\n{left}\n"));
    }
    if let Err(why) = lived {
        resume_unwind(why);
    }
    assert_eq!(left, "");
}

struct Life {
    ground: Ground,
    account: Account,
    name: String,
}

impl Life {
    fn live(&self) {
        let volume = self.is_made();
        self.changes_in_place();
        self.sleeps_and_wakes();
        self.heals_what_others_changed();
        self.heals_what_others_deleted(&volume);
        self.is_replaced(&volume);
        self.destroy().ended(0);
        let left = self.left_soon();
        assert_eq!(left, Vec::<String>::new(), "left by `sindri destroy`");
        self.ground.sindri(&["state", "list"]).ended(0);
    }

    /// Writes what is wanted.
    fn want(&self, memory: &str, image: &str) {
        let (name, account) = (&self.name, &self.account);
        let text = format!(
            "version: \"4.0\"\nname: {name}\ndeployment:\n  provider: fly\n  image: {image}\n  \
             resources: {{cpus: 1, memory: {memory}}}\n  volumes: {{workspace: {{size: 1GB}}}}\n\
             providers: {{fly: {{region: {}, organization: {}}}}}\n\
             secrets: [{{name: TOKEN, source: env, required: true}}]\n\
             extensions: {{active: [greeter]}}\n",
            account.region, account.organization
        );
        self.ground.write("sindri.yaml", &text);
    }

    fn sindri(&self, words: &[&str]) -> Ran {
        let mut command = self.ground.command(words);
        command.env("TOKEN", "hush-hush-hush");
        self.ground.launch(command).wait()
    }

    fn destroy(&self) -> Ran {
        self.sindri(&["destroy", "--volumes", "--auto-approve"])
    }

    fn apply(&self, counts: &str) {
        self.sindri(&["apply", "--auto-approve"])
            .ended(0)
            .says(counts);
        self.is_settled();
    }

    fn is_settled(&self) {
        self.sindri(&["plan", "--detailed-exitcode"])
            .ended(0)
            .says("No changes.");
    }

    /// Runs a command in the machine.
    fn inside(&self, line: &str) -> Ran {
        self.sindri(&["connect", "-c", line]).ended(0)
    }

    /// Whether the extension, the secret and what lies on the volume are there.
    fn has_everything(&self) {
        self.inside(&format!(
            "greeter && test \"$TOKEN\" = hush-hush-hush && cat {WORKSPACE}/kept"
        ))
        .says("greeter 1.0.0")
        .says("kept over everything");
    }

    fn ask(&self, method: &str, rest: &str, body: Option<&Value>) -> (u16, Value) {
        let path = format!("/v1/apps/{}{rest}", self.name);
        self.account.ask(method, &path, body)
    }

    /// What the app has of a sort; what goes doesn't count.
    fn those(&self, what: &str) -> Vec<Value> {
        let (status, all) = self.ask("GET", &format!("/{what}"), None);
        assert_eq!(status, 200, "{what}: {all}");
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(stays).collect()
    }

    /// The one object of a sort.
    fn one(&self, what: &str) -> Value {
        let mut all = self.those(what);
        assert_eq!(all.len(), 1, "{what}: {all:?}");
        all.pop().unwrap()
    }

    fn memory(&self) -> Value {
        self.one("machines")["config"]["guest"]["memory_mb"].clone()
    }

    fn is_made(&self) -> String {
        self.ground.extension("greeter", "1.0.0", 120, GREETER);
        self.want("256MB", "debian:12");
        self.sindri(&["config", "validate"]).ended(0);
        let plan = self.sindri(&["plan", "--detailed-exitcode"]).ended(2);
        let costs = plan.stdout.lines().filter(|line| line.contains("a month"));
        for line in costs {
            tell_text(&format!("{}\n", line.trim()));
        }
        let (status, _) = self.ask("GET", "", None);
        assert_eq!(status, 404, "a plan makes nothing");

        self.apply("0 changed, 0 destroyed");
        let machine = self.one("machines");
        assert_eq!(machine["state"], "started", "{machine}");
        assert_eq!(machine["region"], json!(self.account.region), "{machine}");
        let guest = &machine["config"]["guest"];
        assert_eq!(guest["cpu_kind"], "shared", "{guest}");
        assert_eq!(
            (&guest["cpus"], &guest["memory_mb"]),
            (&json!(1), &json!(256))
        );
        let volume = self.one("volumes");
        assert_eq!(volume["size_gb"], 1, "{volume}");
        assert_eq!(volume["attached_machine_id"], machine["id"], "{volume}");
        let (_, secrets) = self.ask("GET", "/secrets", None);
        let secrets = secrets["secrets"].as_array().map(Vec::len);
        assert_eq!(secrets, Some(1), "one secret");
        let (_, addresses) = self.ask("GET", "/ip_assignments", None);
        let addresses = addresses["ips"].as_array().map(Vec::len);
        assert_eq!(addresses, Some(1), "one address");

        self.inside(&format!("echo kept over everything >{WORKSPACE}/kept"));
        self.has_everything();
        volume["id"].as_str().unwrap().to_owned()
    }

    fn changes_in_place(&self) {
        let before = self.one("machines")["id"].clone();
        self.want("512MB", "debian:12");
        self.apply("0 added, 1 changed, 0 destroyed");
        assert_eq!(self.memory(), 512);
        assert_eq!(self.one("machines")["id"], before);
        self.has_everything();
    }

    fn sleeps_and_wakes(&self) {
        self.sindri(&["stop"]).ended(0);
        let rests = |state: &str| ["stopped", "suspended"].contains(&state);
        self.until("the machine rests", || rests(&self.power()));
        self.sindri(&["status"]).ended(0).says("stopped");
        self.sindri(&["start"]).ended(0);
        self.until("the machine runs", || self.power() == "started");
        self.has_everything();
        self.is_settled();
    }

    fn power(&self) -> String {
        let machine = self.one("machines");
        machine["state"].as_str().unwrap_or_default().to_owned()
    }

    fn heals_what_others_changed(&self) {
        let machine = self.one("machines");
        let mut config = machine["config"].clone();
        config["guest"]["memory_mb"] = json!(256);
        let id = machine["id"].as_str().unwrap();
        let body = json!({ "config": config, "current_version": machine["instance_id"] });
        let (status, answer) = self.ask("POST", &format!("/machines/{id}"), Some(&body));
        assert_eq!(status, 200, "{answer}");
        self.until("the machine runs", || self.power() == "started");

        self.drifts(&["machine.", "memory", "256MB"]);
        self.apply("0 added, 1 changed, 0 destroyed");
        assert_eq!(self.memory(), 512);
        assert_eq!(self.one("machines")["id"].as_str(), Some(id));
    }

    fn heals_what_others_deleted(&self, volume: &str) {
        let machine = self.one("machines");
        let id = machine["id"].as_str().unwrap();
        let (status, answer) = self.ask("DELETE", &format!("/machines/{id}?force=true"), None);
        assert_eq!(status, 200, "{answer}");
        self.until("the machine is gone", || self.those("machines").is_empty());

        self.drifts(&["machine.", "is gone"]);
        self.apply("0 changed, 0 destroyed");
        self.is_another(id, volume);
    }

    fn is_replaced(&self, volume: &str) {
        let machine = self.one("machines");
        self.want("512MB", "debian:12-slim");
        self.apply("0 changed");
        self.is_another(machine["id"].as_str().unwrap(), volume);
        let image = self.one("machines")["config"]["image"].to_string();
        assert!(image.contains("debian:12-slim"), "{image}");
    }

    /// The machine is another one, and has the volume with what lay on it.
    fn is_another(&self, before: &str, volume: &str) {
        let machine = self.one("machines");
        assert_ne!(machine["id"].as_str(), Some(before));
        let standing = self.one("volumes");
        assert_eq!(standing["id"].as_str(), Some(volume));
        assert_eq!(standing["attached_machine_id"], machine["id"]);
        self.has_everything();
    }

    /// Sees the drift as soon as the cloud's lists show it.
    fn drifts(&self, texts: &[&str]) {
        let mut last = None;
        self.until("it drifts", || {
            let ran = self.sindri(&["drift"]);
            let drifts = ran.code == Some(2);
            last = Some(ran);
            drifts
        });
        let ran = last.unwrap();
        let shown = |ran: Ran, text: &&str| ran.says(text);
        texts.iter().fold(ran, shown);
    }

    #[track_caller]
    fn until(&self, what: &str, mut so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !so() {
            assert!(began.elapsed() < SOON, "never: {what}, `{}`", self.name);
            std::thread::sleep(LOOK);
        }
    }

    /// What of the app is there, by the app's name and by the organization's own lists.
    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        let (status, _) = self.ask("GET", "", None);
        if status != 404 {
            left.push(format!("app {} (answers {status})", self.name));
        }
        for what in ["machines", "volumes"] {
            let all = self.account.all(what);
            let own = all
                .iter()
                .filter(|one| one["app_name"] == json!(self.name) && stays(one));
            left.extend(own.map(|one| format!("{what}: {} ({})", one["id"], one["state"])));
        }
        left
    }

    /// The same when the cloud had time to delete.
    fn left_soon(&self) -> Vec<String> {
        let began = Instant::now();
        loop {
            let left = self.left();
            if left.is_empty() || began.elapsed() > SOON {
                return left;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Deletes whatever is there, by the program, then past it; gives what can't be.
    fn clear(&self) -> Vec<String> {
        if self.left().is_empty() {
            return Vec::new();
        }
        // It may be what failed: the rest doesn't rely on it.
        let ran = catch_unwind(AssertUnwindSafe(|| self.destroy()));
        if ran.is_ok_and(|ran| ran.code == Some(0)) && self.left_soon().is_empty() {
            return Vec::new();
        }
        self.ask("DELETE", "?force=true", None);
        self.left_soon()
    }
}

/// Whether an object isn't about to go.
fn stays(one: &Value) -> bool {
    let state = one["state"].as_str().unwrap_or_default();
    !GOING.contains(&state)
}
