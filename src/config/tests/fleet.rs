//! Fleets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{many, meaning, read_text, told};
use crate::config::{Config, Overrides, ProviderSettings, read, show_yaml};
use crate::diagnostic::Source;
use crate::resource::{ProviderKind, Size};

const BASE: &str = "\
version: \"3.0\"
name: team
deployment:
  provider: docker
  resources: { cpus: 2, memory: 4GB }
extensions: { profile: minimal, additional: [docker] }
secrets: [{ name: TOKEN, source: env }]
";

#[test]
fn entries_are_laid_over_the_rest_of_the_file() {
    let config = meaning(&format!(
        "{BASE}machines:
  plain:
  strong: {{ resources: {{ memory: 16GB }}, extensions: {{ active: [rust] }} }}
  cloud: {{ provider: fly, secrets: [], providers: {{ fly: {{ region: ams }} }} }}
  bare: {{ resources: null, dependsOn: [strong] }}
"
    ));
    let [plain, strong, cloud, bare] = &config.machines[..] else {
        panic!("four machines")
    };
    assert_eq!(plain.real_name, "team-plain");
    assert_eq!((plain.cpus, plain.memory), (Some(2), Some(Size::gib(4))));
    assert_eq!((strong.cpus, strong.memory), (Some(2), Some(Size::gib(16))));
    assert!(strong.extensions.profile.is_none());
    assert_eq!(strong.extensions.names.len(), 1);
    assert_eq!(cloud.provider, ProviderKind::Fly);
    assert!(cloud.secrets.is_empty() && plain.secrets.len() == 1);
    assert_eq!((bare.cpus, bare.memory), (None, None));
    assert_eq!(bare.depends_on[0].as_str(), "strong");
}

#[test]
fn a_size_by_name_is_what_cpus_and_memory_leave_open() {
    let config = meaning(&format!(
        "{BASE}machines:
  small: {{ resources: {{ size: minimal }} }}
  middle: {{ resources: {{ size: standard, memory: 3GB }} }}
  large: {{ resources: {{ size: performance, cpus: 8 }} }}
"
    ));
    let sizes = config.machines.iter().map(|m| (m.cpus, m.memory));
    let wanted = [(1, 1), (1, 3), (8, 4)].map(|(cpus, gb)| (Some(cpus), Some(Size::gib(gb))));
    // What an entry chooses by name, the rest of the file doesn't take back.
    assert_eq!(sizes.collect::<Vec<_>>(), wanted);
    let below = meaning(
        "version: \"3.0\"
name: team
deployment: { resources: { size: standard } }
machines: { plain: , strong: { resources: { memory: 16GB } } }
",
    );
    let sizes: Vec<_> = below.machines.iter().map(|m| (m.cpus, m.memory)).collect();
    assert_eq!(sizes[0], (Some(1), Some(Size::gib(2))));
    assert_eq!(sizes[1], (Some(1), Some(Size::gib(16))));
}

#[test]
fn one_that_stands_by_is_a_machine_of_its_own() {
    let config = meaning(&format!(
        "{BASE}machines:
  dev: {{ provider: fly, providers: {{ fly: {{ highAvailability: true, sshPort: 65535 }} }} }}
  web: {{ count: 2, provider: fly, providers: {{ fly: {{ highAvailability: true }} }} }}
"
    ));
    let names: Vec<&str> = config.machines.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "dev",
            "dev-standby",
            "web-1",
            "web-1-standby",
            "web-2",
            "web-2-standby"
        ]
    );
    let second = &config.machines[1];
    assert_eq!(second.real_name, "team-dev-standby");
    assert_eq!(second.stands_by.as_ref(), Some(&config.machines[0].name));
    let ProviderSettings::Fly(fly) = &*second.settings else {
        panic!("it is on Fly.io")
    };
    assert_eq!((fly.ssh_port, fly.high_availability), (65534, false));
    // What is shown means the same machines.
    let again = meaning(&show_yaml(&config));
    let told = |config: &Config| -> Vec<_> {
        let machines = config.machines.iter();
        machines
            .map(|m| (m.name.clone(), m.settings.clone()))
            .collect()
    };
    assert_eq!(told(&again), told(&config));
}

#[test]
fn nobody_has_the_name_of_one_that_stands_by() {
    let text = format!(
        "{BASE}machines:
  dev: {{ provider: fly, providers: {{ fly: {{ highAvailability: true }} }} }}
  dev-standby:
"
    );
    let (config, findings) = read_text(&text);
    assert!(config.is_none());
    assert_eq!(findings[0].summary, "two machines are named `dev-standby`");
}

#[test]
fn counted_names_are_expanded_everywhere() {
    let config = meaning(&format!(
        "{BASE}machines:
  db: {{ count: 2 }}
  web: {{ dependsOn: [db] }}
  one: {{ dependsOn: [db-2, web] }}
  gone: {{ count: 0 }}
"
    ));
    let names: Vec<&str> = config.machines.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["db-1", "db-2", "web", "one"]);
    assert_eq!(
        &*config.machines[2].depends_on,
        &[
            config.machines[0].name.clone(),
            config.machines[1].name.clone()
        ]
    );
    assert_eq!(config.machines[3].depends_on.len(), 2);
}

#[test]
fn two_and_a_half_thousand_machines_share_what_they_have_in_common() {
    let counted = format!("{BASE}machines:\n  dev: {{ count: 2500 }}\n");
    let listed = many(2500, |n| format!("  dev-{}: {{ distro: debian }}\n", n + 1));
    for text in [counted, format!("{BASE}machines:\n{listed}")] {
        let start = Instant::now();
        let config = meaning(&text);
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(config.machines.len(), 2500);
        let (first, last) = (&config.machines[0], &config.machines[2499]);
        assert_eq!(
            (first.name.as_str(), last.real_name.as_str()),
            ("dev-1", "team-dev-2500")
        );
        assert!(Arc::ptr_eq(&first.extensions, &last.extensions));
        assert!(Arc::ptr_eq(&first.secrets, &last.secrets));
        assert!(Arc::ptr_eq(&first.settings, &last.settings));
        assert!(Arc::ptr_eq(&first.volumes, &last.volumes));
    }
}

#[test]
fn what_is_wrong_with_a_fleet_is_told_at_its_entry() {
    let (config, findings) = read_text(&format!(
        "{BASE}providers: {{ docker: {{ ports: [\"80:80\"] }} }}
machines:
  a: {{ dependsOn: [b] }}
  b: {{ dependsOn: [c], providers: {{ docker: {{ ports: [\"81:80\"] }} }} }}
  c: {{ dependsOn: [a, nobody, bb], providers: {{ docker: {{ ports: [\"81:80\"] }} }} }}
  d: {{ count: 2 }}
  d-1: {{ providers: {{ docker: {{ ports: [] }} }} }}
  Bad_name:
"
    ));
    assert!(config.is_none());
    insta::assert_snapshot!(told(&findings), @r#"
    sindri.yaml:10:3 config::dependency-cycle machines depend on each other: a → b → c → a / take one `dependsOn` of the circle away
    sindri.yaml:12:3 config::port-clash `b` and `c` both publish the host's port 81 / give each machine its own host port under its entry in `machines`
    sindri.yaml:12:23 config::unknown-machine there is no machine `nobody` / name an entry of `machines`
    sindri.yaml:12:31 config::unknown-machine there is no machine `bb` / did you mean `b`?
    sindri.yaml:13:3 config::port-clash 2 machines of `d` all publish the host's port 80 / give each machine its own host port under its entry in `machines`
    sindri.yaml:13:3 config::port-clash `a` and `d` both publish the host's port 80 / give each machine its own host port under its entry in `machines`
    sindri.yaml:14:3 config::duplicate-name two machines are named `d-1` / a counted entry makes `name-1`, `name-2`…; rename one of them
    sindri.yaml:15:3 config::invalid-value `Bad_name` is not a valid name / use lower-case letters, digits and dashes, starting with a letter, 63 at most
    "#);
}

#[test]
fn the_command_line_chooses_the_provider() {
    let source = Source::new("sindri.yaml", BASE);
    let overrides = Overrides {
        provider: Some(ProviderKind::Local),
    };
    let (config, _) = read(&source, overrides);
    let machine = &config.unwrap().machines[0];
    assert_eq!(machine.provider, ProviderKind::Local);
    assert_eq!(machine.settings.provider(), ProviderKind::Local);
    assert_eq!(machine.volumes[0].path, "workspace");
}
