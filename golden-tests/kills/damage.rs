//! A state that was damaged, or written by a newer version; names that would lead elsewhere.

use super::ground::Ground;

/// Every command that reads or writes the state.
const COMMANDS: [&[&str]; 11] = [
    &["plan"],
    &["plan", "--refresh=false"],
    &["apply", "--auto-approve"],
    &["deploy", "--auto-approve"],
    &["drift"],
    &["destroy", "--auto-approve"],
    &["status"],
    &["state", "list"],
    &["state", "show", "machine.dev"],
    &["stop"],
    &["connect", "-c", "true"],
];

fn project() -> Ground {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        "version: \"3.0\"\nname: dev\ndeployment:\n  provider: local\n  volumes: {data: {path: /srv}}\n",
    );
    ground.apply().ended(0);
    ground
}

/// Spoils the state in one way after another: every command fails with the code, nothing changes.
#[track_caller]
fn refused(ground: &Ground, code: &str) {
    let before = (ground.store(), ground.world());
    for command in COMMANDS {
        ground
            .sindri(command)
            .ended(1)
            .says(code)
            .says(".sindri")
            .never_says("panicked");
        assert!(
            before == (ground.store(), ground.world()),
            "`{}` changed something",
            command.join(" ")
        );
    }
}

#[test]
fn a_truncated_document_is_refused_everywhere() {
    let ground = project();
    let path = ground.path(".sindri/state.json");
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        refused(&ground, "store::damaged");
    }
    std::fs::write(&path, &whole).unwrap();
    ground.settled();
}

#[test]
fn a_corrupt_document_is_refused_everywhere() {
    let ground = project();
    let path = ground.path(".sindri/state.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        whole.replacen("\"generation\":1", "\"generation\":2", 1),
    )
    .unwrap();
    refused(&ground, "store::damaged");
    std::fs::write(&path, "no JSON at all").unwrap();
    refused(&ground, "store::damaged");
    std::fs::write(&path, &whole).unwrap();
    ground.settled();
}

#[test]
fn a_corrupt_journal_is_refused_everywhere() {
    let ground = project();
    let path = ground.path(".sindri/journal.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}not an entry\n{whole}")).unwrap();
    refused(&ground, "store::damaged");
    std::fs::write(&path, &whole).unwrap();
    ground.settled();
}

#[test]
fn a_torn_last_line_of_the_journal_is_a_crash_and_no_damage() {
    let ground = project();
    let path = ground.path(".sindri/journal.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}{{\"check\":\"0123")).unwrap();
    ground.settled();
    ground.apply().ended(0);
    ground.settled();
}

#[test]
fn a_newer_state_is_refused_everywhere() {
    let ground = project();
    let path = ground.path(".sindri/state.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replacen("\"version\":1", "\"version\":9", 1)).unwrap();
    refused(&ground, "store::newer");
    std::fs::write(&path, &whole).unwrap();
    ground.settled();
}

#[test]
fn a_lost_document_is_not_taken_for_a_new_project() {
    let ground = project();
    let path = ground.path(".sindri/state.json");
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    refused(&ground, "store::gone");
    std::fs::write(&path, whole).unwrap();
    ground.settled();
}

#[test]
fn names_that_would_lead_elsewhere_are_refused() {
    for name in [
        "../escape",
        "a/../../b",
        "/etc",
        "..",
        ".",
        "a b",
        "-rf",
        "dev\\n",
        "é",
    ] {
        let ground = Ground::new();
        let machines = format!(
            "version: \"3.0\"\nname: dev\ndeployment: {{provider: local}}\nmachines:\n  \"{name}\": {{}}\n"
        );
        let project =
            format!("version: \"3.0\"\nname: \"{name}\"\ndeployment: {{provider: local}}\n");
        let volume = format!(
            "version: \"3.0\"\nname: dev\ndeployment: {{provider: local, volumes: {{\"{name}\": {{path: /x}}}}}}\n"
        );
        let mount = "version: \"3.0\"\nname: dev\ndeployment: {provider: local, volumes: \
                     {data: {path: \"/../../escape\"}}}\n"
            .to_owned();
        for config in [machines, project, volume, mount] {
            ground.write("sindri.yaml", &config);
            for command in [
                &["plan"][..],
                &["apply", "--auto-approve"],
                &["config", "validate"],
            ] {
                ground.sindri(command).ended(1).never_says("panicked");
            }
        }
        assert!(
            !ground.path(".sindri").exists(),
            "a state was begun for {name:?}"
        );
        assert!(!ground.data().exists(), "something was made for {name:?}");
        let beside: Vec<_> = std::fs::read_dir(ground.room())
            .unwrap()
            .flatten()
            .collect();
        let names: Vec<_> = beside.iter().map(std::fs::DirEntry::file_name).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
