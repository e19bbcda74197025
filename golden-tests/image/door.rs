//! The way in: who gets in, who doesn't, and what stays.

use std::time::{Duration, Instant};

use super::desk::{Desk, docker};

#[test]
fn the_key_comes_in_and_nobody_else() {
    let desk = Desk::new();
    let image = desk.build("remote", &[]);
    let (mine, other) = (desk.key("mine"), desk.key("other"));
    desk.authorize(&[&mine]);
    let machine = desk.start(&image, &[], &[]);
    machine.host_key();

    machine
        .enter(&mine, "id -un; cd workspace && touch here && pwd")
        .ended(0)
        .says("developer\n/alt/home/developer/workspace");
    machine
        .enter(&other, "true")
        .ended(255)
        .says("Permission denied (publickey)");
    let with_mine = ["-o", "IdentitiesOnly=yes", "-i", mine.as_str()];
    machine
        .ssh("root", &with_mine, "true")
        .ended(255)
        .says("Permission denied (publickey)");
    machine
        .ssh("nobody", &with_mine, "true")
        .ended(255)
        .says("Permission denied (publickey)");
    // A server that took passwords would name the way: a client may only choose among what is offered.
    let by_password = [
        "-o",
        "PubkeyAuthentication=no",
        "-o",
        "PreferredAuthentications=password,keyboard-interactive",
    ];
    for login in ["developer", "root"] {
        machine
            .ssh(login, &by_password, "true")
            .ended(255)
            .says("Permission denied (publickey)");
    }
    // Even with a password that is right.
    docker(&[
        "exec",
        &machine.name,
        "sh",
        "-c",
        "printf 'developer:secret\\nroot:secret\\n' | chpasswd",
    ]);
    machine
        .ssh("developer", &by_password, "true")
        .ended(255)
        .says("Permission denied (publickey)");

    // The key isn't in the machine, so that what is taken out of the secret is out.
    machine
        .enter(
            &mine,
            "cat /run/secrets/AUTHORIZED_KEYS workspace/.sindri-ssh/host",
        )
        .ended(1);
    desk.authorize(&[&other]);
    machine.enter(&mine, "true").ended(255);
    machine.enter(&other, "true").ended(0);

    let log = docker(&[
        "exec",
        &machine.name,
        "cat",
        "/alt/home/developer/workspace/.sindri-ssh/access.log",
    ]);
    for said in [
        "Accepted publickey for developer",
        "Failed publickey for developer",
        "User root",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    let shown = docker(&["logs", &machine.name]);
    assert!(
        shown.contains("Accepted publickey for developer"),
        "{shown}"
    );
}

#[test]
fn key_workspace_and_log_survive_a_rebuild_and_a_replacement() {
    let desk = Desk::new();
    let image = desk.build("remote", &[]);
    let mine = desk.key("mine");
    desk.authorize(&[&mine]);
    let machine = desk.start(&image, &[], &[]);
    let key = machine.host_key();
    machine.enter(&mine, "echo kept >workspace/file").ended(0);
    let first = docker(&["image", "inspect", "--format", "{{.Id}}", &image]);
    machine.stop();
    machine.remove();

    // Another image of the same name, as after a day with updates.
    let image = desk.build("remote", &["--build-arg", "SUDO=1"]);
    assert_ne!(
        docker(&["image", "inspect", "--format", "{{.Id}}", &image]),
        first
    );
    let machine = desk.start(&image, &[], &[]);
    assert_eq!(machine.host_key(), key);
    machine
        .enter(&mine, "cat workspace/file; sudo id -un")
        .ended(0)
        .says("kept\nroot");
    let log = docker(&[
        "exec",
        &machine.name,
        "cat",
        "/alt/home/developer/workspace/.sindri-ssh/access.log",
    ]);
    assert_eq!(
        log.matches("Accepted publickey for developer").count(),
        2,
        "{log}"
    );
    machine.stop();

    // Another volume is another machine.
    let elsewhere = Desk::new();
    elsewhere.authorize(&[&mine]);
    let other = elsewhere.start(&image, &[], &[]);
    assert_ne!(other.host_key(), key);
}

#[test]
fn it_ends_within_seconds_with_somebody_inside() {
    let desk = Desk::new();
    let image = desk.build("remote", &[]);
    let mine = desk.key("mine");
    desk.authorize(&[&mine]);
    for init in [&[][..], &["--init"]] {
        let machine = desk.start(&image, init, &[]);
        machine.host_key();
        machine.enter(&mine, "nohup sleep 600 >/dev/null 2>&1 & nohup sh -c 'trap : TERM HUP; while :; do sleep 1; done' >/dev/null 2>&1 &").ended(0);
        let took = machine.stop();
        assert!(took < Duration::from_secs(10), "{init:?}: it took {took:?}");
        let code = docker(&["inspect", "--format", "{{.State.ExitCode}}", &machine.name]);
        assert_eq!(code, "0", "{init:?}");
        machine.remove();
    }
}

#[test]
fn what_the_person_puts_in_the_place_of_the_machines_key_is_not_trusted() {
    let desk = Desk::new();
    let image = desk.build("remote", &[]);
    let mine = desk.key("mine");
    desk.authorize(&[&mine]);
    let machine = desk.start(&image, &[], &[]);
    let key = machine.host_key();
    machine
        .enter(
            &mine,
            "cd workspace && mv .sindri-ssh aside && ln -s /etc .sindri-ssh",
        )
        .ended(0);
    docker(&["restart", &machine.name]);
    let published = docker(&["port", &machine.name, "10022/tcp"]);
    let port = published.rsplit_once(':').unwrap().1.to_owned();
    let machine = super::desk::Machine { port, ..machine };
    assert_ne!(machine.host_key(), key);
    let mode = docker(&["exec", &machine.name, "stat", "-c", "%a %U", "/etc"]);
    assert_eq!(mode, "755 root");
}

#[test]
fn whoever_tries_keys_in_vain_is_banned_where_that_is_wished() {
    let desk = Desk::new();
    let image = desk.build("remote", &["--build-arg", "FAIL2BAN=1"]);
    let (mine, other) = (desk.key("mine"), desk.key("other"));
    desk.authorize(&[&mine]);
    let machine = desk.start(&image, &["--cap-add", "NET_ADMIN"], &[]);
    machine.host_key();
    machine.enter(&mine, "true").ended(0);
    let began = Instant::now();
    while machine.enter(&mine, "true").code == Some(0) {
        assert_ne!(machine.enter(&other, "true").code, Some(0));
        assert!(began.elapsed() < Duration::from_mins(3), "nobody is banned");
    }
    let banned = docker(&[
        "exec",
        &machine.name,
        "fail2ban-client",
        "get",
        "sshd",
        "banip",
    ]);
    assert!(!banned.is_empty());
}
