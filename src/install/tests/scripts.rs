//! The scripts as they are written.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::ground::{job, manifest};
use crate::address::{Name, NameRule};
use crate::install::bundle::{Bundle, Place};
use crate::install::survey::There;
use crate::install::{Persistence, check};
use crate::provider::MachineRef;
use crate::resource::{LocalSettings, MachineSpec, Power, ProviderKind, Settings, Spec};
use crate::state::ObjectId;

const EVERYTHING: &str = "install:
  method: hybrid
  continueOnError: true
  steps:
    - {tool: tmux, distros: [debian, ubuntu], apt: {packages: [tmux, 'htop=3.2']}}
    - {tool: prettier, npm: {package: '@scope/prettier@3.1.0'}}
    - {tool: ruff, core: false, pip: {packages: ['ruff[x]==0.14.0']}}
    - {tool: jq, mise: {tools: [jq@1.8.1]}}
    - {tool: htop, distros: [fedora], dnf: {packages: [htop], groups: [tools], repositories: [{name: x, baseUrl: 'https://example.com/rpm', gpgKey: 'https://example.com/key', fingerprint: 0123456789ABCDEF0123456789ABCDEF01234567}]}}
    - {tool: htop, distros: [opensuse], zypper: {packages: [htop], patterns: [tools]}}
    - {tool: gh, distros: [debian], apt: {packages: [gh], repositories: [{name: gh, sources: 'deb https://example.com {codename} main', gpgKey: 'https://example.com/key', fingerprint: 0123456789ABCDEF0123456789ABCDEF01234567}]}}
    - {tool: hexyl, timeout: 900, cargo: {crate: hexyl, version: 0.17.0}}
    - {tool: own, script: {path: install.sh, args: [\"it's\"], env: {A: b c}}}
    - tool: esbuild
      binary:
        downloads:
          - name: esbuild
            arch: x86_64
            source: {type: npm, package: '@esbuild/linux-x64', version: 0.28.2, sha256: 9573bb2233aab0f9ea7647d5cca9726113cc1768de61d66b17267f4db84488f6}
            extract: true
            member: package/bin/esbuild
capabilities:
  hooks:
    pre-install: {command: echo before}
    post-install: {script: install.sh}
service:
  enabled: true
  start: {command: own serve, args: [--port, '80 80']}
  requires-env: [KEY]
configure:
  environment:
    - {key: EDITOR, value: $HOME/bin/vi}
validate:
  commands:
    - name: tmux
      args: [-V]
    - name: esbuild
";

fn local(host_packages: bool) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::Local,
        name: "dev".into(),
        image: None,
        cpus: None,
        memory: None,
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Running,
        settings: Settings::Local(LocalSettings {
            host_packages,
            whole_host: false,
        }),
    }
}

fn machine(spec: MachineSpec) -> MachineRef {
    MachineRef {
        name: Name::parse(NameRule::Label, "dev").unwrap(),
        id: ObjectId::new("/data/dev"),
        spec: Spec::Machine(Box::new(spec)).into(),
    }
}

fn bundle() -> Bundle {
    let job = job(manifest(
        "all",
        EVERYTHING,
        &[("install.sh", "#!/bin/bash\ntrue")],
    ));
    let place = Place::of(&machine(local(false)));
    Bundle::install(&job, place, Persistence::default(), &There::default()).unwrap()
}

#[test]
fn the_plan_of_a_job_reads_in_order() {
    let run = bundle().text("run");
    let plan = run.rsplit_once("checks() {").unwrap().1;
    assert_eq!(
        plan,
        "\n:\ncheck 0 30 tmux -V &\ncheck 1 30 esbuild --version &\nwait\n}\nbegin\n\
         step pre-install 120 core once -\n\
         step 1 300 core network apt debian ubuntu\n\
         step 2 300 core network npm\n\
         step 3 300 part network -\n\
         step 4 300 core network mise\n\
         step 5 300 core network rpm fedora\n\
         step 6 300 core network rpm opensuse\n\
         step 7 300 core network apt debian\n\
         step 8 900 core network -\n\
         step 9 300 core script -\n\
         step 10 300 core network -\n\
         step configure 120 core once -\n\
         step post-install 120 core once -\n\
         step service 95 core once -\n\
         finish\n"
    );
    let whole = MachineSpec {
        settings: Settings::Local(LocalSettings {
            host_packages: false,
            whole_host: true,
        }),
        ..local(false)
    };
    let place = Place::of(&machine(whole));
    assert!(
        place
            .header()
            .starts_with("place=machine\nexport SINDRI_PROVIDER=local SINDRI_HOST_PACKAGES=1\n")
    );
    assert!(run.starts_with("place=home\nexport SINDRI_PROVIDER=local SINDRI_HOST_PACKAGES=0\n"));
}

#[test]
fn a_script_step_is_one_call() {
    insta::assert_snapshot!(bundle().text("steps/9"), @r#"
    export A='b c'
    exec /bin/bash "$SINDRI_JOB"/files/install.sh 'it'\''s'
    "#);
}

#[test]
fn an_npm_step_installs_what_is_missing() {
    insta::assert_snapshot!(bundle().text("steps/2"), @r#"
    command -v npm >/dev/null || { echo "npm isn't on this machine's PATH" && exit 127; }
    # has NAME VERSION
    has() {
      if [ -n "$SINDRI_RENEW" ]; then
        rm -rf "$HOME/.local/lib/node_modules/$1"
        return 1
      fi
      grep -q "\"version\": *\"$2\"" "$HOME/.local/lib/node_modules/$1/package.json" 2>/dev/null
    }
    set --
    has @scope/prettier 3.1.0 || set -- "$@" @scope/prettier@3.1.0
    [ $# -gt 0 ] || { : >"$SINDRI_JOB/found" && exit 0; }
    exec npm install --global --prefix "$HOME/.local" --no-fund --no-audit --no-update-notifier \
      --fetch-retries=3 --fetch-retry-mintimeout=500 --fetch-retry-maxtimeout=5000 --loglevel=warn -- "$@"
    "#);
}

#[test]
fn every_shell_reads_every_script() {
    let bundle = bundle();
    let steps = (1..=10).map(|n| format!("steps/{n}"));
    let rest = [
        "run",
        "service.sh",
        "boot.sh",
        "steps/configure",
        "steps/service",
        "steps/pre-install",
        "steps/post-install",
    ];
    for path in steps.chain(rest.map(str::to_owned)) {
        for shell in [
            &["dash", "-n"][..],
            &["busybox", "sh", "-n"],
            &["bash", "-n"],
        ] {
            let mut child = Command::new(shell[0])
                .args(&shell[1..])
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(bundle.text(&path).as_bytes()).unwrap();
            drop(stdin);
            assert!(child.wait().unwrap().success(), "{path} {shell:?}");
        }
    }
}

#[test]
fn what_cannot_be_done_is_said_beforehand() {
    let name = Name::parse(NameRule::Label, "dev").unwrap();
    let all = manifest("all", EVERYTHING, &[("install.sh", "")]);
    let findings = check(&name, &local(false), [&*all]);
    let codes: Vec<_> = findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["install::needs-host-packages"]);
    assert!(findings[0].allowable);
    assert!(check(&name, &local(true), [&*all]).is_empty());

    let later = manifest(
        "later",
        "install:\n  method: dnf\n  dnf: {packages: [x], repositories: [{baseUrl: 'https://example.com', gpgKey: 'https://example.com/key'}]}\nvalidate:\n  commands:\n    - name: x\nremove:\n  paths: [~/x, /etc/x]\n",
        &[],
    );
    let codes: Vec<String> = check(&name, &local(false), [&*later])
        .iter()
        .map(|f| f.code.to_string())
        .collect();
    assert_eq!(
        codes,
        [
            "install::no-fingerprint",
            "install::needs-host-packages",
            "install::outside-machine"
        ]
    );
}
