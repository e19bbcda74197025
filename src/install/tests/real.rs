//! Tools that really come from the registries.

use std::sync::Arc;

use super::ground::{Ground, job, manifest};
use crate::address::{Name, NameRule};
use crate::catalog::{Catalog, Folders};
use crate::install::{Outcome, Purpose};
use crate::sys::Environment;

async fn ground() -> Ground {
    let directory = tempfile::tempdir().unwrap();
    let bin = directory.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let own = Environment::of_process();
    let environment = own
        .iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    Ground::with(directory, bin, environment).await
}

#[tokio::test]
async fn a_python_tool_comes_into_an_environment_of_its_own() {
    let ground = ground().await;
    let mut job = job(manifest(
        "lint",
        "install:\n  method: pip\n  pip: {packages: [yamllint==1.37.1]}\nvalidate:\n  commands:\n    - name: yamllint\n      expectedPattern: '^yamllint 1[.]37[.]1$'\n",
        &[],
    ));
    job.purpose = Purpose::Upgrade;
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert!(ground.home.join(".local/bin/yamllint").exists());
    assert!(!ground.home.join(".local/bin/pip").exists());
    ground.remove(&job).await.unwrap();
    assert!(
        ground
            .home
            .join(".local/bin/yamllint")
            .symlink_metadata()
            .is_err()
    );
    assert!(!ground.home.join(".local/share/sindri/venv/lint").exists());
}

#[tokio::test]
async fn an_npm_tool_comes_into_the_machines_prefix() {
    let ground = ground().await;
    let mut job = job(manifest(
        "ver",
        "install:\n  method: npm\n  npm: {package: semver@7.6.3}\nvalidate:\n  commands:\n    - name: semver\n      args: [1.2.3]\n",
        &[],
    ));
    job.purpose = Purpose::Upgrade;
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert!(ground.home.join(".local/bin/semver").exists());
    ground.remove(&job).await.unwrap();
    assert!(
        ground
            .home
            .join(".local/bin/semver")
            .symlink_metadata()
            .is_err()
    );
}

#[tokio::test]
async fn binaries_of_the_catalog_are_verified_and_run() {
    let ground = ground().await;
    let catalog = Catalog::new(Arc::new(Folders::default()));
    for name in ["esbuild", "ruff"] {
        let name = Name::parse(NameRule::Extension, name).unwrap();
        let mut job = job(catalog.manifest(&name).unwrap().unwrap());
        job.purpose = Purpose::Upgrade;
        let installed = ground.install(&job).await.unwrap();
        assert_eq!(installed.outcome, Outcome::Ready, "{name}");
        assert!(installed.tools[0].version.is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_tool_of_mise_comes_into_the_machines_own_folder() {
    let ground = ground().await;
    let mise = job(manifest(
        "mise-config",
        "install:\n  method: binary\n  binary:\n    downloads:\n      - name: mise\n        arch: x86_64\n        source: {type: npm, package: '@jdxcode/mise-linux-x64', version: 2026.9.15}\n        sha256: b51f2463bc4fcdc3b0959b1454792f64be3612e73d856cbca4a062e39e070e74\n        extract: true\n        member: package/bin/mise\nvalidate:\n  commands:\n    - name: mise\n",
        &[],
    ));
    ground.install(&mise).await.unwrap();
    let tools = |name: &str| {
        job(manifest(
            name,
            "install:\n  method: mise\n  continueOnError: true\n  mise: {tools: ['npm:semver@7.6.3', 'npm:sindri-has-no-such-package@1.0.0']}\nvalidate:\n  commands:\n    - {name: semver, args: [1.2.3]}\n  mise: {tools: ['npm:semver@7.6.3']}\n",
            &[],
        ))
    };
    let mut first = tools("versions");
    first.purpose = Purpose::Upgrade;
    let installed = ground.install(&first).await.unwrap();
    let Outcome::Partial { failed } = &installed.outcome else {
        panic!("{installed:?}");
    };
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].part, "sindri-has-no-such-package");
    let config = ground.home.join(".config/mise/conf.d/versions.toml");
    assert_eq!(
        std::fs::read_to_string(&config).unwrap(),
        "[tools]\n\"npm:semver\" = \"7.6.3\"\n"
    );
    assert!(ground.home.join(".local/share/mise/shims/semver").exists());

    // Two want it: it goes with the second one.
    let mut second = tools("others");
    second.purpose = Purpose::Upgrade;
    ground.install(&second).await.unwrap();
    ground.remove(&first).await.unwrap();
    assert!(!config.exists());
    let tool = ground.home.join(".local/share/mise/installs/npm-semver");
    assert!(tool.exists());
    ground.remove(&second).await.unwrap();
    assert!(!tool.join("7.6.3").exists());
}
