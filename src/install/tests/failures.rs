//! What goes wrong inside a machine, and what is made of it.

use std::fs;
use std::time::{Duration, Instant};

use super::ground::{Ground, job, manifest, scripts};
use crate::diagnostic::Diagnose;
use crate::install::{InstallError, InstallEvent, Outcome, Purpose, StepFailure, ToolState};

fn step(error: InstallError) -> StepFailure {
    match error {
        InstallError::Step(step) => *step,
        other => panic!("{other:?}"),
    }
}

const NPM: &str = "install:\n  method: npm\n  npm: {package: thing@1.0.0}\nvalidate:\n  commands:\n    - name: cat\n      args: [log]\n";

#[tokio::test]
async fn what_the_network_fails_is_tried_again() {
    let ground = Ground::new().await;
    ground.tool(
        "npm",
        "echo npm >>\"$HOME/log\"\n[ $(wc -l <\"$HOME/log\") -ge 3 ] || { echo ECONNRESET; exit 1; }",
    );
    let installed = ground
        .install(&job(manifest("thing", NPM, &[])))
        .await
        .unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert_eq!(ground.log().len(), 3);
    assert_eq!(ground.count(|e| matches!(e, InstallEvent::Retry { .. })), 2);
}

#[tokio::test]
async fn a_script_is_run_again_only_for_a_bad_network() {
    let last_words = |said: &str| {
        format!(
            "echo run >>\"$HOME/log\"\n[ $(wc -l <\"$HOME/log\") -ge 3 ] || {{ echo '{said}'; exit 1; }}"
        )
    };
    let hiccup = "E: Failed to fetch http://mirror.example.org/x.deb  503  busy";
    for (said, runs) in [
        (hiccup, 3),
        ("something is wrong", 1),
        ("503 Service Unavailable\nchecksum mismatch", 1),
    ] {
        let ground = Ground::new().await;
        let installed = ground
            .install(&scripts("fetches", &[&last_words(said)]))
            .await;
        assert_eq!(installed.is_ok(), runs == 3, "{said}");
        assert_eq!(ground.log().len(), runs, "{said}");
    }
}

#[tokio::test]
async fn what_will_never_work_is_not() {
    for said in [
        "npm error code E404",
        "npm error code EINTEGRITY",
        "sh: 1: Syntax error: end of file unexpected",
        "ERROR: No matching distribution found for thing",
    ] {
        let ground = Ground::new().await;
        ground.tool(
            "npm",
            &format!("echo npm >>\"$HOME/log\"\necho '{said}' >&2; exit 1"),
        );
        let error = ground
            .install(&job(manifest("thing", NPM, &[])))
            .await
            .unwrap_err();
        let failure = step(error);
        assert_eq!(failure.tail, [said]);
        assert_eq!(ground.log().len(), 1, "{said}");
    }
}

#[tokio::test]
async fn an_error_says_where_and_shows_the_last_lines() {
    let ground = Ground::new().await;
    let error = ground
        .install(&scripts("broken", &["seq 1 50; exit 7"]))
        .await
        .unwrap_err();
    let finding = error.diagnose().remove(0);
    assert_eq!(finding.code.as_str(), "install::step-failed");
    assert_eq!(
        finding.summary,
        "extension `broken` failed at `tool0` (script): exit code 7"
    );
    assert_eq!(finding.address.unwrap().to_string(), "extension.dev.broken");
    assert!(
        finding.causes[0].ends_with("\n49\n50"),
        "{:?}",
        finding.causes
    );
    assert_eq!(finding.causes[0].lines().count(), 21);
}

#[tokio::test]
async fn a_step_that_hangs_is_ended_with_all_it_started() {
    let ground = Ground::new().await;
    let job = job(manifest(
        "hanging",
        "install:\n  method: script\n  script: {path: install.sh, timeout: 1}\nvalidate:\n  commands:\n    - name: cat\n      args: [log]\n",
        &[(
            "install.sh",
            "sleep 7654 & echo $! >>\"$HOME/log\"; trap '' TERM; sleep 7655; wait",
        )],
    ));
    let began = Instant::now();
    let failure = step(ground.install(&job).await.unwrap_err());
    assert_eq!(failure.code, 124);
    assert!(began.elapsed() < Duration::from_secs(10));
    let sleeper = ground.log()[0].clone();
    let state = fs::read_to_string(format!("/proc/{sleeper}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[tokio::test]
async fn a_step_that_says_nothing_leaves_nothing_out() {
    let ground = Ground::new().await;
    ground
        .install(&scripts(
            "quiet",
            &["true", ": >>\"$HOME/log\"", "echo done"],
        ))
        .await
        .unwrap();
    assert_eq!(ground.printed(), ["done"]);
}

#[tokio::test]
async fn a_validation_that_hangs_is_ended() {
    let ground = Ground::new().await;
    ground.tool("stuck", "sleep 7656");
    let job = job(manifest(
        "hanging",
        "requirements: {validationTimeout: 1}\ninstall:\n  method: script\n  script: {path: install.sh}\nvalidate:\n  commands:\n    - name: stuck\n",
        &[("install.sh", "true")],
    ));
    let error = ground.install(&job).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "extension `hanging` doesn't validate: `stuck --version` gave no answer within 1 s"
    );
}

#[tokio::test]
async fn a_hundred_megabytes_fill_neither_disk_nor_screen() {
    let ground = Ground::new().await;
    let job = scripts(
        "loud",
        &[
            "yes 'a line of output that says nothing at all' | head -c 100000000\necho; echo the end; exit 5",
        ],
    );
    let began = Instant::now();
    let failure = step(ground.install(&job).await.unwrap_err());
    assert_eq!(
        (failure.code, failure.tail.last().unwrap().as_str()),
        (5, "the end")
    );
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
    let kept: usize = ground.printed().iter().map(String::len).sum();
    assert!(kept < 110_000_000);
}

#[tokio::test]
async fn the_machine_keeps_a_megabyte_of_output_at_most() {
    let ground = Ground::new().await;
    let job = scripts(
        "loud",
        &["yes 'a line of output' | head -c 20000000\necho first >>\"$HOME/log\"; sleep 1"],
    );
    tokio::select! {
        _ = ground.install(&job) => panic!("the job was too fast"),
        () = ground.wait_for_log(1) => {}
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let folder = ground.jobs().pop().unwrap().join("out");
    let kept: u64 = fs::read_dir(folder)
        .unwrap()
        .map(|piece| piece.unwrap().metadata().unwrap().len())
        .sum();
    assert!((500_000..=1_100_000).contains(&kept), "{kept}");
    ground.install(&job).await.unwrap();
    assert!(ground.printed().contains(&"(output left out)".to_owned()));
}

fn binary(sum: &str, extract: &str) -> String {
    format!(
        "install:\n  method: binary\n  binary:\n    downloads:\n      - name: tool\n        {extract}\n        source:\n          type: direct-url\n          url: https://example.invalid/tool.tar.gz\n          sha256: {sum}\nvalidate:\n  commands:\n    - name: tool\n"
    )
}

#[tokio::test]
async fn a_wrong_checksum_is_final() {
    let ground = Ground::new().await;
    ground.tool(
        "curl",
        "echo curl >>\"$HOME/log\"\nwhile [ \"$1\" != -o ]; do shift; done; echo evil >\"$2\"",
    );
    let job = job(manifest(
        "tool",
        &binary(&"0".repeat(64), "extract: false"),
        &[],
    ));
    let failure = step(ground.install(&job).await.unwrap_err());
    assert!(
        failure.tail[0].starts_with("checksum mismatch: expected 0000"),
        "{failure:?}"
    );
    assert_eq!(ground.log().len(), 1);
    assert!(!ground.home.join(".local/bin/tool").exists());
}

#[tokio::test]
async fn an_archive_stays_in_its_folder() {
    for (evil, script) in [
        (
            "../escaped",
            "tar -czPf \"$2\" -C \"$HOME/.local\" ../escaped",
        ),
        (
            "link",
            "mkdir -p l; ln -sfn / l/link; cp escaped l/tool; tar -czf \"$2\" -C l tool link",
        ),
    ] {
        let ground = Ground::new().await;
        fs::write(ground.home.join("escaped"), "evil").unwrap();
        ground.tool(
            "curl",
            &format!(
                "while [ \"$1\" != -o ]; do shift; done; cd \"$HOME\"; {script}; echo curl >>log"
            ),
        );
        ground.tool(
            "sha256sum",
            &format!("cat >/dev/null; echo {}", "0".repeat(64)),
        );
        let job = job(manifest(
            "tool",
            &binary(&"0".repeat(64), "extract: true\n        member: tool"),
            &[],
        ));
        let failure = step(ground.install(&job).await.unwrap_err());
        assert!(
            failure
                .tail
                .iter()
                .any(|line| line.contains("unsafe archive")),
            "{evil}: {failure:?}"
        );
        assert_eq!(ground.log().len(), 1);
    }
}

#[tokio::test]
async fn what_fails_besides_the_core_leaves_a_partial_extension() {
    let ground = Ground::new().await;
    let blocks = "install:\n  method: script\n  continueOnError: true\n  steps:\n    - {tool: main, script: {path: main.sh}}\n    - {tool: extra, core: false, script: {path: extra.sh}}\n    - {tool: last, script: {path: main.sh}}\nvalidate:\n  commands:\n    - name: cat\n      args: [log]\n";
    let mut job = job(manifest(
        "parts",
        blocks,
        &[
            ("main.sh", "echo main >>\"$HOME/log\""),
            (
                "extra.sh",
                "echo extra >>\"$HOME/log\"; echo no luck; [ -f \"$HOME/mended\" ]",
            ),
        ],
    ));
    let installed = ground.install(&job).await.unwrap();
    let Outcome::Partial { failed } = &installed.outcome else {
        panic!("{installed:?}");
    };
    assert_eq!(
        (failed[0].part.as_str(), failed[0].reason.as_str()),
        ("extra", "exit code 1: no luck")
    );
    assert_eq!(installed.note().as_deref(), Some("2 of 3 tools"));
    assert_eq!(installed.tools[1].result, ToolState::Failed);

    // The next apply tries just what failed.
    fs::write(ground.home.join("mended"), "").unwrap();
    job.purpose = Purpose::Retry(["extra".to_owned()].into());
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert_eq!(ground.log(), ["main", "extra", "main", "extra"]);
}

#[tokio::test]
async fn apt_fetches_its_lists_once_and_installs_what_is_missing() {
    let ground = Ground::new().await;
    ground.tool(
        "dpkg-query",
        "for last; do :; done; [ \"$last\" = present ] && echo 'install ok installed 1.0'",
    );
    ground.tool(
        "apt-get",
        "echo \"$*\" | sed 's/-[qo] *[^ ]*::*[^ ]* *//g; s/-q *//' >>\"$HOME/log\"",
    );
    ground.tool("id", "echo 0");
    let of = |name: &str, packages: &str| {
        job(manifest(
            name,
            &format!(
                "install:\n  method: apt\n  apt: {{packages: [{packages}]}}\nvalidate:\n  commands:\n    - name: cat\n      args: [log]\n"
            ),
            &[],
        ))
    };
    ground.install(&of("one", "present, absent")).await.unwrap();
    let mut two = of("two", "other");
    two.purpose = Purpose::Upgrade;
    ground.install(&two).await.unwrap();
    let mut three = of("three", "present");
    three.purpose = Purpose::Upgrade;
    let found = ground.install(&three).await.unwrap();
    assert_eq!(found.tools[0].result, ToolState::Found);
    let log = ground.log();
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[0].ends_with("update"));
    assert!(
        log[1].ends_with("install -y --no-install-recommends -- absent"),
        "{log:?}"
    );
    assert!(
        log[2].ends_with("install -y --no-install-recommends -- other"),
        "{log:?}"
    );

    ground.remove(&of("one", "present, absent")).await.unwrap();
    assert!(
        ground.log()[3].ends_with("remove -y -- absent"),
        "{:?}",
        ground.log()
    );
}
