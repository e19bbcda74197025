//! Examining this host.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Finding, Verdict};
use crate::diagnostic::Diagnose;
use crate::engine::Readers;
use crate::provider::fly::Fly;
use crate::provider::local::Local;
use crate::provider::{ProviderError, Query};
use crate::resource::ProviderKind;
use crate::state::Lineage;
use crate::sys::process::{Ended, Launch, Pipe};
use crate::sys::{World, files, process};

/// How long a tool may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tools that extensions on `local` build upon, and how to get them.
const TOOLS: &[(&str, &str, &str)] = &[
    (
        "python3",
        "pip extensions",
        "install Python 3.9 or newer with its `venv` module",
    ),
    (
        "node",
        "npm extensions",
        "install Node.js 20 or newer, or add the extension `nodejs`",
    ),
    ("npm", "npm extensions", "it comes with Node.js"),
    ("cargo", "cargo extensions", "install Rust with rustup"),
    (
        "git",
        "working with sources",
        "install git from your distribution",
    ),
];

/// What every installation of an extension is made with.
const GROUND: &[&str] = &["sh", "tar", "setsid", "mkfifo", "dd"];

/// Checks what the providers in question need.
pub async fn examine(
    world: &World,
    readers: &dyn Readers,
    providers: &[ProviderKind],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for kind in providers {
        match kind {
            ProviderKind::Local => local(world, &mut findings).await,
            ProviderKind::Docker => findings.push(docker(readers).await),
            ProviderKind::E2b => findings.push(e2b(readers).await),
            ProviderKind::Fly => findings.push(fly(world).await),
            ProviderKind::Kubernetes
            | ProviderKind::Devpod
            | ProviderKind::Runpod
            | ProviderKind::Northflank => findings.push(Finding {
                provider: Some(*kind),
                subject: "provider".to_owned(),
                verdict: Verdict::Broken,
                detail: "this version of sindri can't plan or apply on it yet".to_owned(),
                help: Some(
                    "`sindri config validate` checks a file for it; `local`, `docker`, `fly` and `e2b` work"
                        .to_owned(),
                ),
            }),
        }
    }
    findings
}

async fn local(world: &World, findings: &mut Vec<Finding>) {
    let root = Local::default_root(&world.environment);
    let writable = nearest(&root).is_some_and(files::writable);
    findings.push(Finding {
        provider: Some(ProviderKind::Local),
        subject: "data directory".to_owned(),
        verdict: if writable {
            Verdict::Good
        } else {
            Verdict::Broken
        },
        detail: root.display().to_string(),
        help: (!writable).then(|| "make it writable, or set SINDRI_DATA_DIR".to_owned()),
    });
    findings.push(ground(world).await);
    for (tool, use_for, help) in TOOLS {
        let version = version(tool, world).await;
        let found = version.is_some();
        findings.push(Finding {
            provider: Some(ProviderKind::Local),
            subject: (*tool).to_owned(),
            verdict: if found {
                Verdict::Good
            } else {
                Verdict::Lacking
            },
            detail: version.unwrap_or_else(|| format!("not found; needed for {use_for}")),
            help: (!found).then(|| (*help).to_owned()),
        });
    }
}

/// The commands without which no extension installs.
async fn ground(world: &World) -> Finding {
    let script = "for tool; do command -v \"$tool\" >/dev/null 2>&1 || echo \"$tool\"; done";
    let mut argv = vec!["sh".into(), "-c".into(), script.into(), "sh".into()];
    argv.extend(GROUND.iter().map(Into::into));
    let missing = said(argv, world).await.map_or_else(
        || "sh".to_owned(),
        |text| text.split_whitespace().collect::<Vec<_>>().join(", "),
    );
    let there = missing.is_empty();
    Finding {
        provider: Some(ProviderKind::Local),
        subject: "shell tools".to_owned(),
        verdict: if there {
            Verdict::Good
        } else {
            Verdict::Lacking
        },
        detail: if there {
            GROUND.join(", ")
        } else {
            format!("not found: {missing}; needed for every extension")
        },
        help: (!there).then(|| "they come with coreutils, util-linux and tar".to_owned()),
    }
}

/// The directory itself, or the closest one above it that is there.
fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors()
        .find(|path| files::entry(path).is_ok_and(|entry| entry != files::Entry::Absent))
}

/// The first line of a tool's `--version`; none where it isn't there or doesn't answer in time.
async fn version(tool: &str, world: &World) -> Option<String> {
    let text = said(vec![tool.into(), "--version".into()], world).await?;
    let line = text.lines().next()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// What a command says; none where it isn't there, fails or doesn't end in time.
async fn said(argv: Vec<OsString>, world: &World) -> Option<String> {
    let launch = Launch {
        argv,
        env: world
            .environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        directory: PathBuf::from("/"),
    };
    let mut said = Vec::new();
    let mut keep = |_: Pipe, bytes: &[u8]| {
        if said.len() < 4096 {
            said.extend_from_slice(bytes);
        }
    };
    let ended = process::run(&launch, None, Some(PATIENCE), &mut keep)
        .await
        .ok()?;
    (ended == Ended::Exited(0)).then(|| String::from_utf8_lossy(&said).into_owned())
}

async fn docker(readers: &dyn Readers) -> Finding {
    let answer = match readers.reader(ProviderKind::Docker) {
        Ok(reader) => reader.observe(&nothing()).await.map(drop),
        Err(error) => Err(error),
    };
    finding(
        ProviderKind::Docker,
        "Docker Engine",
        "the Engine answers",
        answer,
    )
}

/// Whether E2B answers this key: by a list that holds nothing.
async fn e2b(readers: &dyn Readers) -> Finding {
    let answer = match readers.reader(ProviderKind::E2b) {
        Ok(reader) => reader.owned(&nothing().lineage).await.map(drop),
        Err(error) => Err(error),
    };
    finding(ProviderKind::E2b, "E2B key", "E2B accepts it", answer)
}

fn nothing() -> Query {
    Query {
        lineage: Lineage::from_random([0; 16]),
        questions: Vec::new(),
    }
}

fn finding(
    provider: ProviderKind,
    subject: &str,
    good: &str,
    answer: Result<(), ProviderError>,
) -> Finding {
    let (verdict, detail, help) = match answer {
        Ok(()) => (Verdict::Good, good.to_owned(), None),
        Err(error) => {
            let found = error.diagnose().into_iter().next();
            let help = found.and_then(|found| found.help);
            (Verdict::Broken, error.to_string(), help)
        }
    };
    Finding {
        provider: Some(provider),
        subject: subject.to_owned(),
        verdict,
        detail,
        help,
    }
}

/// What the token for Fly.io may do.
async fn fly(world: &World) -> Finding {
    let said = match Fly::connect(&world.environment, world.clock) {
        Ok(fly) => fly.token().await,
        Err(error) => Err(error),
    };
    let (verdict, detail, help) = match said {
        Ok(token) if token.whole => (Verdict::Good, token.said, None),
        Ok(token) => (
            Verdict::Lacking,
            token.said,
            Some(
                "apps are made with one of the whole organization: `fly tokens create org`"
                    .to_owned(),
            ),
        ),
        Err(error) => (Verdict::Broken, error.to_string(), error.help),
    };
    Finding {
        provider: Some(ProviderKind::Fly),
        subject: "token".to_owned(),
        verdict,
        detail,
        help,
    }
}
