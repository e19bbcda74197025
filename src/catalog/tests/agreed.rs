//! What manifests say since version 4: licenses, needs, fingerprints, lists of checksums, hooks.

use std::sync::Arc;

use super::fixture::{folder, name, show};
use crate::catalog::{
    Action, Arch, Catalog, Checksums, Download, DownloadSource, Extract, Folders, HookRun,
    Manifest, Need,
};

fn read(text: &str) -> Result<Manifest, String> {
    let files = [
        ("install.sh", "true"),
        ("mise.toml", "[tools]\nnode = \"22.1.0\"\njq = '1.8.1'\n"),
    ];
    let mut folders = Folders::default();
    folders
        .extensions
        .insert(name("tool"), folder("tool", text, &files));
    match Catalog::new(Arc::new(folders)).manifest(&name("tool")) {
        Ok(manifest) => Ok((*manifest.unwrap()).clone()),
        Err(diagnostics) => Err(show(&diagnostics)),
    }
}

/// A manifest with these lines in `metadata`, and these blocks.
fn with(metadata: &str, blocks: &str) -> String {
    format!(
        "metadata:\n  name: tool\n  version: 1.0.0\n  description: a tool\n  category: testing\n{metadata}{blocks}validate:\n  commands:\n    - name: tool\n"
    )
}

#[test]
fn what_it_is_and_what_it_needs() {
    let manifest = read(&with(
        "  license: MIT OR (Apache-2.0 WITH LLVM-exception)\n  homepage: https://example.com\n  author: Somebody\n  softDependencies:\n    - {name: docker, without: uses the cloud}\n",
        "requirements:\n  needs: [docker, systemd]\n  arch: [aarch64]\n  gpu: {required: true}\ninstall:\n  method: script\n  script: {path: install.sh}\n",
    ))
    .unwrap();
    assert_eq!(manifest.homepage.as_deref(), Some("https://example.com"));
    assert_eq!(manifest.soft_dependencies[0].name, name("docker"));
    assert_eq!(manifest.soft_dependencies[0].without, "uses the cloud");
    assert_eq!(
        manifest.requirements.needs,
        [Need::Docker, Need::Systemd, Need::Gpu]
    );
    assert_eq!(manifest.requirements.arch, [Arch::Aarch64]);
}

#[test]
fn a_release_is_named_for_its_version_and_architecture() {
    let manifest = read(&with(
        "",
        "install:
  method: binary
  binary:
    downloads:
      - name: tool
        arch: aarch64
        source: {type: github-release, url: https://github.com/o/r.git, version: v1.2.3, asset: 'tool_{version}_linux_{arch}.tar.gz'}
        checksums: {asset: 'tool_{version}_SHA256SUMS'}
        member: 'tool-{version}/tool'
",
    ))
    .unwrap();
    let Action::Binary { downloads } = &manifest.steps[0].action else {
        panic!("not a binary");
    };
    assert_eq!(
        downloads[0],
        Download {
            name: "tool".to_owned(),
            source: DownloadSource::GithubRelease {
                url: "https://github.com/o/r".to_owned(),
                asset: Some("tool_1.2.3_linux_aarch64.tar.gz".to_owned()),
                version: "v1.2.3".to_owned(),
            },
            sha256: None,
            checksums: Some(Checksums::Asset("tool_1.2.3_SHA256SUMS".to_owned())),
            destination: None,
            extract: Extract::Member("tool-1.2.3/tool".to_owned()),
            arch: Some(Arch::Aarch64),
        }
    );
    assert!(manifest.notes.is_empty());
}

#[test]
fn every_tool_of_mise_has_a_step_and_a_check() {
    let text = |mise: &str| {
        with("", &format!("install:\n  method: mise\n  mise: {mise}\n")).replace(
            "validate:\n",
            "validate:\n  mise: {tools: [node, 'npm:@a/b']}\n",
        )
    };
    let listed = read(&text("{tools: [go@1.25.4, 'npm:@a/b@1.0.0']}")).unwrap();
    let steps: Vec<&str> = listed.steps.iter().map(|step| &*step.tool).collect();
    assert_eq!(steps, ["go", "@a/b"]);
    let checks: Vec<&str> = listed.validate.iter().map(|check| &*check.tool).collect();
    assert_eq!(checks, ["tool", "node", "@a/b"]);
    let config = read(&text("{configFile: mise.toml}")).unwrap();
    let steps: Vec<&str> = config.steps.iter().map(|step| &*step.tool).collect();
    assert_eq!(steps, ["node", "jq"]);
    let loose = read(&text("{tools: [node]}")).unwrap();
    assert!(
        show(&loose.notes).starts_with("warning[catalog::not-pinned]: `node` names no version")
    );
}

#[test]
fn hooks_logins_and_services_are_kept() {
    let manifest = read(&with(
        "",
        "install:
  method: script
  script: {path: install.sh}
capabilities:
  hooks:
    pre-install: {command: echo before, description: says so}
    post-install: {script: install.sh, timeout: 9}
  auth: {provider: anthropic, methods: [api-key], envVars: [KEY]}
  mcp: {enabled: true, server: {command: tool, args: [serve]}, tools: [{name: a, description: b}]}
service:
  enabled: true
  start: {command: tool serve, logfile: ~/tool.log}
  requires-env: [KEY]
",
    ))
    .unwrap();
    let capabilities = manifest.capabilities;
    let after = capabilities.hooks.post_install.unwrap();
    assert_eq!(after.run, HookRun::Script("install.sh".to_owned()));
    assert_eq!(after.timeout.as_secs(), 9);
    let auth = capabilities.auth.unwrap();
    assert!(auth.api_key && !auth.cli && auth.variables == ["KEY"]);
    assert_eq!(capabilities.mcp.unwrap().command.as_deref(), Some("tool"));
    let service = manifest.service.unwrap();
    assert_eq!(
        (
            service.ready_timeout.as_secs(),
            service.stop_timeout.as_secs()
        ),
        (5, 10)
    );
    assert_eq!(service.requires_env, ["KEY"]);
}

#[test]
fn what_cannot_be_trusted_is_refused_at_its_place() {
    let text = with(
        "  license: Free for all\n",
        "install:
  method: hybrid
  apt:
    repositories:
      - gpgKey: ftp://example.com/key
        fingerprint: 12 34
        sources: 'deb [trusted=yes] https://example.com {release} main'
  binary:
    downloads:
      - name: a
        source: {type: direct-url, url: 'https://example.com/{arch}'}
        checksums: {url: http://example.com/sums}
      - name: b
        source: {type: github-release, url: https://github.com/o, asset: a/b, version: v1}
        checksums: {}
capabilities:
  hooks:
    pre-install: {description: nothing}
",
    );
    let said = read(&text).unwrap_err();
    let codes: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("error"))
        .filter_map(|line| line.split(['[', ']']).nth(1))
        .collect();
    assert_eq!(
        codes,
        [
            "catalog::bad-license",
            "catalog::bad-url",
            "catalog::unknown-placeholder",
            "catalog::bad-source",
            "catalog::bad-fingerprint",
            "catalog::bad-checksum",
            "catalog::unknown-placeholder",
            "catalog::bad-checksum",
            "catalog::bad-url",
            "catalog::contradiction",
        ],
        "{said}"
    );
}
