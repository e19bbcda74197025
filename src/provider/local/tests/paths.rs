use std::path::Path;
use std::sync::Arc;

use super::ground::*;
use crate::provider::{Class, File, Provider};
use crate::resource::Spec;

fn file(path: &str) -> File {
    File {
        path: path.to_owned(),
        content: Arc::from(&b"x"[..]),
        mode: 0o600,
    }
}

#[tokio::test]
async fn files_land_below_the_machine_and_in_its_volumes() {
    let ground = Ground::new();
    let (_, machine) = ground.mounted(&["/workspace"]).await;
    let root = Path::new(machine.id.as_str());
    let below = format!("{}/home/below", machine.id);
    for path in ["~/a/b", "/etc/tool.conf", "/workspace/file", below.as_str()] {
        ground.local.put(&machine, &[file(path)]).await.unwrap();
        assert_eq!(ground.local.get(&machine, path).await.unwrap(), b"x");
    }
    assert!(root.join("home/a/b").is_file() && root.join("etc/tool.conf").is_file());
    assert!(ground.volumes().join("dev.v0/file").is_file());
}

#[tokio::test]
async fn nothing_escapes_by_dots_or_links() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let outside = ground.root.join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("file"), "theirs").unwrap();
    let home = Path::new(machine.id.as_str()).join("home");
    std::os::unix::fs::symlink(&outside, home.join("link")).unwrap();
    std::os::unix::fs::symlink(outside.join("file"), home.join("leaf")).unwrap();
    for path in [
        "~/../../x",
        "/../x",
        "~/link/new",
        "~/link/file",
        "relative",
        "/machine.json",
    ] {
        let error = ground.local.put(&machine, &[file(path)]).await.unwrap_err();
        assert_eq!(error.class, Class::Invalid, "{path}");
    }
    for path in ["~/link/file", "~/leaf"] {
        assert!(ground.local.get(&machine, path).await.is_err(), "{path}");
    }
    // A link in the file's own place is replaced, not followed.
    ground.local.put(&machine, &[file("~/leaf")]).await.unwrap();
    assert_eq!(std::fs::read(outside.join("file")).unwrap(), b"theirs");
}

#[tokio::test]
async fn names_and_mounts_that_cannot_be_are_found_before_and_refused() {
    let ground = Ground::new();
    let mut bad = machine_request("dev", 1);
    bad.spec = Arc::new(Spec::Machine(Box::new(machine("../../etc"))));
    assert_eq!(ground.codes(&bad).await, ["local::bad-name"]);
    assert!(ground.create(&bad).await.is_err());
    for path in ["/", "/run/x", "/../x", "relative", "/machine.json", "/tmp"] {
        let mut spec = machine("dev");
        spec.mounts.push(crate::resource::Mount {
            volume: volume_name("v"),
            path: path.to_owned(),
        });
        bad.spec = Arc::new(Spec::Machine(Box::new(spec)));
        assert_eq!(ground.codes(&bad).await, ["local::bad-path"], "{path}");
        assert!(ground.create(&bad).await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn a_whole_home_may_be_a_volume() {
    let ground = Ground::new();
    let (_, machine) = ground.mounted(&["~"]).await;
    ground.shell(&machine, "echo x > file").await;
    assert!(ground.volumes().join("dev.v0/file").is_file());
}
