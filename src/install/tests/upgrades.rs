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
