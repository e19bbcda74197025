//! What this side keeps of downloads, and hands to machines.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::ground::{Ground, job, manifest};
use super::network::{Answer, TOOL, Vendor, fetching};
use crate::digest::Digest;
use crate::install::{Depot, InstallEvent, Job};

fn depot(room: &TempDir, most: u64) -> Arc<Depot> {
    let depot = Depot::new(directory(room));
    Arc::new(depot.within(most, Duration::from_millis(10)))
}

fn directory(room: &TempDir) -> PathBuf {
    room.path().join("sindri/downloads")
}

fn with(depot: &Arc<Depot>, vendor: &Vendor) -> Job {
    Job {
        depot: Some(Arc::clone(depot)),
        ..fetching(&vendor.address)
    }
}

fn sum(bytes: &[u8]) -> String {
    let digest = Digest::of_bytes(bytes);
    digest.as_str().trim_start_matches("sha256:").to_owned()
}

fn retries(ground: &Ground) -> usize {
    ground.count(|event| matches!(event, InstallEvent::Retry { .. }))
}

#[tokio::test]
async fn many_machines_fetch_once() {
    let (room, vendor) = (
        tempfile::tempdir().unwrap(),
        Vendor::answering(&[Answer::Slow]),
    );
    let depot = depot(&room, 1 << 20);
    let machines = [
        Ground::new().await,
        Ground::new().await,
        Ground::new().await,
    ];
    let job = with(&depot, &vendor);
    let installs = machines.iter().map(|ground| ground.install(&job));
    for installed in futures_util::future::join_all(installs).await {
        installed.unwrap();
    }
    assert_eq!(vendor.asked(), ["/v1/tool"]);
    for ground in &machines {
        assert_eq!(ground.read(".local/bin/tool"), TOOL);
        let kept = format!(".cache/sindri/downloads/{}", sum(TOOL.as_bytes()));
        assert_eq!(ground.read(&kept), TOOL);
    }
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory(&room)), 0o700);
    assert_eq!(mode(&directory(&room).join(sum(TOOL.as_bytes()))), 0o600);
}

#[tokio::test]
async fn a_later_run_finds_it_and_verifies_it() {
    let (room, vendor) = (tempfile::tempdir().unwrap(), Vendor::answering(&[]));
    for requests in [1, 1] {
        let ground = Ground::new().await;
        let job = with(&depot(&room, 1 << 20), &vendor);
        ground.install(&job).await.unwrap();
        assert_eq!(vendor.asked().len(), requests);
    }
    let kept = directory(&room).join(sum(TOOL.as_bytes()));
    fs::write(&kept, "#!/bin/sh\necho mine\n").unwrap();
    let ground = Ground::new().await;
    let job = with(&depot(&room, 1 << 20), &vendor);
    ground.install(&job).await.unwrap();
    assert_eq!(vendor.asked().len(), 2);
    assert_eq!(ground.read(".local/bin/tool"), TOOL);
    assert_eq!(fs::read_to_string(kept).unwrap(), TOOL);
}

#[tokio::test]
async fn what_passes_is_tried_again_here_and_what_stays_there() {
    use Answer::{Cut, Status, Tampered};
    let busy = Status("429 Too Many Requests");
    let down = Status("503 Service Unavailable");
    for (answers, requests, again) in [
        (&[Cut][..], 2, 1),
        (&[busy, down], 3, 2),
        // Given up here; the machine tries on.
        (&[down, down, down, down], 5, 3),
        // Another checksum may be this side's network: the machine's own try is the second request.
        (&[Tampered], 2, 0),
        (&[Status("404 Not Found")], 2, 0),
    ] {
        let (room, vendor) = (tempfile::tempdir().unwrap(), Vendor::answering(answers));
        let ground = Ground::new().await;
        let job = with(&depot(&room, 1 << 20), &vendor);
        ground.install(&job).await.unwrap();
        assert_eq!(vendor.asked().len(), requests);
        assert_eq!(retries(&ground), again);
        assert_eq!(ground.read(".local/bin/tool"), TOOL);
    }
}

#[tokio::test]
async fn a_host_that_is_silent_is_asked_once_in_a_run() {
    let room = tempfile::tempdir().unwrap();
    let depot = depot(&room, 1 << 20);
    for said in ["no connection", "didn't answer before"] {
        let ground = Ground::new().await;
        let job = Job {
            depot: Some(Arc::clone(&depot)),
            ..fetching("http://127.0.0.1:9")
        };
        ground.install(&job).await.unwrap_err();
        let printed = ground.printed().join("\n");
        assert!(
            printed.contains("tool isn't fetched from here"),
            "{printed}"
        );
        assert!(printed.contains(said), "{printed}");
    }
}

#[tokio::test]
async fn what_was_used_longest_ago_goes_first() {
    let (room, vendor) = (tempfile::tempdir().unwrap(), Vendor::answering(&[]));
    let directory = directory(&room);
    fs::create_dir_all(&directory).unwrap();
    let ago = |name: &str, size: usize, hours: u64| {
        let file = fs::File::create(directory.join(name)).unwrap();
        file.set_len(size as u64).unwrap();
        let then = SystemTime::UNIX_EPOCH + Duration::from_hours(490_000 - hours);
        file.set_modified(then).unwrap();
    };
    ago("old", 60, 3);
    ago("older", 60, 4);
    ago(".left.1.tmp", 60, 99);
    let ground = Ground::new().await;
    let room_for_one_more = TOOL.len() as u64 + 70;
    let job = with(&depot(&room, room_for_one_more), &vendor);
    ground.install(&job).await.unwrap();
    let mut left: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let mut expected = [sum(TOOL.as_bytes()), "old".to_owned()];
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn only_what_the_chosen_tools_are_made_of_is_fetched() {
    let (room, vendor) = (tempfile::tempdir().unwrap(), Vendor::answering(&[]));
    let sum = sum(TOOL.as_bytes());
    let download = |tool: &str, sum: &str| {
        format!(
            "      - name: {tool}\n        source: {{type: direct-url, url: https://vendor.example.org/v1/{tool}, sha256: {sum}}}\n"
        )
    };
    let text = format!(
        "install:\n  method: binary\n  binary:\n    downloads:\n{}{}validate:\n  commands:\n    - name: tool\n    - name: other\n",
        download("tool", &sum),
        download("other", &"0".repeat(64)),
    );
    let job = Job {
        tools: vec!["tool".to_owned()],
        depot: Some(depot(&room, 1 << 20)),
        outbound: fetching(&vendor.address).outbound,
        ..job(manifest("kit", &text, &[]))
    };
    let ground = Ground::new().await;
    ground.install(&job).await.unwrap();
    assert_eq!(vendor.asked(), ["/v1/tool"]);
    assert_eq!(ground.read(".local/bin/tool"), TOOL);
}
