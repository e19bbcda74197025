//! E2B: a sandbox with a secret and an extension.

use std::fs;

use super::super::e2b_emulator::{Emulator, KEY};
use super::super::ground::Ground;
use super::fault::Fault;
use super::life::{Act, Cloud, Sky, survive, value};

struct E2b;

#[test]
fn a_life_on_e2b_survives_whatever_becomes_of_a_call() {
    survive(&E2b, "every call to E2B gone wrong");
}

fn timeout(act: Act) -> u32 {
    if act == Act::Make { 300 } else { 600 }
}

fn memory(act: Act) -> u64 {
    match act {
        Act::Make | Act::Change => 1,
        Act::Replace | Act::Destroy => 2,
    }
}

impl Cloud for E2b {
    fn start(&self, _: &Ground) -> (Box<dyn Sky>, String) {
        let emulator = Emulator::start();
        let address = emulator.address.clone();
        (Box::new(emulator), address)
    }

    fn environment(&self, address: &str) -> Vec<(&'static str, String)> {
        vec![
            ("E2B_API_KEY", KEY.to_owned()),
            ("E2B_API_URL", address.to_owned()),
            ("E2B_SANDBOX_URL", address.to_owned()),
        ]
    }

    fn configuration(&self, act: Act) -> String {
        format!(
            "version: \"4.0\"\nname: dev\ndeployment:\n  provider: e2b\n  image: debian:12\n  \
             resources: {{cpus: 2, memory: {}GB}}\nproviders: {{e2b: {{timeout: {}}}}}\n\
             extensions: {{active: [greeter]}}\n\
             secrets: [{{name: TOKEN, source: env, required: true}}]\n",
            memory(act),
            timeout(act)
        )
    }

    fn shape(&self) -> fn(&str) -> String {
        |call| {
            let call = call.split('?').next().unwrap_or_default();
            let parts = call.split('/').map(|part| {
                let named = part.len() > 15 && part.bytes().any(|byte| byte.is_ascii_digit());
                if named { "*" } else { part }
            });
            parts.collect::<Vec<_>>().join("/")
        }
    }

    fn goes_on(&self, fault: Fault) -> bool {
        // What the server asked for is no failure.
        fault == Fault::Throttled
    }

    fn wanted(&self, act: Act) -> Vec<String> {
        // Templates stay: others may be made from them.
        let mut wanted = vec!["template of 1GB".to_owned()];
        if memory(act) == 2 {
            wanted.push("template of 2GB".to_owned());
        }
        if act != Act::Destroy {
            let (timeout, value) = (timeout(act), value(act));
            wanted.push(format!("sandbox for {timeout} s with {}GB", memory(act)));
            wanted.push(format!("secret {value}"));
            wanted.push("greeter 1.1.0".to_owned());
            if matches!(act, Act::Make) {
                wanted.pop();
                wanted.push("greeter 1.0.0".to_owned());
            }
        }
        wanted
    }
}

impl Sky for Emulator {
    fn standing(&self) -> Vec<String> {
        let world = self.world();
        let mut standing = Vec::new();
        for template in world.templates.values() {
            let ready = template
                .builds
                .values()
                .find(|build| build.status == "ready");
            let size = ready.map_or(0, |build| build.memory / 1024);
            standing.push(format!("template of {size}GB"));
        }
        for (id, sandbox) in &world.sandboxes {
            let size = world.size(&sandbox.template);
            let memory = size[1].as_u64().unwrap_or(0) / 1024;
            let left = sandbox.end.duration_since(world.now()).as_secs();
            // Its end is put off by whole timeouts.
            let timeout = if left > 300 { 600 } else { 300 };
            standing.push(format!("sandbox for {timeout} s with {memory}GB"));
            let directory = world.directory(id);
            let read = |path: &str| fs::read_to_string(directory.join(path)).unwrap_or_default();
            standing.push(format!("secret {}", read("run/secrets/TOKEN")));
            let log = read("root/greeter.log");
            if let Some(last) = log.lines().last() {
                standing.push(format!("greeter {last}"));
            }
        }
        standing
    }
}
