//! Every shape in which people write extensions, edited.

use super::{install, profile, remove, shown, write_out};

const HEAD: &str = "version: \"3.0\"\nname: dev\n";

/// What comes after the head, before and after installing `new`; removing it restores the bytes.
fn there_and_back(before: &str, after: &str) {
    let text = format!("{HEAD}{before}");
    let made = shown(install(&text, &[], &["new"]));
    assert_eq!(made, format!("{HEAD}{after}"));
    assert_eq!(shown(remove(&made, &[], &["new"])), text, "not restored");
}

/// What comes after the head, before and after removing `old`.
fn removed(before: &str, after: &str) {
    let made = shown(remove(&format!("{HEAD}{before}"), &[], &["old"]));
    assert_eq!(made, format!("{HEAD}{after}"));
}

#[test]
fn lists_in_lines_grow_at_their_end() {
    there_and_back(
        "extensions:\n  active:\n    - a  # first\n    - b  # second\n    # - c\n\n# end\n",
        "extensions:\n  active:\n    - a  # first\n    - b  # second\n    - new\n    # - c\n\n# end\n",
    );
    there_and_back(
        "extensions:\n  active:\n  -   \"a\"\nlifecycle: {}\n",
        "extensions:\n  active:\n  -   \"a\"\n  -   \"new\"\nlifecycle: {}\n",
    );
    there_and_back(
        "extensions:\r\n  active:\r\n    - 'a'\r\n",
        "extensions:\r\n  active:\r\n    - 'a'\r\n    - 'new'\r\n",
    );
    there_and_back(
        "extensions:\n  active:\n    - a",
        "extensions:\n  active:\n    - a\n    - new",
    );
    there_and_back(
        "extensions:\n  active:\n    - a\n      # about a\n    # about b\n    - b\n      # about b too\n",
        "extensions:\n  active:\n    - a\n      # about a\n    # about b\n    - b\n      # about b too\n    - new\n",
    );
}

#[test]
fn lists_in_brackets_grow_at_their_end() {
    there_and_back(
        "extensions:\n  active: []\n",
        "extensions:\n  active: [new]\n",
    );
    there_and_back(
        "extensions:\n  active: [ ] # none\n",
        "extensions:\n  active: [ new ] # none\n",
    );
    there_and_back(
        "extensions: {active: [a, b]}\n",
        "extensions: {active: [a, b, new]}\n",
    );
    there_and_back(
        "extensions:\n  active: [ a,b, ] # all\n",
        "extensions:\n  active: [ a,b,new, ] # all\n",
    );
    there_and_back(
        "extensions:\n  active: [\n    a, # one\n    b  # two\n  ]\n",
        "extensions:\n  active: [\n    a, # one\n    b,  # two\n    new\n  ]\n",
    );
    there_and_back(
        "extensions:\n  active: [\n    a,\n    b, # two\n    # more\n  ]\n",
        "extensions:\n  active: [\n    a,\n    b, # two\n    new,\n    # more\n  ]\n",
    );
    there_and_back(
        "extensions:\n  active: [a,\n    b]\n",
        "extensions:\n  active: [a,\n    b, new]\n",
    );
}

#[test]
fn a_file_in_json_stays_json() {
    let before =
        "{\"version\": \"3.0\", \"name\": \"dev\", \"extensions\": {\"active\": [\"a\"]}}\n";
    let made = shown(install(before, &[], &["new"]));
    assert_eq!(made, before.replace("[\"a\"]", "[\"a\", \"new\"]"));
    let bare = "{\n  \"version\": \"3.0\",\n  \"name\": \"dev\"\n}\n";
    assert_eq!(
        shown(install(bare, &[], &["new"])),
        "{\n  \"version\": \"3.0\",\n  \"name\": \"dev\",\n  \"extensions\": {\"active\": [\"new\"]}\n}\n"
    );
    let stacked = "{\n  \"version\": \"3.0\",\n  \"name\": \"dev\",\n  \"extensions\": {\n    \"active\": [\n      \"a\"\n    ]\n  }\n}\n";
    let made = shown(install(stacked, &[], &["new"]));
    assert_eq!(
        made,
        stacked.replace("      \"a\"\n", "      \"a\",\n      \"new\"\n")
    );
    assert_eq!(shown(remove(&made, &[], &["new"])), stacked);
}

#[test]
fn items_go_with_their_line_and_leave_the_others() {
    removed(
        "extensions:\n  active:\n    # why\n    - old # for now\n    - b # stays\n",
        "extensions:\n  active:\n    # why\n    - b # stays\n",
    );
    removed(
        "extensions:\n  active: # mine\n    # why\n    - old\n",
        "extensions:\n  active: [] # mine\n    # why\n",
    );
    removed(
        "extensions:\n  active:\n    - old",
        "extensions:\n  active: []",
    );
    removed(
        "extensions:\n  active:\n    - a\n\n    - old",
        "extensions:\n  active:\n    - a\n",
    );
    removed(
        "extensions: {active: [old]}\n",
        "extensions: {active: []}\n",
    );
    removed(
        "extensions: {active: [old, b]}\n",
        "extensions: {active: [b]}\n",
    );
    removed(
        "extensions: {active: [a, old, b,]}\n",
        "extensions: {active: [a, b,]}\n",
    );
    removed(
        "extensions: {active: [a, old,]}\n",
        "extensions: {active: [a,]}\n",
    );
    removed(
        "extensions:\n  active: [old, # one\n    b] # two\n",
        "extensions:\n  active: [ # one\n    b] # two\n",
    );
    removed(
        "extensions:\n  active: [a, # one\n    old] # two\n",
        "extensions:\n  active: [a # one\n    ] # two\n",
    );
    removed(
        "extensions:\n  active: [\n    a,\n    old, # gone\n    b # stays\n  ]\n",
        "extensions:\n  active: [\n    a,\n    b # stays\n  ]\n",
    );
    removed(
        "extensions:\n  active: [\n    old\n  ]\n",
        "extensions:\n  active: [\n  ]\n",
    );
}

#[test]
fn sections_come_where_there_are_none() {
    let made = shown(install(HEAD, &[], &["new"]));
    assert_eq!(made, format!("{HEAD}extensions:\n  active:\n    - new\n"));
    let apart = "version: \"3.0\"\nname: dev\n\n# where it lives\ndeployment:\n    provider: local\n    # memory: 2GB\n\n# the end\n";
    assert_eq!(
        shown(install(apart, &[], &["new"])),
        "version: \"3.0\"\nname: dev\n\n# where it lives\ndeployment:\n    provider: local\n    # memory: 2GB\n\nextensions:\n    active:\n        - new\n\n# the end\n"
    );
    let made = shown(install(&format!("{HEAD}extensions:\n"), &[], &["new"]));
    assert_eq!(made, format!("{HEAD}extensions:\n  active:\n    - new\n"));
    let hinted = format!("{HEAD}extensions: # none\n  # active: []\nlifecycle: {{}}\n");
    assert_eq!(
        shown(install(&hinted, &[], &["new"])),
        format!(
            "{HEAD}extensions: # none\n  # active: []\n  active:\n    - new\nlifecycle: {{}}\n"
        )
    );
    let made = shown(install(&format!("{HEAD}extensions: ~\n"), &[], &["new"]));
    assert_eq!(made, format!("{HEAD}extensions: {{active: [new]}}\n"));
    let made = shown(install(&format!("{HEAD}extensions: {{}}\n"), &[], &["new"]));
    assert_eq!(made, format!("{HEAD}extensions: {{active: [new]}}\n"));
    let made = shown(install(
        &format!("{HEAD}extensions:\n  autoInstall: false # by hand\n"),
        &[],
        &["new"],
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  autoInstall: false # by hand\n  active:\n    - new\n")
    );
    let made = shown(install(
        &format!("{HEAD}extensions:\n  active:\n"),
        &[],
        &["new"],
    ));
    assert_eq!(made, format!("{HEAD}extensions:\n  active:\n    - new\n"));
}

#[test]
fn beside_a_profile_extensions_are_additional() {
    let made = shown(install(
        &format!("{HEAD}extensions:\n  profile: minimal  # small\n"),
        &[],
        &["new"],
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  profile: minimal  # small\n  additional:\n    - new\n")
    );
    there_and_back(
        "extensions: {profile: minimal, additional: [a]}\n",
        "extensions: {profile: minimal, additional: [a, new]}\n",
    );
}

#[test]
fn a_profile_keeps_what_was_asked_for() {
    let made = shown(profile(
        &format!("{HEAD}extensions:\n  active: # mine\n    - a\n"),
        &[],
        "minimal",
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  profile: minimal\n  additional: # mine\n    - a\n")
    );
    let made = shown(profile(
        &format!("{HEAD}extensions:\n  profile: 'small' # one\n"),
        &[],
        "minimal",
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  profile: 'minimal' # one\n")
    );
    let made = shown(profile(HEAD, &[], "minimal"));
    assert_eq!(made, format!("{HEAD}extensions:\n  profile: minimal\n"));
    let made = shown(profile(
        &format!("{HEAD}extensions:\n  # all of these\n  active: [a]\n"),
        &[],
        "minimal",
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  # all of these\n  additional: [a]\n  profile: minimal\n")
    );
}

#[test]
fn a_profile_is_written_out() {
    let made = shown(write_out(
        &format!("{HEAD}extensions:\n  profile: minimal  # small\n"),
        &[],
        &["a", "b"],
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  # small\n  active:\n    - a\n    - b\n")
    );
    let made = shown(write_out(
        &format!("{HEAD}extensions:\n  profile: minimal\n  additional: [x] # mine\n"),
        &[],
        &["a"],
    ));
    assert_eq!(
        made,
        format!("{HEAD}extensions:\n  active: [x, a] # mine\n")
    );
    let made = shown(write_out(
        &format!("{HEAD}extensions: {{profile: minimal, additional: [x]}}\n"),
        &[],
        &["a"],
    ));
    assert_eq!(made, format!("{HEAD}extensions: {{active: [x, a]}}\n"));
}

const FLEET: &str = "\
version: \"3.0\"
name: team
extensions:
  active: [a, b] # shared
machines:
  plain:
  own:
    provider: local
    extensions:
      active: # its own
        - b
        - c
  many: { count: 2 }
";

#[test]
fn all_machines_of_a_fleet_are_edited_where_their_lists_stand() {
    assert_eq!(
        shown(install(FLEET, &[], &["new"])),
        FLEET
            .replace("[a, b]", "[a, b, new]")
            .replace("- c\n", "- c\n        - new\n")
    );
    assert_eq!(
        shown(remove(FLEET, &[], &["b"])),
        FLEET.replace("[a, b]", "[a]").replace("        - b\n", "")
    );
    // What one has of its own already is only shared with the others.
    assert_eq!(
        shown(install(FLEET, &[], &["c"])),
        FLEET.replace("[a, b]", "[a, b, c]")
    );
}

#[test]
fn one_machine_of_a_fleet_gets_a_list_of_its_own() {
    assert_eq!(
        shown(install(FLEET, &["plain"], &["new"])),
        FLEET.replace(
            "  plain:\n",
            "  plain:\n    extensions:\n      active:\n        - a\n        - b\n        - new\n"
        )
    );
    assert_eq!(
        shown(install(FLEET, &["own"], &["new"])),
        FLEET.replace("- c\n", "- c\n        - new\n")
    );
    assert_eq!(
        shown(install(FLEET, &["many"], &["new"])),
        FLEET.replace(
            "{ count: 2 }",
            "{ count: 2, extensions: {active: [a, b, new]} }"
        )
    );
    assert_eq!(
        shown(remove(FLEET, &["plain"], &["a", "b"])),
        FLEET.replace(
            "  plain:\n",
            "  plain:\n    extensions:\n      active: []\n"
        )
    );
}

#[test]
fn what_shows_through_from_above_is_minded() {
    let fleet = "version: \"3.0\"\nname: team\nextensions:\n  profile: p\n  additional: [x]\nmachines:\n  one: {extensions: {additional: [y]}}\n  two: {extensions: {profile: q}}\n  three:\n  four: {extensions: {active: [z]}}\n  five: {extensions: null}\n";
    let made = shown(install(fleet, &[], &["new"]));
    assert_eq!(
        made,
        fleet
            .replace("[x]", "[x, new]")
            .replace("[y]", "[y, new]")
            .replace("[z]", "[z, new]")
            .replace("{extensions: null}", "{extensions: {active: [new]}}")
    );
}

#[test]
fn entries_that_say_more_than_a_name_stay_as_they_are() {
    there_and_back(
        "extensions:\n  active:\n    - name: cloud-tools # some\n      with: { tools: [aws] } # one\n",
        "extensions:\n  active:\n    - name: cloud-tools # some\n      with: { tools: [aws] } # one\n    - new\n",
    );
    there_and_back(
        "extensions: {active: [{name: a, with: {tools: [x]}}]}\n",
        "extensions: {active: [{name: a, with: {tools: [x]}}, new]}\n",
    );
    removed(
        "extensions:\n  active:\n    - name: old\n      with:\n        tools: [x] # one\n    - b\n",
        "extensions:\n  active:\n    - b\n",
    );
    let fleet = "version: \"3.0\"\nname: team\nextensions:\n  active:\n    - name: a\n      with:\n        tools: [x]\nmachines:\n  plain:\n  other:\n";
    assert_eq!(
        shown(install(fleet, &["plain"], &["new"])),
        fleet.replace(
            "  plain:\n",
            "  plain:\n    extensions:\n      active:\n        - name: a\n          with:\n            tools: [x]\n        - new\n"
        )
    );
}
