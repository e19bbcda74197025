//! Files that are read but not edited, and what the person is told to write.

use super::{install, profile, remove, told};
use crate::diagnostic::Diagnostics;

const HEAD: &str = "version: \"3.0\"\nname: dev\n";

fn refused(made: Result<String, Diagnostics>) -> String {
    told(&made.expect_err("it was edited"))
}

#[test]
fn a_list_that_stands_elsewhere_is_left_alone() {
    let fleet = "version: \"3.0\"\nname: team\nmachines:\n  one:\n    extensions:\n      active: &tools [a, b]\n  two:\n    extensions:\n      active: *tools\n";
    assert_eq!(
        refused(install(fleet, &["two"], &["new"])),
        "9 config::not-editable: `sindri.yaml` can't be edited here without guessing (this is an \
         alias: what it stands for is written elsewhere in the file) / write out there what it stands \
         for, and run the command again"
    );
    assert_eq!(
        refused(install(fleet, &["one"], &["new"])),
        "6 config::not-editable: `sindri.yaml` can't be edited here without guessing (other places \
         of the file refer to this by its anchor) / write out what the others mean by it, and run the \
         command again; by hand it is, under `machines.one`, `extensions: {active: [a, b, new]}`"
    );
    // An anchor that nothing refers to is no obstacle.
    let alone = fleet.replace("*tools", "[c]");
    assert!(install(&alone, &["one"], &["new"]).is_ok());
}

#[test]
fn what_is_merged_in_is_left_alone() {
    let fleet = "version: \"3.0\"\nname: team\nmachines:\n  one: &one\n    extensions: {active: [a]}\n  two:\n    <<: *one\n    provider: local\n";
    let told = refused(install(fleet, &["two"], &["new"]));
    assert!(told.starts_with("7 config::not-editable"), "{told}");
    assert!(told.contains("with `<<`"), "{told}");
    let told = refused(install(fleet, &["one"], &["new"]));
    assert!(told.contains("by its anchor"), "{told}");
    let section = "version: \"3.0\"\nname: dev\nsecrets: []\nextensions:\n  <<: {active: [a]}\n  autoInstall: true\n";
    let told = refused(install(section, &[], &["new"]));
    assert!(told.starts_with("5 config::not-editable"), "{told}");
}

#[test]
fn odd_spellings_are_left_alone() {
    for odd in [
        "extensions:\n  active:\n    - !!str a\n    - &x b\n",
        "extensions:\n  active:\n    -\n      a\n",
        "extensions:\n  ? active\n  : - a\n",
    ] {
        let text = format!("{HEAD}{odd}");
        let made = remove(&text, &[], &["a"]);
        match made {
            Err(found) => assert!(told(&found).contains("config::not-editable"), "{odd}"),
            Ok(text) => panic!("edited to\n{text}"),
        }
    }
    let tagged = format!("{HEAD}extensions:\n  profile: !!str p\n");
    assert!(refused(profile(&tagged, &[], "q")).contains("not-editable"));
}

#[test]
fn a_file_with_errors_is_left_alone() {
    let text = format!("{HEAD}extensions:\n  active: [a, a]\n");
    let told = refused(install(&text, &[], &["new"]));
    assert!(told.contains("config::duplicate-name"), "{told}");
}

#[test]
fn a_machine_that_is_not_there_is_told_with_those_that_are() {
    let told = refused(install(HEAD, &["prod"], &["new"]));
    assert_eq!(
        told,
        "0 config::unknown-machine: there is no machine `prod` in `sindri.yaml` () / there is `dev` \
         alone"
    );
    let fleet = "version: \"3.0\"\nname: team\nmachines:\n  web: {count: 2}\n  db:\n";
    let told = refused(install(fleet, &["web-2"], &["new"]));
    assert_eq!(
        told,
        "0 config::unknown-machine: there is no machine `web-2` in `sindri.yaml` (`web-2` is one of \
         those that `web` makes) / name `web`: what one of them asks for, all of them do"
    );
    let told = refused(install(fleet, &["wbe"], &["new"]));
    assert!(told.ends_with("did you mean `web`?"), "{told}");
}
