//! The words of every finding.

use super::{complete, read_text, told};

/// The findings of a fragment laid over a minimal file.
fn findings(fragment: &str) -> String {
    told(&read_text(&complete(fragment)).1)
}

#[test]
fn an_empty_file_says_what_it_lacks() {
    insta::assert_snapshot!(told(&read_text("").1), @r#"
    sindri.yaml:1:1 config::missing-field the file has no `version` / The version of the file's format, as `major.minor`; 1 to 4 are read.
    sindri.yaml:1:1 config::missing-field the file has no `name` / The project's name, and that of its one machine.
    "#);
}

#[test]
fn what_no_section_has() {
    let text = r"
deployment:
  provder: docker
  resources: { cpu: 2 }
providers:
  fly: { regoin: ord, banana: 1 }
  flly: {}
secret: []
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:4:3 config::unknown-field `deployment` has no field `provder` / did you mean `provider`?
    sindri.yaml:5:16 config::unknown-field `deployment.resources` has no field `cpu` / did you mean `cpus`?
    sindri.yaml:7:10 config::unknown-field `providers.fly` has no field `regoin` / did you mean `region`?
    sindri.yaml:7:23 config::unknown-field `providers.fly` has no field `banana` / its fields: `region`, `autoStopMachines`, `autoStartMachines`, `cpuKind`, `sshPort`, `organization`, `highAvailability`, `swap`, `gpuKind`
    sindri.yaml:8:3 config::unknown-field `providers` has no field `flly` / did you mean `fly`?
    sindri.yaml:9:1 config::unknown-field the file has no field `secret` / did you mean `secrets`?
    "#);
}

#[test]
fn wrong_types() {
    let text = r#"
name: [dev]
deployment:
  provider: { docker: }
  resources: { cpus: two, memory: 4 }
extensions: minimal
secrets: { A: env }
providers:
  fly: { autoStopMachines: yes, region: 12, sshPort: "22" }
  docker: { privileged: "true", ports: 80 }
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:2:7 config::wrong-type expected a name, found a list / use lower-case letters, digits and dashes, starting with a letter, 63 at most
    sindri.yaml:4:13 config::wrong-type expected text, found a mapping / write it on the same line
    sindri.yaml:5:22 config::wrong-type expected a whole number, found text `two` / use a whole number from 1 to 1024
    sindri.yaml:5:35 config::invalid-value `4` has no unit / add a unit: `4GB` or `4MB`
    sindri.yaml:6:13 config::wrong-type `extensions` must be a mapping, not text / its fields: `profile`, `active`, `additional`, `autoInstall`, `onIncompatible`
    sindri.yaml:7:10 config::wrong-type expected a list, found a mapping / write one item a line, each after `- `
    sindri.yaml:9:28 config::wrong-type expected `true` or `false`, found text `yes` / write `true`
    sindri.yaml:9:41 config::wrong-type expected text, found a number `12` / quote it: `"12"`
    sindri.yaml:9:54 config::wrong-type expected a whole number, found text `22` / take the quotes away
    sindri.yaml:10:25 config::wrong-type expected `true` or `false`, found text `true` / write `true`
    sindri.yaml:10:40 config::wrong-type expected a list, found a number `80` / write one item a line, each after `- `
    "#);
}

#[test]
fn impossible_values() {
    let text = r#"
deployment:
  provider: docker
  image: "debian 12"
  resources: { size: standart, cpus: 0, memory: 4 GB?, gpu: { enabled: true, count: 9, memory: 0GB } }
  volumes: { Work: {}, data: { path: data }, up: { path: /a/../b }, none: }
providers:
  fly: { sshPort: 99999, cpuKind: sharde }
  e2b: { timeout: 5 }
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:5:10 config::invalid-value `debian 12` is not an image reference / write `repository:tag` or `repository@sha256:…`
    sindri.yaml:6:22 config::invalid-value `standart` is none of the words this field takes / did you mean `standard`?
    sindri.yaml:6:38 config::invalid-value `0` is out of range / use a whole number from 1 to 1024
    sindri.yaml:6:49 config::invalid-value `4 GB?` is not a size / write a whole number and a unit without a space, such as `4GB` or `512MB`
    sindri.yaml:6:85 config::invalid-value `9` is out of range / use a whole number from 1 to 8
    sindri.yaml:6:96 config::invalid-value `0GB` is no size to work with / write a whole number and a unit without a space, such as `4GB` or `512MB`
    sindri.yaml:7:14 config::invalid-value `Work` is not a valid name / use lower-case letters, digits, dashes and underscores, starting with a letter, 63 at most
    sindri.yaml:7:38 config::invalid-value the path `data` is not absolute / write the path as seen in the machine, such as `/workspace`
    sindri.yaml:7:58 config::invalid-value the path `/a/../b` climbs out with `..` / write the path as seen in the machine, such as `/workspace`
    sindri.yaml:7:69 config::missing-field the volume `none` has no `path` / say where it is mounted: `path: /…`
    sindri.yaml:9:19 config::invalid-value `99999` is out of range / use a whole number from 1024 to 65535
    sindri.yaml:9:35 config::invalid-value `sharde` is none of the words this field takes / did you mean `shared`?
    sindri.yaml:10:19 config::invalid-value `5` is out of range / use a whole number from 60 to 86400
    "#);
}

#[test]
fn bad_ports() {
    let text = r#"
deployment: { provider: docker }
providers:
  docker:
    ports: ["99999:80", "80", "0:80", "x:80:80", "80:80/sctp", "80-90:80-90", "80:80", "127.0.0.1:80:81", "80:80/udp"]
    extraHosts: ["db", "db:nowhere"]
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:6:13 config::invalid-value the port `99999:80` is outside 1 to 65535 / write `host:container`, such as `"8080:3000"`, `"127.0.0.1:8080:3000"` or `"5353:53/udp"`
    sindri.yaml:6:25 config::invalid-value the port `80` names one port only / write `host:container`, such as `"8080:3000"`, `"127.0.0.1:8080:3000"` or `"5353:53/udp"`
    sindri.yaml:6:31 config::invalid-value the port `0:80` is outside 1 to 65535 / write `host:container`, such as `"8080:3000"`, `"127.0.0.1:8080:3000"` or `"5353:53/udp"`
    sindri.yaml:6:39 config::invalid-value the port `x:80:80` listens on no IP address / write `host:container`, such as `"8080:3000"`, `"127.0.0.1:8080:3000"` or `"5353:53/udp"`
    sindri.yaml:6:50 config::invalid-value the port `80:80/sctp` is neither tcp nor udp / write `host:container`, such as `"8080:3000"`, `"127.0.0.1:8080:3000"` or `"5353:53/udp"`
    sindri.yaml:6:64 config::invalid-value the port `80-90:80-90` is not two numbers / write `host:container`, such as `"8080:3000"`, `"127.0.0.1:8080:3000"` or `"5353:53/udp"`
    sindri.yaml:6:88 config::port-clash the host's port 80 is published twice / give each its own host port
    sindri.yaml:7:18 config::invalid-value `db` is not a host name with an address / write `name:address`, such as `"db.local:10.0.0.5"` or `"host.docker.internal:host-gateway"`
    sindri.yaml:7:24 config::invalid-value `db:nowhere` is not a host name with an address / write `name:address`, such as `"db.local:10.0.0.5"` or `"host.docker.internal:host-gateway"`
    "#);
}

#[test]
fn bad_secrets() {
    let text = r"
secrets:
  - { name: lower, source: env }
  - { name: A, source: file }
  - { name: B, source: vault, vaultPath: x }
  - { name: C, source: s3 }
  - { name: D, source: enw }
  - { source: env }
  - { name: E }
  - { name: F, source: file, path: k, mountPath: etc/key, permissions: 999 }
  - { name: G, source: env, vaultKey: k }
  - { name: G, source: env }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:4:13 config::invalid-value `lower` is not a valid name / use upper-case letters, digits and underscores, starting with a letter, 63 at most
    sindri.yaml:5:5 config::missing-field a secret with `source: file` needs `path` / add `path: …`
    sindri.yaml:6:5 config::missing-field a secret with `source: vault` needs `vaultKey` / add `vaultKey: …`
    sindri.yaml:7:5 config::missing-field a secret with `source: s3` needs `s3Path` / add `s3Path: …`
    sindri.yaml:8:24 config::invalid-value `enw` is none of the words this field takes / did you mean `env`?
    sindri.yaml:9:5 config::missing-field `secrets[]` has no `name` / The name, which is that of the environment variable.
    sindri.yaml:10:5 config::missing-field `secrets[]` has no `source` / Where the value comes from.
    sindri.yaml:11:50 config::invalid-value the path `etc/key` is not absolute / write the path as seen in the machine, such as `/workspace`
    sindri.yaml:11:72 config::invalid-value `999` are no file permissions / write four octal digits, such as `"0600"`
    sindri.yaml:12:39 config::no-effect `vaultKey` has no effect with this source / it belongs to `source: vault`
    sindri.yaml:13:13 config::duplicate-name the secret `G` is written twice / keep one of them
    "#);
}

#[test]
fn profile_and_lists() {
    let text = r"
extensions: { profile: minimal, active: [nodejs], additional: [docker, docker, Bad] }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:41 config::conflict `profile` and `active` exclude each other / beside a profile, list further extensions under `additional`
    sindri.yaml:3:72 config::duplicate-name the extension `docker` is listed twice / keep one of them
    sindri.yaml:3:80 config::invalid-value `Bad` is not a valid name / use lower-case letters, digits and dashes, 63 at most
    "#);
}

#[test]
fn additional_without_a_profile() {
    let text = r"
extensions: { additional: [docker] }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:27 config::conflict `additional` needs a `profile` / without a profile, list the extensions under `active`
    "#);
}

#[test]
fn bad_names() {
    let text = r#"
name: ../escape
deployment: { volumes: { "../x": { path: /x } } }
extensions: { profile: ../../etc }
machines:
  a/b:
  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:2:7 config::invalid-value `../escape` is not a valid name / use lower-case letters, digits and dashes, starting with a letter, 63 at most
    sindri.yaml:3:26 config::invalid-value `../x` is not a valid name / use lower-case letters, digits, dashes and underscores, starting with a letter, 63 at most
    sindri.yaml:4:24 config::invalid-value `../../etc` is not a valid name / use lower-case letters, digits and dashes, 63 at most
    sindri.yaml:6:3 config::invalid-value `a/b` is not a valid name / use lower-case letters, digits and dashes, starting with a letter, 63 at most
    sindri.yaml:7:3 config::invalid-value `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is not a valid name / use lower-case letters, digits and dashes, starting with a letter, 63 at most
    "#);
}

#[test]
fn unknown_versions() {
    let text = r#"
version: "9.0"
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:2:10 config::unsupported-version version 9.0 of the format is not known here / this release reads versions 1 to 4; a newer file needs a newer release
    "#);
}

#[test]
fn malformed_versions() {
    let text = r"
version: latest
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:2:10 config::invalid-value `latest` is not a version of the format / write `version: "3.0"`
    "#);
}

#[test]
fn providers_that_do_not_exist() {
    let text = r"
deployment: { provider: dockr }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:25 config::invalid-value `dockr` is none of the words this field takes / did you mean `docker`?
    "#);
}

#[test]
fn what_a_provider_must_have() {
    let text = r"
deployment: { provider: devpod }
providers: { northflank: {} }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:13 config::missing-field `providers.devpod` has no `type` / The backend.
    sindri.yaml:4:26 config::missing-field `providers.northflank` has no `projectName` / The project.
    "#);
}

#[test]
fn an_ssh_backend_without_a_host() {
    let text = r"
deployment: { provider: devpod }
providers: { devpod: { type: ssh } }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:4:30 config::missing-field `providers.devpod.ssh` has no `host` / The host.
    "#);
}

#[test]
fn keys_written_twice() {
    let text = r"
deployment: { provider: docker, provider: fly }
extensions: { autoInstall: true, auto_install: false }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:33 config::duplicate-key `provider` is written twice / keep one of them
    sindri.yaml:4:34 config::duplicate-key `autoInstall` and `auto_install` are the same field / keep `autoInstall`
    "#);
}

#[test]
fn images_written_twice() {
    let text = r#"
deployment: { provider: docker, image: debian, image_config: { registry: "x.io/a:1" } }
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:62 config::conflict `image` and `image_config` exclude each other / keep `image` for one known image, `image_config` to choose and verify
    "#);
}

#[test]
fn half_an_image() {
    let text = r#"
deployment: { provider: docker, image_config: { version: 1.0, digest: sha256:12, tagOverride: "-x" } }
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:47 config::missing-field `deployment.image_config` has no `registry` / The repository, without a tag.
    "#);
}

#[test]
fn broken_yaml() {
    let text = r"
deployment:
  provider: [docker
name: dev
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:4:5 config::syntax not valid YAML: illegal placement of ':' indicator / check indentation, colons and quotes here and on the line above
    "#);
}

#[test]
fn texts_that_are_no_texts() {
    let text = r#"
deployment: { provider: docker, image: "" }
providers: { fly: { region: "a\nb" } }
"#;
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:40 config::invalid-value the text is empty / leave the field out, or write one line of text
    sindri.yaml:4:29 config::invalid-value the text holds control characters or several lines / leave the field out, or write one line of text
    "#);
}

#[test]
fn fields_in_the_wrong_section() {
    let text = r"
provider: docker
resources: { cpus: 2 }
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:3:1 config::unknown-field the file has no field `provider` / it belongs under `deployment`
    sindri.yaml:4:1 config::unknown-field the file has no field `resources` / it belongs under `deployment`
    "#);
}

#[test]
fn a_state_that_has_no_place() {
    let text = concat!(
        "state: { store: object, path: x, endpoint: b }\n",
        "---",
        "state: { store: objct, bucket: b }\n",
        "---",
        "state: { store: object, bucket: s3://b/x, endpoint: \"https://me:hunter2@b\" }\n",
        "---",
        "state: { store: http, lockAddress: \"https://me:hunter2@b/lock\" }\n",
        "---",
        "state: { store: postgres, address: \"postgres://me:hunter2@b/d/n\", bucket: b }\n",
        "---",
        "state: { store: postgres, address: \"postgres://b/d\" }\n",
        "---",
        "state: { store: postgres, schema: x }\n",
    );
    let found: Vec<String> = text.split("---").map(findings).collect();
    assert!(!found.concat().contains("hunter2"));
    insta::assert_snapshot!(found.join("\n"), @r"
    sindri.yaml:3:8 config::missing-field `state` names no bucket / add `bucket: NAME`
    sindri.yaml:3:31 config::no-effect `path` has no effect with `store: object` / leave it out
    sindri.yaml:3:44 config::invalid-value this isn't the address of a server / write it as `https://HOST` or `https://HOST:PORT`
    sindri.yaml:3:17 config::invalid-value `objct` is none of the words this field takes / did you mean `object`?
    sindri.yaml:3:33 config::invalid-value this isn't the name of a bucket / give its bare name; a place in it is the `prefix`
    sindri.yaml:3:53 config::invalid-value the address holds credentials / leave them out of the file: they are read from the environment
    sindri.yaml:3:8 config::missing-field `state` names no address / add `address: URL`
    sindri.yaml:3:36 config::invalid-value the address holds credentials / leave them out of the file: they are read from the environment
    sindri.yaml:3:36 config::invalid-value the address holds a password / leave it out of the file: it is read from `SINDRI_POSTGRES_PASSWORD`, `PGPASSWORD`, or the file that `PGPASSFILE` names
    sindri.yaml:3:75 config::no-effect `bucket` has no effect with `store: postgres` / leave it out
    sindri.yaml:3:36 config::invalid-value this isn't the address of a state in a database / write it as `postgres://HOST/DATABASE/NAME`
    sindri.yaml:3:8 config::missing-field `state` names no address / add `address: postgres://HOST/DATABASE/NAME`
    ");
}

#[test]
fn entries_of_extensions_that_say_more() {
    let text = r"
extensions:
  active:
    - nodejs
    - { name: cloud-tools, with: { tools: [aws, gcloud, aws] } }
    - { nmae: jvm, with: { tool: [java] } }
    - { name: docker, with: { tools: [] } }
    - { name: ruby, with: [bundle] }
    - [php]
";
    insta::assert_snapshot!(findings(text.trim_start()), @r#"
    sindri.yaml:6:57 config::duplicate-name the tool `aws` is listed twice / keep one of them
    sindri.yaml:7:7 config::missing-field `extensions.active[]` has no `name` / The extension.
    sindri.yaml:7:9 config::unknown-field `extensions.active[]` has no field `nmae` / did you mean `name`?
    sindri.yaml:7:28 config::unknown-field `with` has no field `tool` / did you mean `tools`?
    sindri.yaml:8:38 config::invalid-value no tool of `docker` is chosen / name some of them, or leave `tools` out for all
    sindri.yaml:9:27 config::wrong-type `with` must be a mapping, not a list / its fields: `tools`
    sindri.yaml:10:7 config::wrong-type expected a name, found a list / use lower-case letters, digits and dashes, 63 at most
    "#);
}
