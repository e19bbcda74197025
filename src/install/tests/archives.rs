//! Downloads of all formats, and what they must not do.

use std::fs;
use std::process::Command;

use super::ground::{Ground, job, manifest};
use crate::install::{InstallError, Installed, Job};

/// Makes good and bad archives; `tool` is what each should bring.
const MAKE: &str = r##"
import bz2, gzip, io, lzma, os, subprocess, tarfile, zipfile
os.chdir(os.sys.argv[1])
TOOL = b"#!/bin/sh\necho tool 3.2.1\n"
def tar(name, members, mode="w:gz"):
    with tarfile.open(name, mode) as archive:
        for path, fields, data in members:
            member = tarfile.TarInfo(path)
            for key, value in fields.items():
                setattr(member, key, value)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
good = [("d/tool", {"mode": 0o755}, TOOL), ("d/alias", {"type": tarfile.SYMTYPE, "linkname": "tool"}, b"")]
for end, mode in ("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar.xz", "w:xz"), ("tar.bz2", "w:bz2"), ("tar", "w"):
    tar("good." + end, good, mode)
subprocess.run(["zstd", "-q", "good.tar", "-o", "good.tar.zst"], check=True)
with zipfile.ZipFile("good.zip", "w") as archive:
    archive.writestr("d/tool", TOOL)
open("one.gz", "wb").write(gzip.compress(TOOL))
open("one.xz", "wb").write(lzma.compress(TOOL))
open("one.bz2", "wb").write(bz2.compress(TOOL))
open("plain", "wb").write(TOOL)
def bad(name, *members):
    tar(name + ".tar.gz", good + list(members))
link = {"type": tarfile.SYMTYPE}
bad("absolute", ("/tmp/sindri-evil", {}, b"x"))
bad("climbs", ("d/../../evil", {}, b"x"))
bad("link-out", ("d/out", {**link, "linkname": "/etc"}, b""))
bad("link-up", ("d/up", {**link, "linkname": "../../../../evil"}, b""))
bad("through", ("d/out", {**link, "linkname": "/tmp"}, b""), ("d/out/sindri-evil", {}, b"x"))
bad("hard", ("d/hard", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}, b""))
bad("device", ("d/null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}, b""))
bad("pipe", ("d/pipe", {"type": tarfile.FIFOTYPE}, b""))
bad("bomb", ("d/zeros", {}, bytes(280_000_000)))
data = open("good.tar.gz", "rb").read()
open("cut.tar.gz", "wb").write(data[:-12])
with zipfile.ZipFile("climbs.zip", "w") as archive:
    archive.writestr("d/tool", TOOL)
    archive.writestr("../evil", "x")
with zipfile.ZipFile("link.zip", "w") as archive:
    member = zipfile.ZipInfo("d/tool")
    member.external_attr = 0o120777 << 16
    archive.writestr(member, "/etc/passwd")
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("d/tool", bytes(280_000_000))
"##;

struct Shelf {
    ground: Ground,
    folder: tempfile::TempDir,
}

impl Shelf {
    async fn new() -> Self {
        let ground = Ground::new().await;
        let folder = tempfile::tempdir().unwrap();
        let release = folder
            .path()
            .join("github.com/o/r/releases/download/v3.2.1");
        fs::create_dir_all(&release).unwrap();
        let made = Command::new("/usr/bin/python3")
            .args(["-c", MAKE])
            .arg(&release)
            .status()
            .unwrap();
        assert!(made.success());
        let served = folder.path().display();
        ground.tool(
            "curl",
            &format!(
                "while [ $# -gt 1 ]; do [ \"$1\" = -o ] && into=$2; shift; done\ncp \"{served}/${{1#https://}}\" \"$into\" || exit 22"
            ),
        );
        Self { ground, folder }
    }

    fn asset(&self, name: &str) -> std::path::PathBuf {
        self.folder
            .path()
            .join("github.com/o/r/releases/download/v3.2.1")
            .join(name)
    }

    fn sum(&self, asset: &str) -> String {
        let digest =
            ring::digest::digest(&ring::digest::SHA256, &fs::read(self.asset(asset)).unwrap());
        let digits = |all: String, byte: &u8| format!("{all}{byte:02x}");
        digest.as_ref().iter().fold(String::new(), digits)
    }

    fn job(&self, asset: &str, rest: &str) -> Job {
        let sum = self.sum(asset);
        job(manifest(
            "shelf",
            &format!(
                "install:\n  method: binary\n  binary:\n    downloads:\n      - name: tool\n        source: {{type: github-release, url: 'https://github.com/o/r', version: v3.2.1, asset: {asset}}}\n        {}\nvalidate:\n  commands:\n    - name: tool\n",
                rest.replace("@SUM", &format!("sha256: {sum}"))
            ),
            &[],
        ))
    }

    async fn install(&self, asset: &str, rest: &str) -> Result<Installed, InstallError> {
        let tool = self.ground.home.join(".local/bin/tool");
        if tool.exists() {
            fs::remove_file(tool).unwrap();
        }
        self.ground.install(&self.job(asset, rest)).await
    }

    /// The last line of a failed download; nothing of it may be in place.
    async fn refused(&self, asset: &str, rest: &str) -> String {
        match self.install(asset, rest).await {
            Err(InstallError::Step(failure)) => {
                assert!(!self.ground.home.join(".local/bin/tool").exists());
                failure.tail.last().cloned().unwrap_or_default()
            }
            other => panic!("{asset}: {other:?}"),
        }
    }
}

const MEMBER: &str = "@SUM\n        member: d/tool";

#[tokio::test]
async fn every_format_brings_the_tool() {
    let shelf = Shelf::new().await;
    for end in [
        "tar.gz", "tgz", "tar.xz", "tar.bz2", "tar", "tar.zst", "zip",
    ] {
        let installed = shelf.install(&format!("good.{end}"), MEMBER).await.unwrap();
        assert_eq!(
            installed.tools[0].version.as_deref(),
            Some("3.2.1"),
            "{end}"
        );
    }
    for asset in ["one.gz", "one.xz", "one.bz2"] {
        shelf
            .install(asset, "@SUM\n        extract: true")
            .await
            .unwrap();
    }
    shelf.install("plain", "@SUM").await.unwrap();
    assert!(
        !shelf
            .ground
            .home
            .join(".local/share/sindri/opt/tool")
            .exists()
    );
}

#[tokio::test]
async fn an_archive_that_reaches_out_or_grows_is_refused_whole() {
    let shelf = Shelf::new().await;
    for asset in [
        "absolute", "climbs", "link-out", "link-up", "through", "hard", "device", "pipe", "bomb",
    ] {
        let said = shelf.refused(&format!("{asset}.tar.gz"), MEMBER).await;
        assert!(said.starts_with("unsafe archive: "), "{asset}: {said}");
    }
    for asset in ["climbs.zip", "link.zip", "bomb.zip"] {
        let said = shelf.refused(asset, MEMBER).await;
        assert!(said.starts_with("unsafe archive: "), "{asset}: {said}");
    }
    let said = shelf.refused("cut.tar.gz", MEMBER).await;
    assert_eq!(said, "checksum mismatch: the archive is damaged");
    assert!(!std::path::Path::new("/tmp/sindri-evil").exists());
}

#[tokio::test]
async fn the_publishers_list_of_checksums_is_believed_to_the_letter() {
    let shelf = Shelf::new().await;
    let (own, other) = (shelf.sum("plain"), shelf.sum("one.gz"));
    let rest = "checksums: {asset: SHA256SUMS}";
    for list in [
        format!("{other}  one.gz\n{own}  plain\n"),
        format!("{own} *./dist/plain\r\n"),
        format!("SHA256 (plain) = {own}\n"),
        format!("{}\n", own.to_uppercase()),
    ] {
        fs::write(shelf.asset("SHA256SUMS"), &list).unwrap();
        let installed = shelf.install("plain", rest).await.unwrap();
        let pins = installed.attributes.get("checksums").unwrap();
        assert_eq!(pins["tool"], own, "{list}");
    }
    for (list, expected) in [
        (format!("{other}  plain\n"), "checksum mismatch: expected"),
        (
            format!("{own}  plain2\n"),
            "checksum mismatch: the list has no",
        ),
        (
            format!("{own}  plain\n{other}  plain\n"),
            "checksum mismatch: the list has several",
        ),
        (
            "<html>sorry</html>\n".to_owned(),
            "checksum mismatch: the list has no",
        ),
    ] {
        fs::write(shelf.asset("SHA256SUMS"), &list).unwrap();
        let said = shelf.refused("plain", rest).await;
        assert!(said.starts_with(expected), "{list}: {said}");
    }
}

#[tokio::test]
async fn one_wrong_download_keeps_the_right_one_out_too() {
    let shelf = Shelf::new().await;
    let second = format!(
        "@SUM\n      - name: tool\n        source: {{type: github-release, url: 'https://github.com/o/r', version: v3.2.1, asset: one.gz}}\n        sha256: {}\n        destination: ~/other",
        "0".repeat(64)
    );
    let said = shelf.refused("plain", &second).await;
    assert!(
        said.starts_with("checksum mismatch: expected 000"),
        "{said}"
    );
}
