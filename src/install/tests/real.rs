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
