//! A lock is read as it was written, says what is wrong with it, and keeps old contents usable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::address::{Name, NameRule};
use crate::catalog::manifest::Manifest;
use crate::catalog::shelf::{Folder, Folders, Shelf};
use crate::catalog::{Catalog, read};
use crate::diagnostic::Diagnostics;

fn name(text: &str) -> Name {
    Name::parse(NameRule::Extension, text).unwrap()
}

fn manifest(extension: &str, version: &str, script: &str) -> Manifest {
    let text = format!(
        "metadata:\n  name: {extension}\n  version: {version}\n  description: Made for a test\n  category: devops\n\
         install:\n  method: script\n  script: {{path: install.sh}}\nvalidate:\n  commands:\n    - name: {extension}\n"
    );
    let folder = Folder {
        shown: Arc::from(format!("extensions/{extension}")),
        manifest: Arc::from(text.into_bytes()),
        files: Arc::new(BTreeMap::from([(
            "install.sh".to_owned(),
            Arc::from(script.as_bytes()),
        )])),
    };
    read::manifest(&name(extension), folder).unwrap()
}

fn lock(machines: &[(&str, &[&Manifest])], origin: Origin) -> Lock {
    let mut lock = Lock::default();
    for (machine, manifests) in machines {
        let set: Set = manifests
            .iter()
            .map(|one| (one.name.clone(), one.content.clone()))
            .collect();
        lock.machines.insert(name(machine), Arc::new(set));
        for manifest in *manifests {
            lock.add(manifest, origin, None);
        }
    }
    lock
}

fn codes(findings: &Diagnostics) -> Vec<&str> {
    findings.iter().map(|one| one.code.as_str()).collect()
}

#[test]
fn a_lock_comes_back_as_it_was_written() {
    let (old, new) = (
        manifest("tool", "1.0.0", "#!/bin/sh\ntrue\n"),
        manifest("tool", "2.0.0", "#!/bin/sh\nfalse\n"),
    );
    // One version, two contents.
    let odd = manifest("tool", "2.0.0", "#!/bin/sh\n: # otherwise\n");
    let other = manifest("other", "1.10.0", "x");
    let mut written = lock(
        &[
            ("dev-1", &[&old, &other]),
            ("dev-2", &[&old, &other]),
            ("dev-3", &[&old, &other]),
            ("db", &[&new]),
            ("web", &[&odd, &other]),
        ],
        Origin::Carried,
    );
    written
        .profiles
        .insert(name("minimal"), vec![name("tool"), name("other")]);
    let sum = "a".repeat(64);
    written.learn(
        &name("tool"),
        &old.content,
        [("node".to_owned(), "1.10".to_owned())],
        [(("the tool".to_owned(), "x86_64".to_owned()), sum)],
    );
    let text = written.render();
    let read = Lock::read("sindri.lock", text.as_bytes()).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.render(), text, "the same bytes");
    assert!(text.contains("      - dev-1..3\n"), "{text}");
    // What a checkout does to line ends changes nothing.
    let windows = text.replace('\n', "\r\n");
    let read = Lock::read("sindri.lock", windows.as_bytes()).unwrap();
    assert_eq!(read.render(), text);
    for one in [&old, &new, &odd, &other] {
        let kept = read.manifest(&one.name, &one.content).unwrap().unwrap();
        assert_eq!(kept.files, one.files);
        assert_eq!(kept.version, one.version);
    }
    // A machine that the lock doesn't name gets the latest.
    assert_eq!(read.latest()[&name("other")], other.content);
    assert_ne!(read.latest()[&name("tool")], old.content);
}

#[test]
fn what_stands_beside_the_configuration_is_named_not_kept() {
    let tool = manifest("tool", "1.0.0", "true\n");
    let text = lock(&[("dev", &[&tool])], Origin::Beside).render();
    assert!(!text.contains("---"), "{text}");
    let read = Lock::read("sindri.lock", text.as_bytes()).unwrap();
    assert_eq!(read.folder(&tool.name, &tool.content).unwrap(), None);
}

#[test]
fn a_lock_that_cant_be_used_says_why_and_where() {
    let tool = manifest("tool", "1.0.0", "true\n");
    let sound = lock(&[("dev", &[&tool])], Origin::Carried).render();
    let sum = tool.content.as_str();
    let cases = [
        (sound.replace("format: 1", "format: 2"), "lock::newer"),
        (sound.replace("format: 1", "format: one"), "lock::malformed"),
        (
            format!("<<<<<<< HEAD\n{sound}=======\n{sound}>>>>>>> side\n"),
            "lock::unmerged",
        ),
        (
            sound.replace("format: 1\n", "format: 1\nsurprise: 1\n"),
            "lock::malformed",
        ),
        (
            sound.replace("      - dev\n", "      - dev\n      - dev\n"),
            "lock::duplicate",
        ),
        (
            sound.replace("      - tool 1.0.0\n", "      - tool 1.0.1\n"),
            "lock::malformed",
        ),
        (
            sound.replace("      - dev\n", "      - dev-1..x\n"),
            "lock::malformed",
        ),
        (sound.replace(sum, "sha256:abc"), "lock::malformed"),
        (
            sound.replace("    from: carried", "    from: elsewhere"),
            "lock::malformed",
        ),
        (format!("{sound}---\nfiles: []\n"), "lock::malformed"),
        ("\0".to_owned(), "lock::malformed"),
        (String::new(), "lock::malformed"),
    ];
    for (text, code) in cases {
        let found = Lock::read("sindri.lock", text.as_bytes()).unwrap_err();
        assert_eq!(codes(&found)[0], code, "{text}\n{found:#?}");
        assert!(found[0].help.is_some(), "{found:#?}");
    }
    let unmerged = sound.replace("format: 1", "<<<<<<< HEAD");
    let found = Lock::read("sindri.lock", unmerged.as_bytes()).unwrap_err();
    assert_eq!(found[0].place.as_ref().unwrap().line, 4);
    let surprise = sound.replace("    version:", "    verson:");
    let found = Lock::read("sindri.lock", surprise.as_bytes()).unwrap_err();
    let place = found[0].place.as_ref().unwrap();
    assert!(place.source_line.contains("verson"), "{found:#?}");
}

#[test]
fn a_kept_content_that_was_edited_is_refused() {
    let tool = manifest("tool", "1.0.0", "true\n");
    let text = lock(&[("dev", &[&tool])], Origin::Carried).render();
    let edited = text.replace("      true\n", "      rm -rf ~\n");
    assert_ne!(edited, text);
    let read = Lock::read("sindri.lock", edited.as_bytes()).unwrap();
    let found = read.folder(&tool.name, &tool.content).unwrap_err();
    assert_eq!(codes(&found), ["lock::damaged"]);
}

/// A shelf without anything beside a configuration.
fn pinned(lock: Lock, machine: &str, moving: Moving) -> Pinned {
    let lock = Arc::new(lock);
    let own = lock.machines.get(&name(machine)).map(Arc::clone);
    let others = Arc::new(lock.latest());
    Pinned::new(Arc::new(Folders::default()), lock, own, others, moving)
}

#[test]
fn a_locked_version_outlives_the_catalog_it_came_from() {
    // `ruff` is carried, in another version than this.
    let old = manifest("ruff", "0.0.1", "old\n");
    let locked = lock(&[("dev", &[&old])], Origin::Carried);
    let text = locked.render();
    let read = |machine, moving| {
        let lock = Lock::read("sindri.lock", text.as_bytes()).unwrap();
        let catalog = Catalog::new(Arc::new(pinned(lock, machine, moving)));
        catalog.manifest(&name("ruff")).unwrap().unwrap()
    };
    assert_eq!(read("dev", Moving::Nothing).content, old.content);
    // A machine that joins gets what the others have.
    assert_eq!(read("new", Moving::Nothing).content, old.content);
    let names = BTreeSet::from([name("ruff")]);
    let moving = Moving::Extensions {
        names,
        machine: None,
    };
    assert_ne!(read("dev", moving).content, old.content);
    let others = Moving::Extensions {
        names: BTreeSet::from([name("nodejs")]),
        machine: None,
    };
    assert_eq!(read("dev", others).content, old.content);
}

#[test]
fn a_locked_version_that_nobody_has_is_refused() {
    let old = manifest("ruff", "0.0.1", "old\n");
    let text = lock(&[("dev", &[&old])], Origin::Carried).render();
    let (head, _) = text.split_once("---\n").unwrap();
    let lock = Lock::read("sindri.lock", head.as_bytes()).unwrap();
    let found = pinned(lock, "dev", Moving::Nothing)
        .folder(&name("ruff"))
        .unwrap_err();
    assert_eq!(codes(&found), ["catalog::lock-moved"]);
    let help = found[0].help.as_deref().unwrap();
    assert!(help.contains("sindri extension upgrade ruff"), "{help}");
}

#[test]
fn what_didnt_end_well_stays_locked_as_it_was() {
    let (old, new) = (
        manifest("tool", "1.0.0", "a\n"),
        manifest("tool", "2.0.0", "b\n"),
    );
    let (other, gone) = (
        manifest("other", "1.0.0", "c\n"),
        manifest("gone", "1.0.0", "d\n"),
    );
    let before = lock(
        &[("a", &[&old, &gone]), ("b", &[&old, &gone])],
        Origin::Carried,
    );
    let after = lock(
        &[("a", &[&new, &other]), ("b", &[&new, &other])],
        Origin::Carried,
    );
    // On `a` all went well; on `b` nothing did, and what should go still stands.
    let settled = after.settled(
        Some(&before),
        &|machine, _| machine.as_str() == "a",
        &|machine, _| machine.as_str() == "b",
    );
    let wanted = lock(
        &[("a", &[&new, &other]), ("b", &[&old, &gone])],
        Origin::Carried,
    );
    assert_eq!(settled, wanted);
    assert_eq!(settled.render(), wanted.render());
    let told = Relock::between("sindri.lock", Some(&before), &settled).unwrap();
    assert_eq!(
        told.lines(),
        [
            "- gone 1.0.0 (a)",
            "+ other 1.0.0 (a)",
            "~ tool 1.0.0 -> 2.0.0 (a)"
        ]
    );
    assert_eq!(
        Relock::between("sindri.lock", Some(&settled), &settled),
        None
    );
}

proptest::proptest! {
    #[test]
    fn a_damaged_lock_is_read_or_refused(
        damages in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0_usize..6, "[-:#|a-z0-9 \n\\[\\]{}<>=\"']{0,6}"), 1..4),
    ) {
        let tool = manifest("tool", "1.0.0", "true\n");
        let mut text: Vec<char> = lock(&[("dev", &[&tool])], Origin::Carried).render().chars().collect();
        for (at, cut, insert) in damages {
            let start = at.index(text.len());
            let end = (start + cut).min(text.len());
            text.splice(start..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        match Lock::read("sindri.lock", text.as_bytes()) {
            // What is taken for the content has its digest.
            Ok(read) => {
                let kept = read.folder(&tool.name, &tool.content);
                if let Ok(Some(folder)) = kept {
                    proptest::prop_assert_eq!(read::content(&folder), tool.content);
                }
            }
            Err(found) => proptest::prop_assert!(!found.is_empty()),
        }
    }
}
