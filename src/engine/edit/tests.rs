//! What is staged touches nothing until it is published, and then the right file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{EditRequest, Pinned, Staged, stage};
use crate::address::{Name, NameRule};
use crate::diagnostic::Diagnostics;

const TEXT: &str = "version: \"3.0\"\nname: dev\nextensions:\n  active: [] # none\n";

fn staged(path: &Path) -> Result<Staged, Diagnostics> {
    let name = Name::parse(NameRule::Extension, "workspace-layout").unwrap();
    let pin = Pinned {
        name,
        version: None,
    };
    stage(path, "sindri.yaml", EditRequest::Install(vec![pin]), None)
}

#[test]
fn an_edit_waits_to_be_published_and_keeps_permissions_and_links() {
    let room = tempfile::tempdir().unwrap();
    let (file, link) = (
        room.path().join("real.yaml"),
        room.path().join("sindri.yaml"),
    );
    fs::write(&file, TEXT).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.yaml", &link).unwrap();
    let staged = staged(&link).unwrap();
    assert!(staged.is_edit() && !staged.is_published());
    assert_eq!(fs::read_to_string(&file).unwrap(), TEXT);
    staged.check_writable().unwrap();
    staged.publish().unwrap();
    assert!(staged.is_published());
    let wanted = TEXT.replace("[]", "[workspace-layout]");
    assert_eq!(fs::read_to_string(&file).unwrap(), wanted);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 2);
}

#[test]
fn what_somebody_else_wrote_meanwhile_stays() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("sindri.yaml");
    fs::write(&file, TEXT).unwrap();
    let staged = staged(&file).unwrap();
    let theirs = TEXT.replace("# none", "# soon");
    fs::write(&file, &theirs).unwrap();
    let found = staged.publish().unwrap_err();
    assert_eq!(found[0].code.as_str(), "config::edited-meanwhile");
    assert!(!staged.is_published());
    assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
}

#[test]
fn a_file_that_may_not_be_written_is_refused_before_anybody_is_asked() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("sindri.yaml");
    fs::write(&file, TEXT).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let found = staged(&file).unwrap().check_writable().unwrap_err();
    assert_eq!(found[0].code.as_str(), "config::unwritable");
}

#[test]
fn what_is_asked_for_already_is_no_edit() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("sindri.yaml");
    let text = TEXT.replace("[]", "[workspace-structure]");
    fs::write(&file, &text).unwrap();
    let staged = staged(&file).unwrap();
    // An earlier name stands for today's.
    assert!(!staged.is_edit() && staged.texts().is_none());
    assert_eq!(staged.notes()[0].code.as_str(), "config::nothing-to-edit");
    staged.publish().unwrap();
    assert!(!staged.is_published());
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
