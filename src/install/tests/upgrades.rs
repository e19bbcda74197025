//! One version after another: what the machine remembers takes the old one away.

use super::ground::{Ground, job, manifest};
use crate::install::Purpose;

/// A manifest of one script that logs, with a removal of its own, in a version.
fn version(version: &str, upgrade: &str) -> std::sync::Arc<crate::catalog::Manifest> {
    let blocks = format!(
        "install:\n  method: script\n  script: {{path: install.sh}}\nvalidate:\n  commands:\n    - {{name: cat, args: [log]}}\n\
         remove:\n  script: {{path: remove.sh}}\n  paths: [~/made-{version}]\n{upgrade}"
    );
    let install = format!("echo install {version} >>\"$HOME/log\"; touch \"$HOME/made-{version}\"");
    let remove = format!("echo remove {version} >>\"$HOME/log\"");
    let upgrade = format!("echo upgrade {version} >>\"$HOME/log\"");
    let files = [
        ("install.sh", install.as_str()),
        ("remove.sh", remove.as_str()),
        ("upgrade.sh", upgrade.as_str()),
    ];
    manifest("tool", &blocks, &files)
}

#[tokio::test]
async fn the_old_version_goes_as_it_wants_before_the_new_one_comes() {
    let ground = Ground::new().await;
    ground.install(&job(version("1", ""))).await.unwrap();
    let mut second = job(version("2", "upgrade: {strategy: reinstall}\n"));
    second.purpose = Purpose::Reinstall;
    ground.install(&second).await.unwrap();
    assert_eq!(ground.log(), ["install 1", "remove 1", "install 2"]);
    assert!(!ground.home.join("made-1").exists());
    assert!(ground.home.join("made-2").exists());
}

#[tokio::test]
async fn an_upgrade_in_place_runs_its_own_script() {
    let ground = Ground::new().await;
    ground.install(&job(version("1", ""))).await.unwrap();
    let upgrade = "upgrade: {strategy: in-place, script: {path: upgrade.sh}}\n";
    let mut second = job(version("2", upgrade));
    second.purpose = Purpose::Upgrade;
    ground.install(&second).await.unwrap();
    assert_eq!(ground.log(), ["install 1", "upgrade 2"]);
}

#[tokio::test]
async fn a_removal_goes_by_the_version_that_is_installed() {
    let ground = Ground::new().await;
    ground.install(&job(version("1", ""))).await.unwrap();
    // The catalog has moved on, and nobody has the first one any more.
    ground.remove(&job(version("2", ""))).await.unwrap();
    assert_eq!(ground.log(), ["install 1", "remove 1"]);
    assert!(!ground.home.join("made-1").exists());
}

#[tokio::test]
async fn a_failing_removal_of_the_old_version_is_told() {
    let ground = Ground::new().await;
    let blocks = "install:\n  method: script\n  script: {path: install.sh}\nvalidate:\n  commands:\n    - {name: cat, args: [log]}\n\
                  remove:\n  script: {path: remove.sh}\n";
    let files = [
        ("install.sh", "echo one >>\"$HOME/log\""),
        ("remove.sh", "echo stuck; exit 7"),
    ];
    ground
        .install(&job(manifest("tool", blocks, &files)))
        .await
        .unwrap();
    let mut second = job(version("2", "upgrade: {strategy: reinstall}\n"));
    second.purpose = Purpose::Reinstall;
    let error = ground.install(&second).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the version before"), "{text}");
    assert!(text.contains('7'), "{text}");
    assert_eq!(ground.log(), ["one"], "the new one wasn't begun");
}

/// Each strategy's way from the first version to the second, begun twice: the first time by a program
/// that was killed before it could record the end.
#[tokio::test]
async fn an_upgrade_that_is_done_is_not_made_twice() {
    let in_place = "upgrade: {strategy: in-place, script: {path: upgrade.sh}}\n";
    let ways = [
        (Purpose::Upgrade, "", "install 2"),
        (Purpose::Upgrade, in_place, "upgrade 2"),
        (Purpose::Reinstall, "", "remove 1,install 2"),
    ];
    for (purpose, upgrade, done) in ways {
        let ground = Ground::new().await;
        ground.install(&job(version("1", ""))).await.unwrap();
        let mut second = job(version("2", upgrade));
        second.purpose = purpose;
        for _ in 0..2 {
            ground.install(&second).await.unwrap();
            assert_eq!(ground.log().join(","), format!("install 1,{done}"));
        }
        // In another root file system nothing of it counts.
        second.incarnation = Some("root-2".to_owned());
        ground.install(&second).await.unwrap();
        assert!(ground.log().len() > 1 + done.split(',').count());
    }
}

#[tokio::test]
async fn an_upgrade_that_never_began_is_made_though_the_old_version_proves_itself() {
    let ground = Ground::new().await;
    let mut upgrade = job(version("2", ""));
    ground.install(&job(version("1", ""))).await.unwrap();
    ground.install(&job(version("1", ""))).await.unwrap();
    upgrade.purpose = Purpose::Upgrade;
    ground.install(&upgrade).await.unwrap();
    assert_eq!(ground.log(), ["install 1", "install 2"]);
    // And back again.
    let mut back = job(version("1", ""));
    back.purpose = Purpose::Upgrade;
    ground.install(&back).await.unwrap();
    assert_eq!(ground.log(), ["install 1", "install 2", "install 1"]);
}

#[tokio::test]
async fn a_tool_of_two_steps_goes_wholly_when_it_is_dropped_and_the_other_stays() {
    let ground = Ground::new().await;
    let step = |tool: &str, file: &str| {
        format!(
            "    - {{tool: {tool}, timeout: 60, script: {{path: put.sh, args: [{file}]}}, remove: [~/{file}]}}\n"
        )
    };
    let blocks = format!(
        "install:\n  method: script\n  steps:\n{}{}{}validate:\n  commands:\n    - {{name: cat, args: [kept]}}\n",
        step("pair", "first"),
        step("pair", "second"),
        step("other", "kept"),
    );
    let files = [("put.sh", "touch \"$HOME/$1\"")];
    let mut all = job(manifest("kit", &blocks, &files));
    ground.install(&all).await.unwrap();
    let there = |ground: &Ground| {
        let files = ["first", "second", "kept"].into_iter();
        let there = files.filter(|file| ground.home.join(file).exists());
        there.collect::<Vec<_>>()
    };
    assert_eq!(there(&ground), ["first", "second", "kept"]);
    all.purpose = Purpose::Retry(std::collections::BTreeSet::new());
    all.tools = vec!["other".to_owned()];
    all.drop = ["pair".to_owned()].into();
    ground.install(&all).await.unwrap();
    assert_eq!(there(&ground), ["kept"]);
    ground.remove(&all).await.unwrap();
    assert_eq!(there(&ground), [""; 0]);
}
