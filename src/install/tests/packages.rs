//! System packages: a real signed repository through the real apt below another root; dnf and zypper
//! through stand-ins that answer as the real ones are documented to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ground::{Ground, job, manifest};
use crate::install::{InstallError, Outcome, ToolState};

/// Fetches from a folder instead of from the network: `https://host/path` is `host/path` in it.
const CURL: &str = r#"while [ $# -gt 1 ]; do [ "$1" = -o ] && into=$2; shift; done
cp "SERVED/${1#http*://}" "$into" 2>/dev/null || { echo "curl: (22) The requested URL returned error: 404"; exit 22; }"#;

/// Works below another root, and has apt and dpkg do so.
const SUDO: &str = r#"shift
n=$#
while [ $n -gt 0 ]; do
  a=$1; shift; n=$((n - 1))
  case $a in /etc/*) a=ROOT$a ;; apt-get) set -- "$@" apt-get -o Dir=ROOT -o Dir::State::status=ROOT/var/lib/dpkg/status \
    -o DPkg::Options::=--root=ROOT -o APT::Sandbox::User=root -o Debug::NoLocking=true; continue ;; esac
  set -- "$@" "$a"
done
echo "$*" >>ROOT/sudo.log
# apt takes the path of a key as it stands.
case $1:$3 in cp:*.list) exec sed "s,signed-by=,signed-by=ROOT," "$2" >"$3" ;; esac
exec "$@""#;

/// Makes a key, a package and a signed repository of it; prints the key's fingerprint.
const REPOSITORY: &str = r#"set -e
cd "$1"
export GNUPGHOME=$1/gnupg
mkdir -m 700 gnupg && mkdir -p pack/DEBIAN pack/usr/bin host
for who in other own; do
  gpg --batch --quiet --passphrase '' --quick-gen-key "$who <$who@example.com>" ed25519 sign never 2>/dev/null
done
gpg --armor --export >host/key.asc
printf 'Package: sindri-greets\nVersion: 1.4\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: greets\n' >pack/DEBIAN/control
printf '#!/bin/sh\necho greets 1.4\n' >pack/usr/bin/sindri-greets
chmod 755 pack/usr/bin/sindri-greets
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
dist=repo/dists/$codename
ln -s repo again
arch=$(dpkg --print-architecture)
mkdir -p repo/pool "$dist/main/binary-$arch"
dpkg-deb --root-owner-group --build pack repo/pool/greets.deb >/dev/null
{
  cat pack/DEBIAN/control
  printf 'Filename: pool/greets.deb\nSize: %s\nSHA256: %s\n\n' \
    "$(wc -c <repo/pool/greets.deb)" "$(sha256sum <repo/pool/greets.deb | cut -d' ' -f1)"
} >"$dist/main/binary-$arch/Packages"
file=main/binary-$arch/Packages
printf 'Suite: %s\nCodename: %s\nComponents: main\nArchitectures: %s\nDate: %s\nSHA256:\n %s %s %s\n' \
  "$codename" "$codename" "$arch" "$(date -Ru)" \
  "$(sha256sum <"$dist/$file" | cut -d' ' -f1)" "$(wc -c <"$dist/$file")" "$file" >"$dist/Release"
gpg --batch --quiet --local-user own@example.com --clearsign --output "$dist/InRelease" "$dist/Release"
gpg --list-keys --with-colons own@example.com | awk -F: '/^fpr/ { print $10; exit }'
gpgconf --kill all
"#;

struct Served {
    ground: Ground,
    root: PathBuf,
    fingerprint: String,
    _folder: tempfile::TempDir,
}

async fn served() -> Served {
    let ground = Ground::on("/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let made = Command::new("bash")
        .args(["-c", REPOSITORY, "repository"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let root = path.join("root");
    for below in [
        "etc/apt",
        "var/lib/dpkg/info",
        "var/lib/dpkg/updates",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
        "var/log/apt",
    ] {
        fs::create_dir_all(root.join(below)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let shown = root.display().to_string();
    ground.tool("curl", &CURL.replace("SERVED", &path.display().to_string()));
    ground.tool("sudo", &SUDO.replace("ROOT", &shown));
    ground.tool("id", "echo 1000");
    ground.tool(
        "dpkg-query",
        &format!("exec /usr/bin/dpkg-query --root={shown} \"$@\""),
    );
    Served {
        ground,
        root,
        fingerprint: String::from_utf8(made.stdout).unwrap().trim().to_owned(),
        _folder: folder,
    }
}

fn repository(name: &str, served: &Served, fingerprint: &str) -> String {
    // Of one source, apt takes one key only.
    let folder = if name == "again" { "again" } else { "repo" };
    let repo = served.root.parent().unwrap().join(folder);
    format!(
        "{{name: {name}, gpgKey: 'https://host/key.asc', fingerprint: {fingerprint}, sources: 'deb file:{} {{codename}} main'}}",
        repo.display()
    )
}

fn greets(served: &Served, name: &str, fingerprint: &str) -> crate::install::Job {
    let blocks = format!(
        "install:\n  method: apt\n  apt:\n    packages: [sindri-greets]\n    repositories: [{}, {}]\nvalidate:\n  commands:\n    - name: {}\n      tool: sindri-greets\n",
        repository("greets", served, fingerprint),
        repository("again", served, fingerprint),
        served.root.join("usr/bin/sindri-greets").display(),
    );
    job(manifest(name, &blocks, &[]))
}

fn listed(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| {
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

#[tokio::test]
async fn a_signed_repository_is_added_verified_used_and_removed() {
    let served = served().await;
    let (ground, root) = (&served.ground, &served.root);
    let first = greets(&served, "first", &served.fingerprint);
    let installed = ground.install(&first).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert_eq!(installed.tools[0].version.as_deref(), Some("1.4"));
    // Two repositories, two files; of the two keys that were served, one is trusted.
    let (sources, keys) = (
        root.join("etc/apt/sources.list.d"),
        root.join("etc/apt/keyrings"),
    );
    assert_eq!(listed(&sources), ["again.list", "greets.list"]);
    let shown = Command::new("gpg")
        .args(["--show-keys", "--with-colons"])
        .arg(keys.join("greets.gpg"))
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.matches("pub:").count(), 1, "{shown}");
    assert!(shown.contains(&served.fingerprint));
    let updates = || {
        let log = fs::read_to_string(root.join("sudo.log")).unwrap();
        log.matches(" update").count()
    };
    assert_eq!(updates(), 1);

    // Another extension with the same ones: the machine has it all.
    let second = greets(&served, "second", &served.fingerprint);
    assert!(ground.install(&second).await.unwrap().found);
    assert_eq!(updates(), 1);

    ground.remove(&first).await.unwrap();
    assert_eq!(listed(&sources), Vec::<String>::new());
    assert_eq!(listed(&keys), Vec::<String>::new());
    assert!(!root.join("usr/bin/sindri-greets").exists());
}

#[tokio::test]
async fn a_key_of_another_fingerprint_adds_nothing_and_is_not_tried_again() {
    let served = served().await;
    let job = greets(&served, "first", &"A1".repeat(20));
    let Err(InstallError::Step(failure)) = served.ground.install(&job).await else {
        panic!("it was installed");
    };
    let said = failure.tail.last().unwrap();
    assert!(
        said.starts_with("checksum mismatch: the signing key should be A1A1"),
        "{said}"
    );
    assert!(said.contains(&served.fingerprint), "{said}");
    assert_eq!(
        served
            .ground
            .count(|e| matches!(e, crate::install::InstallEvent::Retry { .. })),
        0
    );
    assert!(listed(&served.root.join("etc/apt")).is_empty());
}

/// Behaves as documented: `rpm -q` by its database; zypper is locked at first, and says by its exit
/// code that a restart is due; a question would find nobody to answer it.
const RPM: [(&str, &str); 3] = [
    (
        "rpm",
        "[ \"$1\" = --import ] && { echo \"import $2\" >>\"$HOME/log\"; exit; }\n[ -f \"$HOME/rpm.$4\" ]",
    ),
    (
        "dnf",
        "echo \"dnf $*\" >>\"$HOME/log\"\n[ \"$1\" = -y ] || exit 1\nverb=$2; shift 2\ncase $verb in\n  install) shift; for p; do touch \"$HOME/rpm.$p\"; done ;;\n  remove) shift; for p; do rm \"$HOME/rpm.$p\" || exit 1; done ;;\nesac",
    ),
    (
        "zypper",
        "echo \"zypper $*\" >>\"$HOME/log\"\n[ \"$1\" = --non-interactive ] || exit 1\nverb=$2; shift 2\ncase $verb in\n  install)\n    [ -f \"$HOME/once\" ] || { touch \"$HOME/once\"; echo 'System management is locked by the application with pid 7 (zypper).'; exit 7; }\n    while [ $# -gt 0 ] && [ \"$1\" != -- ]; do shift; done; shift\n    for p; do touch \"$HOME/rpm.$p\"; done; exit 102 ;;\n  remove) shift; for p; do rm \"$HOME/rpm.$p\" || exit 104; done ;;\nesac",
    ),
];

async fn rpm_machine() -> Served {
    let served = served().await;
    for (name, script) in RPM {
        served.ground.tool(name, script);
    }
    // rpm takes a file with one key only.
    let folder = served.root.parent().unwrap();
    let one = Command::new("gpg")
        .env("GNUPGHOME", folder.join("gnupg"))
        .args(["--armor", "--export", "own@example.com"])
        .output()
        .unwrap();
    fs::write(folder.join("host/own.asc"), one.stdout).unwrap();
    served
}

fn rpm_job(served: &Served, tool: &str, groups: &str, key: &str) -> crate::install::Job {
    let blocks = format!(
        "install:\n  method: hybrid\n  steps:\n    - tool: htop\n      {tool}: {{packages: [htop, jq], {groups}: [tools], repositories: [{{name: extra, baseUrl: 'https://host/rpm', gpgKey: 'https://host/{key}', fingerprint: {}}}]}}\nvalidate:\n  commands:\n    - name: test\n      args: ['-f', rpm.jq]\n",
        served.fingerprint
    );
    job(manifest("monitors", &blocks, &[]))
}

#[tokio::test]
async fn dnf_installs_what_is_missing_and_its_repository_goes_with_it() {
    let served = rpm_machine().await;
    let ground = &served.ground;
    fs::write(ground.home.join("rpm.htop"), "").unwrap();
    let job = rpm_job(&served, "dnf", "groups", "own.asc");
    ground.install(&job).await.unwrap();
    let key = served.root.join("etc/pki/rpm-gpg/extra.asc");
    assert_eq!(
        ground.log(),
        [
            format!("import {}", key.display()),
            "dnf -y makecache".to_owned(),
            "dnf -y group install tools".to_owned(),
            "dnf -y install -- jq".to_owned(),
        ]
    );
    let repo = fs::read_to_string(served.root.join("etc/yum.repos.d/extra.repo")).unwrap();
    assert_eq!(
        repo,
        "[extra]\nname=extra\nbaseurl=https://host/rpm\nenabled=1\nautorefresh=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/extra.asc\n"
    );
    ground.remove(&job).await.unwrap();
    assert_eq!(ground.log().last().unwrap(), "dnf -y remove -- jq");
    assert!(!key.exists() && ground.home.join("rpm.htop").exists());
    assert!(listed(&served.root.join("etc/yum.repos.d")).is_empty());
}

#[tokio::test]
async fn zypper_asks_nothing_waits_for_its_lock_and_a_due_restart_is_no_failure() {
    let served = rpm_machine().await;
    let ground = &served.ground;
    let job = rpm_job(&served, "zypper", "patterns", "own.asc");
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.tools[0].result, ToolState::Installed);
    assert!(served.root.join("etc/zypp/repos.d/extra.repo").exists());
    ground.remove(&job).await.unwrap();
    let log = ground.log();
    assert_eq!(
        log[log.len() - 3..],
        [
            "zypper --non-interactive install --no-recommends -t pattern -- tools",
            "zypper --non-interactive install --no-recommends -- htop jq",
            "zypper --non-interactive remove -- htop jq",
        ]
    );
    // A file with several keys would have rpm trust all of them.
    let job = rpm_job(&served, "zypper", "patterns", "key.asc");
    let Err(InstallError::Step(failure)) = ground.install(&job).await else {
        panic!("it was installed");
    };
    let said = failure.tail.last().unwrap();
    assert!(
        said.starts_with("checksum mismatch: the file holds other keys"),
        "{said}"
    );
}
