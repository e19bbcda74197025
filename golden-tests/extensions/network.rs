//! Bad networks and closed ones: real containers install through a mirror and a proxy of the tests'
//! own, from an image that knows no name service.

use std::fmt::Write as _;

use sindri::digest::Digest;

use super::desk::{Desk, bare_image, host, image};
use super::mirror::{DEBIAN, Fault, Mirror, NPM, PYPI, PYPI_FILES};

/// The image whose only hosts are those it can name by address.
fn closed_image() -> String {
    image("SINDRI_TEST_CLOSED_IMAGE", "sindri-test/closed:1")
}

/// An archive with one program, which says its name.
fn archive(tool: &str) -> Vec<u8> {
    let script = format!("#!/bin/sh\necho {tool} 1.0.0\n");
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(script.len() as u64);
    header.set_mode(0o755);
    let path = format!("{tool}/bin/{tool}");
    archive
        .append_data(&mut header, path, script.as_bytes())
        .unwrap();
    archive.into_inner().unwrap()
}

fn sum(bytes: &[u8]) -> String {
    let digest = Digest::of_bytes(bytes);
    digest.as_str().trim_start_matches("sha256:").to_owned()
}

/// Where the mirror has a tool's release.
fn release(tool: &str) -> String {
    format!("/github/acme/{tool}/releases/download/v1.0.0/{tool}.tar")
}

/// Who knows a download's checksum.
#[derive(Clone, Copy)]
enum Known {
    /// The manifest: whoever has the bytes may hand them over.
    Pinned,
    /// The publisher: the machine fetches list and file itself.
    Listed,
}

/// Has the mirror serve a tool's release, and gives the step that installs it.
fn step(mirror: &Mirror, tool: &str, known: Known, faults: &[Fault]) -> String {
    let bytes = archive(tool);
    let sum = sum(&bytes);
    mirror.holds(&release(tool), &bytes);
    mirror.fails(&release(tool), faults);
    let known = match known {
        Known::Pinned => format!("sha256: {sum}"),
        Known::Listed => {
            let list = release(tool).replace(&format!("{tool}.tar"), "SHA256SUMS");
            mirror.holds(&list, format!("{sum}  {tool}.tar\n").as_bytes());
            "checksums: {asset: SHA256SUMS}".to_owned()
        }
    };
    format!(
        "    - tool: {tool}\n      binary:\n        downloads:\n          - name: {tool}\n            source: {{type: github-release, url: 'https://github.com/acme/{tool}', version: v1.0.0, asset: {tool}.tar}}\n            {known}\n            extract: true\n            member: {tool}/bin/{tool}\n"
    )
}

fn hybrid(desk: &Desk, name: &str, steps: &[String], tools: &[&str]) {
    let install = format!("  method: hybrid\n  steps:\n{}", steps.concat());
    let all: Vec<String> = tools
        .iter()
        .map(|tool| format!("{tool} | grep -q 1.0.0"))
        .collect();
    desk.extension(name, &install, "", &all.join(" && "));
}

/// What an apply told of tools that were tried again, each as often as it was.
fn retries(told: &str) -> Vec<String> {
    let mut found: Vec<String> = told
        .lines()
        .filter_map(|line| line.split_once(" failed; trying again in "))
        .map(|(before, _)| {
            before
                .rsplit(['"', ' '])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    found.sort();
    found
}

/// What passes is tried again, by this side and by the machine; what stays isn't; both say why.
pub(super) fn a_bad_network() {
    use Fault::{Cut, Slow, Status, Tampered};
    let mirror = Mirror::start();
    let desk = Desk::new("exts-bad");
    let cases: [(&str, &[Fault], usize); 4] = [
        ("slow", &[Slow], 1),
        ("cut", &[Cut], 2),
        ("busy", &[Status(429, Some(3))], 2),
        ("down", &[Status(503, None), Status(503, None)], 3),
    ];
    for (known, prefix) in [(Known::Pinned, "pinned"), (Known::Listed, "listed")] {
        let tools = cases.map(|(name, ..)| format!("{prefix}-{name}"));
        let steps: Vec<String> = tools
            .iter()
            .zip(cases)
            .map(|(tool, (_, faults, _))| step(&mirror, tool, known, faults))
            .collect();
        let tools: Vec<&str> = tools.iter().map(String::as_str).collect();
        hybrid(&desk, prefix, &steps, &tools);
    }
    let tampered = [Tampered; 9];
    for (name, known) in [
        ("wrong-pinned", Known::Pinned),
        ("wrong-listed", Known::Listed),
    ] {
        hybrid(
            &desk,
            name,
            &[step(&mirror, name, known, &tampered)],
            &[name],
        );
    }
    let lost = step(&mirror, "lost", Known::Listed, &[]);
    let lost = lost.replace("https://github.com", "https://nowhere.invalid");
    hybrid(&desk, "lost", &[lost], &["lost"]);
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nmirrors: {{github.com: 'http://{}/github'}}\nextensions:\n  active: [pinned, listed, wrong-pinned, wrong-listed, lost]\n",
        closed_image(), mirror.at
    ));
    let applied = desk.apply(&["--json"]).code(1);
    let told = applied.stdout.clone();
    for prefix in ["pinned", "listed"] {
        for (name, _, requests) in cases {
            let tool = format!("{prefix}-{name}");
            assert_eq!(mirror.count(&release(&tool)), requests, "{tool}: {told}");
            assert_eq!(desk.inside(&tool), format!("{tool} 1.0.0\n"));
        }
    }
    // Who keeps the wrong one from this side tries it once more from the machine, and no more.
    assert_eq!(mirror.count(&release("wrong-pinned")), 2);
    assert_eq!(mirror.count(&release("wrong-listed")), 1);
    let mut expected: Vec<&str> = vec!["listed-busy", "listed-cut", "listed-down", "listed-down"];
    expected.extend(["lost"; 3]);
    expected.extend(["pinned-busy", "pinned-cut", "pinned-down", "pinned-down"]);
    assert_eq!(retries(&told), expected, "{told}");
    applied.says("checksum mismatch").says("resolve");

    // The next apply goes on where this one failed, and fetches nothing twice.
    mirror.forget();
    for tool in ["wrong-pinned", "wrong-listed"] {
        mirror.fails(&release(tool), &[]);
    }
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nmirrors:\n  github.com: 'http://{at}/github'\n  nowhere.invalid: 'http://{at}/github'\nextensions:\n  active: [pinned, listed, wrong-pinned, wrong-listed, lost]\n",
        closed_image(), at = mirror.at
    ));
    desk.apply(&[]).code(0).says("Resources: 3 added");
    assert_eq!(
        mirror.count(&release("pinned")) + mirror.count(&release("listed")),
        0
    );
    assert_eq!(mirror.count(&release("wrong-pinned")), 1);
    desk.run(&["drift", "--deep"]).code(0).says("No drift.");
}

/// Ten machines, and one without any network, make of one download what one machine does.
pub(super) fn one_download_for_all() {
    let mirror = Mirror::start();
    let desk = Desk::new("exts-once");
    hybrid(
        &desk,
        "once",
        &[step(&mirror, "once", Known::Pinned, &[])],
        &["once"],
    );
    let here = format!("mirrors: {{github.com: 'http://{}/github'}}\n", mirror.at);
    let extensions = "extensions: {active: [once]}\n";
    desk.configure(&format!(
        "deployment: {{provider: local}}\nmachines: {{dev: {{count: 10}}}}\n{here}{extensions}"
    ));
    desk.apply(&[]).code(0);
    assert_eq!(mirror.asked(), [release("once")]);
    for number in 1..=10 {
        let machine = format!("dev-{number}");
        let told = desk.run(&["connect", &machine, "-c", "once"]).code(0);
        assert_eq!(told.stdout, "once 1.0.0\n");
    }
    desk.run(&["destroy", "--auto-approve", "--volumes"])
        .code(0);

    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nproviders: {{docker: {{network: none}}}}\n{extensions}",
        bare_image()
    ));
    desk.apply(&[]).code(0);
    assert_eq!(desk.inside("once"), "once 1.0.0\n");
    let machine = format!("machine.{}", desk.name);
    let replaced = desk.apply(&["--replace", &machine]).code(0);
    assert_eq!(desk.inside("once"), "once 1.0.0\n", "{}", replaced.all());
    assert_eq!(mirror.asked().len(), 1);
}

/// Cargo builds on this host from a mirror of its index.
pub(super) fn crates_by_a_mirror() {
    let mirror = Mirror::start();
    let desk = Desk::new("exts-crates");
    let cargo = "  method: cargo\n  cargo: {crate: hello-rust, version: 0.1.0, locked: false}\n";
    desk.extension("greeting", cargo, "", "hello-rust");
    desk.configure(&format!(
        "deployment: {{provider: local}}\nmirrors: {{crates: 'http://{}/crates'}}\nextensions: {{active: [greeting]}}\n",
        mirror.at
    ));
    desk.apply(&[]).code(0);
    let asked = mirror.asked();
    for wanted in [
        "/crates/config.json",
        "/crates/he/ll/hello-rust",
        "/crate-files/hello-rust/0.1.0/download",
    ] {
        assert!(asked.iter().any(|one| one == wanted), "{wanted}: {asked:?}");
    }
    desk.run(&["drift", "--deep"]).code(0).says("No drift.");
}

/// What is installed in a closed network: by every way of fetching, with a service and a tool of mise.
fn closed_extensions(desk: &Desk, mirror: &Mirror) {
    mirror.holds("/vendor/hello", b"hello by script\n");
    mirror.holds("/vendor/greet", b"#!/bin/sh\necho greet 1.0.0\n");
    desk.extension(
        "packages",
        "  method: hybrid\n  steps:\n    - {tool: tree, apt: {packages: [tree]}}\n    - {tool: semver, npm: {package: semver@7.6.3}}\n    - {tool: cowsay, pip: {packages: [cowsay==6.1]}}\n    - {tool: hello, script: {path: install.sh}}\n",
        "curl -fsS -o ~/hello https://vendor.example.org/hello\n",
        "tree --version && semver 1.2.3 && cowsay -t moo && grep -q script ~/hello",
    );
    let folder = "extensions/versions";
    desk.write(
        &format!("{folder}/extension.yaml"),
        "metadata: {name: versions, version: 1.0.0, description: a test, category: productivity, dependencies: [mise-config]}\ninstall:\n  method: mise\n  mise: {configFile: mise.toml}\nvalidate:\n  commands:\n    - {name: semver, args: [1.2.3]}\n    - {name: greet}\n",
    );
    desk.write(
        &format!("{folder}/mise.toml"),
        "[tools]\n\"npm:semver\" = \"7.6.2\"\n\"http:greet\" = { version = \"1.0.0\", url = \"https://vendor.example.org/greet\", bin = \"greet\" }\n",
    );
    desk.write(
        "extensions/beacon/extension.yaml",
        "metadata: {name: beacon, version: 1.0.0, description: a test, category: productivity}\ninstall:\n  method: script\n  script: {path: install.sh}\nservice:\n  enabled: true\n  start: {command: python3, args: [-m, http.server, '8099', --bind, 127.0.0.1, --directory, /srv]}\n  readiness: {check: 'curl -sf http://127.0.0.1:8099/ >/dev/null', timeout: 30}\nvalidate:\n  commands:\n    - {name: curl, args: [-sf, -o, /dev/null, 'http://127.0.0.1:8099/']}\n",
    );
    desk.write("extensions/beacon/install.sh", "set -e\ntrue\n");
}

/// Everything that was installed works, without anybody having opened a session.
#[track_caller]
fn all_stands(desk: &Desk) {
    let beacon = "for n in $(seq 40); do curl -sf -o /dev/null http://127.0.0.1:8099/ && exit 0; sleep 0.25; done; exit 1";
    host("docker", &["exec", &desk.name, "sh", "-c", beacon]);
    let told = desk.inside("tree --version | cut -c1-4; cowsay -t moo | grep -c moo; cat ~/hello; greet; mise --version >/dev/null && ~/.local/share/mise/shims/semver 1.2.3");
    assert_eq!(told, "tree\n1\nhello by script\ngreet 1.0.0\n1.2.3\n");
}

/// Nothing is left to do, and nothing inside is broken.
#[track_caller]
fn all_rests(desk: &Desk) {
    desk.run(&["plan", "--detailed-exitcode"])
        .code(0)
        .says("No changes.");
    desk.run(&["drift", "--deep"]).code(0).says("No drift.");
}

fn closed_configuration(desk: &Desk, way: &str) {
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes:\n    workspace: {{size: 1GB}}\ncaCertificates: [authority.pem]\n{way}extensions:\n  active: [packages, versions, beacon]\n",
        closed_image()
    ));
}

/// A network in which only the mirror is known, by HTTPS under its own authority; then one with
/// only a proxy.
pub(super) fn a_closed_network() {
    let mirror = Mirror::start();
    let desk = Desk::new("exts-closed");
    desk.write("authority.pem", mirror.certificate());
    closed_extensions(&desk, &mirror);
    let mut way = String::from("mirrors:\n");
    for (host, path) in [
        ("npm", "npm"),
        ("pypi", "pypi/simple"),
        ("debian", "apt"),
        ("vendor.example.org", "vendor"),
        ("github.com", "github"),
    ] {
        writeln!(way, "  {host}: 'https://{}/{path}'", mirror.at).unwrap();
    }
    closed_configuration(&desk, &way);
    desk.apply(&[]).code(0);
    for asked in [
        "/npm/semver",
        "/npm/@jdxcode",
        "/pypi/simple/cowsay/",
        "/files/packages/",
        "/apt/debian/dists/bookworm/InRelease",
        "/apt/debian/pool/main/t/tree/",
        "/vendor/hello",
        "/vendor/greet",
    ] {
        assert!(mirror.count(asked) > 0, "{asked}: {:?}", mirror.asked());
    }
    all_stands(&desk);
    // A session is told too.
    assert_eq!(desk.inside("npm view semver@7.6.3 version"), "7.6.3\n");

    host("docker", &["restart", "--time", "1", &desk.name]);
    all_stands(&desk);
    all_rests(&desk);

    // By the proxy the vendor's own name leads to the mirror, whose authority vouches for it.
    mirror.intercepts("vendor.example.org:443");
    mirror.forget();
    for name in ["hello", "greet"] {
        let file = if name == "hello" {
            &b"hello by script\n"[..]
        } else {
            b"#!/bin/sh\necho greet 1.0.0\n"
        };
        mirror.holds(&format!("/{name}"), file);
    }
    let way = format!(
        "network: {{proxy: 'http://{}', noProxy: [127.0.0.1]}}\n",
        mirror.at
    );
    closed_configuration(&desk, &way);
    let machine = format!("machine.{}", desk.name);
    desk.apply(&["--replace", &machine]).code(0);
    for asked in [
        format!("via {NPM}:443"),
        format!("via {PYPI}:443"),
        format!("via {PYPI_FILES}:443"),
        format!("via http://{DEBIAN}/debian/pool/main/t/tree/"),
        "via vendor.example.org:443".to_owned(),
        "/hello".to_owned(),
        "/greet".to_owned(),
    ] {
        assert!(mirror.count(&asked) > 0, "{asked}: {:?}", mirror.asked());
    }
    assert_eq!(mirror.count("/npm/") + mirror.count("/apt/"), 0);
    all_stands(&desk);
    host("docker", &["restart", "--time", "1", &desk.name]);
    all_stands(&desk);
    all_rests(&desk);
    assert_eq!(desk.inside("npm view semver@7.6.3 version"), "7.6.3\n");
}

/// `plan --probe` asks from here and, where the machine runs, from there; each by the machine's own way.
pub(super) fn hosts_asked_from_the_machine() {
    let mirror = Mirror::start();
    mirror.intercepts("api.github.com:443");
    mirror.intercepts("vendor.example.org:443");
    mirror.holds("/", b"");
    mirror.holds("/rate_limit", br#"{"resources":{"core":{"remaining":3}}}"#);
    let desk = Desk::new("exts-probe");
    desk.write("authority.pem", mirror.certificate());
    desk.write(".env", "GITHUB_TOKEN=token-of-the-machine\n");
    desk.write(
        "extensions/needy/extension.yaml",
        "metadata: {name: needy, version: 1.0.0, description: a test, category: productivity}\nrequirements: {domains: [api.github.com, vendor.example.org, nowhere.invalid]}\ninstall:\n  method: script\n  script: {path: install.sh}\nvalidate:\n  commands:\n    - {name: 'true', args: [x]}\n",
    );
    desk.write("extensions/needy/install.sh", "set -e\ntrue\n");
    for (image, with) in [(closed_image(), "curl"), (bare_image(), "bash")] {
        desk.write(
            "sindri.yaml",
            &format!(
                "version: \"3.0\"\nname: {name}\nsecrets: [{{name: GITHUB_TOKEN, source: env}}]\ndeployment: {{provider: docker, image: '{image}', volumes: {{}}}}\ncaCertificates: [authority.pem]\nnetwork: {{proxy: 'http://{at}'}}\nextensions: {{active: [needy]}}\n",
                name = desk.name,
                at = mirror.at
            ),
        );
        desk.apply(&[]).code(0);
        mirror.forget();
        let shown = desk.run(&["plan", "--probe"]).code(0);
        let shown =
            shown.says("nowhere.invalid can't be reached from here; `needy` is installed from it");
        let shown = shown.says("GitHub answers 3 more requests from here this hour");
        let shown = shown
            .hides("vendor.example.org can't")
            .hides("token-of-the-machine");
        assert_eq!(
            mirror.count("via nowhere.invalid:443"),
            if with == "curl" { 2 } else { 1 }
        );
        if with == "curl" {
            shown
                .says(&format!(
                    "nowhere.invalid can't be reached from `{}`",
                    desk.name
                ))
                .says(&format!(
                    "GitHub answers 3 more requests from `{}` this hour",
                    desk.name
                ));
            assert_eq!(mirror.count("as Bearer token-of-the-machine"), 1);
        }
        host("docker", &["stop", "--time", "1", &desk.name]);
        desk.run(&["plan", "--probe"])
            .hides(&format!("from `{}`", desk.name));
        host("docker", &["start", &desk.name]);
    }
}
