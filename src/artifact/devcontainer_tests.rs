//! What a machine comes to as a dev container.

use serde_json::{Value, json};

use super::{ApplyInside, Artifact, Base, Origin, devcontainer, origin_of_devcontainer};
use crate::config::{self, Machine, Overrides};

fn machine(text: &str) -> Machine {
    let text = format!("version: \"4.0\"\nname: dev\n{text}");
    let (config, findings) = config::read_bytes("t", text.as_bytes(), Overrides::default());
    let mut config = config.unwrap_or_else(|| panic!("{findings:?}"));
    config.machines.remove(0)
}

fn rendered(text: &str) -> (Value, Artifact) {
    let base = Base::Image("debian:12".to_owned());
    let artifact = devcontainer(&machine(text), base, None);
    (serde_json::from_str(&artifact.text).unwrap(), artifact)
}

fn codes(artifact: &Artifact) -> Vec<&str> {
    let findings = artifact.findings.iter();
    findings.map(|found| found.code.as_str()).collect()
}

#[test]
fn a_machine_on_docker_keeps_its_limits_ports_hosts_and_volumes() {
    let (file, artifact) = rendered(
        "deployment:\n  provider: docker\n  resources: {cpus: 2, memory: 1536MB}\n  volumes:\n    cache: {path: /var/cache/dev, size: 5GB}\n\
         providers:\n  docker:\n    ports: [\"127.0.0.1:8080:3000\", \"53:5353/udp\"]\n    extraHosts: [\"db:10.0.0.2\"]\n    network: host\n",
    );
    assert_eq!(
        file["runArgs"],
        json!([
            "--cpus=2",
            "--memory=1536m",
            "--publish=53:5353/udp",
            "--network=host",
            "--add-host=db:10.0.0.2"
        ])
    );
    assert_eq!(
        file["hostRequirements"],
        json!({"cpus": 2, "memory": "1536mb"})
    );
    assert_eq!(file["forwardPorts"], json!([3000]));
    assert_eq!(
        file["mounts"],
        json!([{"type": "volume", "source": "dev-cache-${devcontainerId}", "target": "/var/cache/dev"}])
    );
    assert_eq!(
        (&file["image"], &file["remoteUser"]),
        (&json!("debian:12"), &json!("root"))
    );
    assert!(artifact.findings.is_empty(), "{:?}", artifact.findings);
}

#[test]
fn a_machine_elsewhere_is_one_too_and_its_home_is_that_of_a_container() {
    let (file, _) = rendered("deployment:\n  provider: local\n  volumes:\n    work: {path: src}\n");
    assert_eq!(file["mounts"][0]["target"], "/alt/home/developer/src");
    let (file, _) = rendered("deployment:\n  provider: kubernetes\n  resources: {memory: 4GB}\n");
    assert_eq!(file["hostRequirements"], json!({"memory": "4gb"}));
}

#[test]
fn a_secret_is_a_reference_to_the_environment_or_is_told() {
    let (file, artifact) = rendered(
        "deployment: {provider: docker}\nsecrets:\n  - {name: TOKEN, source: env}\n  - {name: KEY, source: file, path: key, mountPath: /k}\n",
    );
    assert_eq!(file["remoteEnv"], json!({"TOKEN": "${localEnv:TOKEN}"}));
    assert_eq!(file.get("containerEnv"), None);
    assert_eq!(codes(&artifact), ["artifact::secret-left-out"]);
}

#[test]
fn gpus_of_nvidia_are_required_and_those_of_amd_are_devices() {
    let gpu = |more: &str| {
        let text = format!(
            "deployment:\n  provider: docker\n  resources: {{gpu: {{enabled: true{more}}}}}\n"
        );
        rendered(&text).0
    };
    assert_eq!(gpu("")["hostRequirements"]["gpu"], json!(true));
    assert_eq!(
        gpu(", memory: 24GB")["hostRequirements"]["gpu"],
        json!({"memory": "24gb"})
    );
    let amd = gpu(", type: amd");
    assert_eq!(amd.get("hostRequirements"), None);
    assert_eq!(
        amd["runArgs"],
        json!(["--device=/dev/kfd", "--device=/dev/dri"])
    );
}

#[test]
fn docker_inside_is_privileged_only_where_it_must_be() {
    let inside = |mode: &str| {
        let text = format!(
            "deployment: {{provider: docker}}\nproviders:\n  docker:\n    dind: {{enabled: true, mode: {mode}, storageDriver: vfs}}\n"
        );
        rendered(&text)
    };
    let (file, artifact) = inside("auto");
    assert_eq!(file["privileged"], json!(true));
    assert_eq!(codes(&artifact), ["artifact::privileged"]);
    let (file, artifact) = inside("privileged");
    assert_eq!(file["privileged"], json!(true));
    assert!(codes(&artifact).is_empty());
    let (file, _) = inside("sysbox");
    assert_eq!(file["runArgs"], json!(["--runtime=sysbox-runc"]));
    assert_eq!(file.get("privileged"), None);
    assert_eq!(file["containerEnv"], json!({"DOCKER_DRIVER": "vfs"}));
    let (file, _) = inside("socket");
    assert_eq!(file["mounts"][1]["type"], "bind");
    assert_eq!(file.get("containerEnv"), None);
}

#[test]
fn what_is_applied_inside_names_what_it_must_and_keeps_a_state_of_its_own() {
    let extension = "extension.dev.greeter".parse().unwrap();
    let inside = ApplyInside {
        config: Some("my file.yaml".to_owned()),
        targets: vec![extension],
    };
    let base = Base::Build {
        dockerfile: "../image/Dockerfile".to_owned(),
        context: "../image".to_owned(),
        target: "local".to_owned(),
    };
    let machine = machine("deployment: {provider: docker}\n");
    let artifact = devcontainer(&machine, base, Some(&inside));
    let file: Value = serde_json::from_str(&artifact.text).unwrap();
    let command = file["postCreateCommand"].as_str().unwrap();
    assert!(
        command.contains("sindri deploy --provider local --auto-approve --config 'my file.yaml' --target extension.dev.greeter;"),
        "{command}"
    );
    assert_eq!(
        file["containerEnv"]["SINDRI_STATE"],
        "/var/tmp/sindri-state"
    );
    assert_eq!(file["build"]["target"], "local");
    assert_eq!((file.get("image"), file.get("remoteUser")), (None, None));
}

#[test]
fn a_file_is_known_again_until_somebody_edits_it() {
    let (mut file, artifact) = rendered("deployment: {provider: docker}\n");
    assert!(artifact.text.ends_with("}\n"));
    assert_eq!(origin_of_devcontainer(&artifact.text), Origin::Rendered);
    // Other line breaks are no edit.
    assert_eq!(origin_of_devcontainer(&file.to_string()), Origin::Rendered);
    file["forwardPorts"] = json!([9]);
    assert_eq!(origin_of_devcontainer(&file.to_string()), Origin::Edited);
    for foreign in ["{}", "{ // mine\n}", "[]", "", "{\"customizations\": 1}"] {
        assert_eq!(
            origin_of_devcontainer(foreign),
            Origin::Foreign,
            "{foreign}"
        );
    }
}
