//! After an apply the way into a machine is really tried, with a real sshd, and its key recorded.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::fly_emulator::Emulator;
use super::ground::Ground;
use sindri::address::Address;

/// An sshd on this host, ended when dropped.
struct Door(Child);

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

fn key(ground: &Ground, name: &str) -> String {
    let path = ground.path(name);
    let words = ["-q", "-t", "ed25519", "-N", "", "-C", "developer", "-f"];
    run(Command::new("ssh-keygen").args(words).arg(&path));
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    let words: Vec<&str> = public.split_whitespace().take(2).collect();
    words.join(" ")
}

fn open(ground: &Ground, port: u16, key: &str) -> Door {
    std::fs::create_dir_all("/run/sshd").unwrap();
    let port = port.to_string();
    let child = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f", "/dev/null", "-o", "PidFile=none"])
        .args(["-o", "ListenAddress=127.0.0.1", "-p", &port, "-h"])
        .arg(ground.path(key))
        .stderr(Stdio::null())
        .spawn();
    Door(child.unwrap())
}

/// A project with one machine on the emulated Fly.io, whose way in leads to a port of this host.
struct Den {
    ground: Ground,
    emulator: Emulator,
    root: PathBuf,
    port: u16,
    /// The key that the machine says is its own.
    own: String,
    /// Another.
    other: String,
}

impl Den {
    fn new() -> Self {
        let mut ground = Ground::new();
        let root = ground.room().join("fly");
        std::fs::create_dir(&root).unwrap();
        let emulator = Emulator::start(&root, 0).unwrap();
        emulator.world().address = Some("127.0.0.1".to_owned());
        for (name, value) in [
            ("FLY_API_TOKEN", "FlyV1 fm2_emulated"),
            ("FLY_FLAPS_BASE_URL", &emulator.address),
        ] {
            ground.environment.insert(name.to_owned(), value.to_owned());
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let (own, other) = (key(&ground, "own"), key(&ground, "other"));
        Self {
            ground,
            emulator,
            root,
            port,
            own,
            other,
        }
    }

    /// What the machine says its key is, as its own start would leave it on the volume.
    fn says(&self, key: &str) {
        let volume = {
            let mut world = self.emulator.world();
            let (_, _, machine) = world.machines().next().unwrap();
            let volume = machine.config["mounts"][0]["volume"].as_str();
            volume.unwrap().to_owned()
        };
        let place = self.root.join(volume).join(".sindri-ssh");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("host.pub"), format!("{key} developer\n")).unwrap();
    }

    fn want(&self, memory: &str) {
        let port = self.port;
        let text = format!(
            "version: \"4.0\"\nname: den\ndeployment: {{provider: fly, image: 'debian:12', resources: {{memory: {memory}}}}}\n\
             providers: {{fly: {{region: iad, organization: acme, sshPort: {port}, autoStopMachines: false}}}}\n"
        );
        self.ground.write("sindri.yaml", &text);
    }

    fn door(&self, key: &str) -> Door {
        open(&self.ground, self.port, key)
    }

    fn recorded(&self) -> Option<String> {
        let state = self.ground.state().unwrap();
        let machine: Address = "machine.den".parse().unwrap();
        let attributes = &state.current(&machine).unwrap().attributes;
        let key = attributes.get("sshHostKey");
        key.map(|key| key.as_str().unwrap().to_owned())
    }
}

#[test]
fn a_way_in_is_tried_and_its_key_recorded() {
    let mut den = Den::new();
    den.want("2GB");
    // Nothing in it lets anybody in.
    den.ground.apply().ended(0).never_says("Warning");
    // Nobody answers: the machine stands all the same.
    den.says(&den.own);
    den.want("1GB");
    let silent = den.ground.apply().ended(0);
    silent
        .says("fly::ssh-silent")
        .says("nobody answers over ssh at 127.0.0.1");
    assert_eq!(den.recorded(), None);

    // Somebody else answers there.
    let strange = den.door("other");
    den.want("2GB");
    let other = den.ground.apply().ended(0);
    other.says("fly::host-key)").says("SHA256:");
    assert_eq!(den.recorded(), None);
    drop(strange);

    let door = den.door("own");
    den.want("1GB");
    den.ground.apply().ended(0).never_says("Warning");
    assert_eq!(den.recorded().as_ref(), Some(&den.own));
    let shown = den.ground.sindri(&["state", "show", "machine.den"]);
    shown.ended(0).says("sshHostKey").says("sshUser");
    den.ground.settled();
    drop(door);

    // A change in place whose trial fails keeps what was recorded; nobody talks to a stranger.
    let _strange = den.door("other");
    den.ground
        .sindri(&["connect"])
        .ended(1)
        .says("fly::host-key\n")
        .says("somebody else answers");
    den.want("2GB");
    den.ground.apply().ended(0).says("fly::host-key)");
    assert_eq!(den.recorded().as_ref(), Some(&den.own));

    // Without the ssh client of this host nothing fails.
    let path = ("PATH".to_owned(), "/nowhere".to_owned());
    den.ground.environment.extend([path]);
    den.want("1GB");
    den.ground.apply().ended(0).says("fly::no-ssh-client");
}

#[test]
fn another_key_than_the_recorded_one_is_taken_only_on_purpose() {
    let den = Den::new();
    den.want("2GB");
    den.ground.apply().ended(0);
    den.says(&den.own);
    let door = den.door("own");
    den.want("1GB");
    den.ground.apply().ended(0).never_says("Warning");
    assert_eq!(den.recorded().as_ref(), Some(&den.own));
    drop(door);
    den.says(&den.other);
    let _door = den.door("other");

    let refused = den.ground.sindri(&["connect"]).ended(1);
    refused
        .says("fly::host-key-changed")
        .says("`sindri refresh` records the new one");
    den.want("2GB");
    den.ground.apply().ended(0).says("fly::host-key-changed");
    assert_eq!(den.recorded().as_ref(), Some(&den.own));

    let refreshed = den.ground.sindri(&["refresh", "--auto-approve"]).ended(0);
    refreshed.says(&format!("{} -> {}", den.own, den.other));
    assert_eq!(den.recorded().as_ref(), Some(&den.other));
    let again = den.ground.sindri(&["refresh", "--auto-approve"]).ended(0);
    again.says("Nothing to write");
    // The key is the recorded one now; who asks just isn't let in.
    let entered = den.ground.sindri(&["connect"]).ended(255);
    entered.never_says("fly::host-key-changed");
}
