//! A registry of images, real and with a password.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::desk::{Desk, base, remove, run};

/// `open-sesame`, as the registry keeps it.
const LOGIN: &str = "ada:$2b$04$1AUiF9I4jvICwin8TedsG.WLAQCk45bNAjKeII9yLdS7f2deDGLQW\n";

struct Registry {
    child: Child,
    place: String,
}

impl Registry {
    fn start(desk: &Desk) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = free.local_addr().unwrap().to_string();
        drop(free);
        let folder = desk.path().join("registry");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("passwords"), LOGIN).unwrap();
        let shown = folder.display();
        let settings = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {shown}/images}}}}\nhttp: {{addr: \"{place}\"}}\nauth: {{htpasswd: {{realm: test, path: {shown}/passwords}}}}\n"
        );
        fs::write(folder.join("settings.yml"), settings).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.join("settings.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("these tests need `docker-registry`: {error}"));
        let registry = Self { child, place };
        let began = Instant::now();
        while TcpStream::connect(&registry.place).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the registry never answered"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        registry
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_pushed_image_is_named_and_used_by_digest() {
    let desk = Desk::new();
    let registry = Registry::start(&desk);
    let tag = format!("{}/{}:remote", registry.place, desk.name);
    let base = base();
    let words = [
        "image", "build", "--target", "remote", "--tag", &tag, "--base", &base, "--push",
    ];

    let refused = desk.sindri(&words).ended(1).says("docker::push-denied");
    assert!(
        refused
            .stderr
            .contains(&format!("docker login {}", registry.place)),
        "{refused:#?}"
    );

    let folder = desk.path().join("home/.docker");
    fs::create_dir(&folder).unwrap();
    // `ada:open-sesame` in base64.
    let config = format!(
        "{{\"auths\":{{\"{}\":{{\"auth\":\"YWRhOm9wZW4tc2VzYW1l\"}}}}}}",
        registry.place
    );
    fs::write(folder.join("config.json"), config).unwrap();
    let pushed = desk.sindri(&words).ended(0);
    let digest = pushed
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("Pushed: "))
        .unwrap();
    let (repository, hash) = digest.split_once('@').unwrap();
    assert_eq!(repository, format!("{}/{}", registry.place, desk.name));

    // The registry itself knows it by this digest.
    let address = format!(
        "http://{}/v2/{}/manifests/{hash}",
        registry.place, desk.name
    );
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json";
    let asked = ["-sfI", "-u", "ada:open-sesame", "-H", accept, &address];
    run(Command::new("curl").args(asked)).ended(0).says(hash);

    // A machine made from nothing but the digest.
    remove(&tag);
    let text = format!(
        "version: \"4.0\"\nname: {}\ndeployment:\n  provider: docker\n  image: {digest}\nextensions: {{active: []}}\n",
        desk.name
    );
    fs::write(desk.path().join("project/sindri.yaml"), text).unwrap();
    desk.sindri(&["apply", "--auto-approve"]).ended(0);
    desk.sindri(&["connect", "-c", "test -x /usr/sbin/sshd"])
        .ended(0);
    desk.sindri(&["destroy", "--volumes", "--auto-approve"])
        .ended(0);
    run(Command::new("docker").args(["rmi", digest]));

    // A base that this registry doesn't have is told from one that can't be asked for.
    let absent = format!("{}/absent:1", registry.place);
    desk.sindri(&["image", "build", "--tag", &tag, "--base", &absent])
        .ended(1)
        .says("docker::image-missing")
        .says(&absent);
}
