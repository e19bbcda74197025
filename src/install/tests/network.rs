//! A bad network: a server of our own stands in for a vendor's, by way of `mirrors`, and fails as
//! told.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ground::{Ground, job, manifest};
use crate::diagnostic::Diagnose;
use crate::digest::Digest;
use crate::install::{InstallError, InstallEvent, Job, Outcome, Purpose, StepFailure};
use crate::resource::Outbound;

/// What the vendor serves: a program.
pub(super) const TOOL: &str = "#!/bin/sh\necho tool 1.0\n";

#[derive(Clone, Copy)]
pub(super) enum Answer {
    Well,
    Slow,
    Cut,
    Tampered,
    Status(&'static str),
}

/// A server that gives these answers, then good ones, and remembers what it was asked.
pub(super) struct Vendor {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Vendor {
    pub(super) fn answering(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers = Mutex::new(answers.iter().copied().collect::<VecDeque<_>>());
        let heard = Arc::clone(&asked);
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let answer = answers.lock().unwrap().pop_front();
                serve(stream.unwrap(), answer.unwrap_or(Answer::Well), &heard);
            }
        });
        Self { address, asked }
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answer: Answer, heard: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
    let path = first.split(' ').nth(1).unwrap().to_owned();
    heard.lock().unwrap().push(path);
    let (status, more, body, length) = match answer {
        Answer::Well => ("200 OK", "", TOOL, TOOL.len()),
        Answer::Slow => {
            std::thread::sleep(Duration::from_millis(700));
            ("200 OK", "", TOOL, TOOL.len())
        }
        Answer::Cut => ("200 OK", "", &TOOL[..9], TOOL.len()),
        Answer::Tampered => ("200 OK", "", "#!/bin/sh\necho mine\n", 20),
        Answer::Status(status) if status.starts_with("302") => {
            (status, "Location: /again\r\n", "", 0)
        }
        Answer::Status(status) => (status, "Retry-After: 0\r\n", "no", 2),
    };
    // A client that has seen enough hangs up.
    let _hung_up = write!(
        stream,
        "HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

fn outbound(mirrors: &[(&str, &str)]) -> Arc<Outbound> {
    let mirrors: BTreeMap<String, String> = mirrors
        .iter()
        .map(|(host, base)| ((*host).to_owned(), (*base).to_owned()))
        .collect();
    Arc::new(Outbound {
        mirrors,
        ..Outbound::default()
    })
}

/// A job that fetches the vendor's program by its own address.
pub(super) fn fetching(base: &str) -> Job {
    let sum = Digest::of_bytes(TOOL.as_bytes());
    let sum = sum.as_str().rsplit(':').next().unwrap();
    let mut job = job(manifest(
        "tool",
        &format!(
            "install:\n  method: binary\n  binary:\n    downloads:\n      - name: tool\n        source: {{type: direct-url, url: https://vendor.example.org/v1/tool, sha256: {sum}}}\nvalidate:\n  commands:\n    - name: tool\n"
        ),
        &[],
    ));
    job.outbound = outbound(&[("vendor.example.org", base)]);
    job
}

fn step(error: InstallError) -> StepFailure {
    match error {
        InstallError::Step(step) => *step,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    use Answer::{Cut, Slow, Status};
    for (answers, requests) in [
        (&[][..], 1),
        (&[Slow], 1),
        (&[Cut], 2),
        (
            &[
                Status("503 Service Unavailable"),
                Status("503 Service Unavailable"),
            ],
            3,
        ),
        (&[Status("429 Too Many Requests")], 2),
    ] {
        let vendor = Vendor::answering(answers);
        let ground = Ground::new().await;
        let job = fetching(&format!("{}/mirror", vendor.address));
        let installed = ground.install(&job).await.unwrap();
        assert_eq!(installed.outcome, Outcome::Ready);
        assert_eq!(vendor.asked(), vec!["/mirror/v1/tool"; requests]);
        let retries = ground.count(|event| matches!(event, InstallEvent::Retry { .. }));
        assert_eq!(retries, requests - 1);
    }
}

#[tokio::test]
async fn what_stays_is_not() {
    use Answer::{Status, Tampered};
    let moved = [Status("302 Found"); 60];
    for (answers, requests, said) in [
        (&[Tampered][..], 1, "checksum mismatch: expected"),
        (&[Status("404 Not Found")], 1, "error: 404"),
        (&moved, 51, "redirects followed"),
    ] {
        let vendor = Vendor::answering(answers);
        let ground = Ground::new().await;
        let failure = step(
            ground
                .install(&fetching(&vendor.address))
                .await
                .unwrap_err(),
        );
        assert!(failure.tail.join("\n").contains(said), "{:?}", failure.tail);
        assert_eq!(vendor.asked().len(), requests, "{said}");
        assert_eq!(
            ground.count(|event| matches!(event, InstallEvent::Retry { .. })),
            0
        );
        assert!(!ground.home.join(".local/bin/tool").exists());
    }
}

#[tokio::test]
async fn what_was_fetched_once_is_kept_and_verified() {
    let vendor = Vendor::answering(&[]);
    let ground = Ground::new().await;
    let mut job = fetching(&vendor.address);
    ground.install(&job).await.unwrap();
    let tools = job.manifest.tools().into_iter().map(str::to_owned);
    job.purpose = Purpose::Retry(tools.collect());
    fs::remove_file(ground.home.join(".local/bin/tool")).unwrap();
    ground.install(&job).await.unwrap();
    assert_eq!(vendor.asked().len(), 1);
    let kept = ground.home.join(".cache/sindri/downloads");
    let kept = fs::read_dir(kept).unwrap().next().unwrap().unwrap().path();
    fs::write(kept, "#!/bin/sh\necho mine\n").unwrap();
    ground.install(&job).await.unwrap();
    assert_eq!(vendor.asked().len(), 2);
    assert_eq!(ground.read(".local/bin/tool"), TOOL);
}

#[tokio::test]
async fn a_host_that_is_gone_is_given_up_in_the_end() {
    let ground = Ground::new().await;
    let error = ground
        .install(&fetching("http://nowhere.invalid"))
        .await
        .unwrap_err();
    let finding = error.diagnose().remove(0);
    assert!(
        finding.causes[0].contains("resolve"),
        "{:?}",
        finding.causes
    );
    assert!(finding.help.unwrap().contains("`mirrors`"));
    assert_eq!(
        ground.count(|event| matches!(event, InstallEvent::Retry { .. })),
        2
    );
}

#[tokio::test]
async fn scripts_and_sessions_are_told_too_and_it_is_taken_back() {
    const FETCH: &str = "curl -fsS -o got https://vendor.example.org/v1/x && git config --get-urlmatch url.insteadOf x; env | sort >\"$HOME/log\"";
    let vendor = Vendor::answering(&[]);
    let ground = Ground::new().await;
    let mut job = super::ground::scripts("told", &[FETCH]);
    job.outbound = Arc::new(Outbound {
        proxy: Some("http://proxy.example.org:3128".to_owned()),
        no_proxy: vec!["127.0.0.1".to_owned(), ".corp.example.org".to_owned()],
        authorities: vec![
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ],
        mirrors: outbound(&[
            ("vendor.example.org", &vendor.address),
            ("npm", "https://mirror.example.org/npm"),
            ("pypi", "https://mirror.example.org/pypi/simple"),
            ("crates", "https://mirror.example.org/crates"),
        ])
        .mirrors
        .clone(),
    });
    ground.install(&job).await.unwrap();
    assert_eq!(vendor.asked(), ["/v1/x"]);
    let log = ground.log();
    let network = ground.home.join(".local/state/sindri/network");
    let bundle = network.join("bundle.pem");
    for wanted in [
        "https_proxy=http://proxy.example.org:3128".to_owned(),
        "HTTP_PROXY=http://proxy.example.org:3128".to_owned(),
        "no_proxy=127.0.0.1,.corp.example.org".to_owned(),
        "npm_config_registry=https://mirror.example.org/npm/".to_owned(),
        "PIP_INDEX_URL=https://mirror.example.org/pypi/simple".to_owned(),
        format!("GIT_CONFIG_KEY_0=url.{}/.insteadOf", vendor.address),
        format!(
            "MISE_URL_REPLACEMENTS={{\"https://vendor.example.org/\":\"{}/\"}}",
            vendor.address
        ),
        format!("SSL_CERT_FILE={}", bundle.display()),
        format!("PIP_CERT={}", bundle.display()),
    ] {
        assert!(log.contains(&wanted), "{wanted} isn't in {log:#?}");
    }
    assert!(fs::read_to_string(&bundle).unwrap().contains("AAAA"));
    let cargo = ground.read(".cargo/config.toml");
    assert!(
        cargo.contains("registry = \"sparse+https://mirror.example.org/crates/\""),
        "{cargo}"
    );
    let session = ".config/sindri/profile.d/00-network.sh";
    assert!(ground.read(session).contains("HTTPS_PROXY"));

    let mut plain = super::ground::scripts("plain", &["env | sort >\"$HOME/log\""]);
    plain.purpose = Purpose::Upgrade;
    ground.install(&plain).await.unwrap();
    assert!(!ground.log().iter().any(|line| line.contains("example.org")));
    assert!(!network.exists() && !ground.home.join(session).exists());
    assert_eq!(ground.read(".cargo/config.toml"), "");
}

#[tokio::test]
async fn apts_sources_go_to_the_mirrors_and_come_back() {
    let ground = Ground::new().await;
    let etc = ground.home.join("etc/sources.list.d");
    fs::create_dir_all(&etc).unwrap();
    let own = "deb http://archive.example.org/debian bookworm main\n";
    let vendor = "deb [signed-by=/etc/apt/keyrings/x.asc] https://apt.vendor.example.org/debian stable main\n";
    let listed = "Types: deb\nURIs: http://archive.example.org/debian-security\nSuites: x\n";
    let lists = [
        ("etc/sources.list", own),
        ("etc/sources.list.d/vendor.list", vendor),
        ("etc/sources.list.d/debian.sources", listed),
    ];
    for (path, text) in lists {
        fs::write(ground.home.join(path), text).unwrap();
    }
    let run = |mirrors: &[(&str, &str)]| {
        let folder = ground.home.join("net/network");
        fs::create_dir_all(&folder).unwrap();
        for (path, text) in crate::install::outbound::files(&outbound(mirrors)) {
            fs::write(ground.home.join("net").join(path), text).unwrap();
        }
        if mirrors.is_empty() {
            fs::write(folder.join("sources.sed"), "").unwrap();
        }
        let script = format!(
            "base=$PWD/net\nplace=machine\n{}\napt_sources etc",
            include_str!("../shell/network.sh")
        );
        let status = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(&ground.home)
            .status();
        assert!(status.unwrap().success());
    };
    let texts = || lists.map(|(path, _)| ground.read(path));
    for _ in 0..2 {
        run(&[
            ("debian", "https://mirror.example.org/apt"),
            (
                "apt.vendor.example.org",
                "https://mirror.example.org/vendor",
            ),
        ]);
        assert_eq!(
            texts(),
            [
                own.replace(
                    "http://archive.example.org",
                    "https://mirror.example.org/apt"
                ),
                vendor.replace("apt.vendor.example.org", "mirror.example.org/vendor"),
                listed.replace(
                    "http://archive.example.org",
                    "https://mirror.example.org/apt"
                ),
            ]
        );
    }
    run(&[]);
    assert_eq!(texts(), lists.map(|(_, text)| text.to_owned()));
}
