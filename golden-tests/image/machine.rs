//! The image as a machine of Sindri's: on Docker, and as Fly.io would start it.

use std::fs;

use super::desk::{Desk, docker};

#[test]
fn on_docker_it_is_a_machine_like_any_other() {
    let desk = Desk::new();
    let mine = desk.key("mine");
    let image = desk.build("remote", &[]);
    let text = format!(
        "version: \"4.0\"\nname: {}\ndeployment:\n  provider: docker\n  image: {image}\nextensions: {{active: []}}\nsecrets:\n  - {{name: AUTHORIZED_KEYS, source: file, path: {mine}.pub}}\n",
        desk.name
    );
    fs::write(desk.path().join("project/sindri.yaml"), text).unwrap();
    desk.sindri(&["apply", "--auto-approve"]).ended(0);
    let seen = desk.sindri(&["connect", "-c", "id -un; pwd; stat -c %U .; cat /run/secrets/AUTHORIZED_KEYS; runuser -u developer -- touch here && echo mine"]).ended(0);
    let key = fs::read_to_string(format!("{mine}.pub")).unwrap();
    assert_eq!(
        seen.stdout,
        format!("root\n/alt/home/developer/workspace\ndeveloper\n{key}mine\n")
    );
    desk.sindri(&["plan", "--detailed-exitcode"]).ended(0);
    desk.sindri(&["destroy", "--volumes", "--auto-approve"])
        .ended(0);
}
