//! After an apply the way into a machine is really tried, with a real sshd, and its key recorded.

use std::net::TcpListener;
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
    std::fs::read_to_string(path.with_extension("pub")).unwrap()
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

#[test]
fn a_way_in_is_tried_and_its_key_recorded() {
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
    let own = key(&ground, "own");
    key(&ground, "other");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    // The key that the machine's own start would leave on its volume.
    let configuration = |memory: &str| {
        format!(
            "version: \"4.0\"\nname: den\ndeployment: {{provider: fly, image: 'debian:12', resources: {{memory: {memory}}}}}\n\
             providers: {{fly: {{region: iad, organization: acme, sshPort: {port}, autoStopMachines: false}}}}\n\
             secrets:\n  - {{name: HOST, source: file, path: own.pub, mountPath: /alt/home/developer/workspace/.sindri-ssh/host.pub, permissions: '0644'}}\n"
        )
    };
    ground.write("sindri.yaml", &configuration("1GB"));

    // Nobody answers: the machine stands all the same.
    let silent = ground.apply().ended(0);
    silent
        .says("fly::ssh-silent")
        .says("nobody answers over ssh at 127.0.0.1");
    let recorded = |ground: &Ground| {
        let state = ground.state().unwrap();
        let machine: Address = "machine.den".parse().unwrap();
        let attributes = &state.current(&machine).unwrap().attributes;
        let key = attributes.get("sshHostKey");
        key.map(|key| key.as_str().unwrap().to_owned())
    };
    assert_eq!(recorded(&ground), None);

    // Somebody else answers there.
    let strange = open(&ground, port, "other");
    ground.write("sindri.yaml", &configuration("2GB"));
    ground
        .apply()
        .ended(0)
        .says("fly::host-key")
        .says("SHA256:");
    assert_eq!(recorded(&ground), None);
    drop(strange);

    let _door = open(&ground, port, "own");
    ground.write("sindri.yaml", &configuration("1GB"));
    ground.apply().ended(0).never_says("Warning");
    let words: Vec<&str> = own.split_whitespace().take(2).collect();
    assert_eq!(recorded(&ground).as_deref(), Some(words.join(" ").as_str()));
    ground
        .sindri(&["state", "show", "machine.den"])
        .ended(0)
        .says("sshHostKey")
        .says("sshUser");
    ground.settled();

    // Without the ssh client of this host nothing fails.
    ground
        .environment
        .insert("PATH".to_owned(), "/nowhere".to_owned());
    ground.write("sindri.yaml", &configuration("2GB"));
    ground.apply().ended(0).says("fly::no-ssh-client");
}
