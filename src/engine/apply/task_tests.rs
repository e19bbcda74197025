use std::collections::BTreeMap;

use super::*;
use crate::address::{Name, NameRule};
use crate::catalog::{Catalog, Folder, Folders};
use crate::resource::{Attributes, UpgradeStrategy};
use crate::state::{ObjectId, OperationId, PartFailure};

fn manifest() -> Arc<Manifest> {
    let text = "metadata: {name: kit, version: 1.0.0, description: a test, category: testing}
install:
  method: hybrid
  continueOnError: true
  steps:
    - {tool: base, script: {path: x.sh}}
    - {tool: one, core: false, script: {path: x.sh}}
    - {tool: two, core: false, script: {path: x.sh}}
validate: {commands: [{name: sh}]}
";
    let name = Name::parse(NameRule::Extension, "kit").unwrap();
    let files = BTreeMap::from([("x.sh".to_owned(), Arc::from(&b"true"[..]))]);
    let folder = Folder {
        shown: Arc::from("extensions/kit"),
        manifest: Arc::from(text.as_bytes()),
        files: Arc::new(files),
    };
    let shelf = Folders {
        extensions: BTreeMap::from([(name.clone(), folder)]),
        ..Folders::default()
    };
    let catalog = Catalog::new(Arc::new(shelf));
    catalog.manifest(&name).unwrap().unwrap()
}

fn spec(manifest: &Manifest, tools: &[&str]) -> Arc<Spec> {
    Arc::new(Spec::Extension(ExtensionSpec {
        version: manifest.version.clone(),
        content: manifest.content.clone(),
        method: manifest.method.clone(),
        tools: set(tools).into_iter().collect(),
        requires: Vec::new(),
        upgrade: UpgradeStrategy::default(),
    }))
}

fn object(spec: &Arc<Spec>, failed: &[&str]) -> Object {
    let part = |part: &&str| PartFailure {
        part: (*part).to_owned(),
        reason: "no luck".to_owned(),
    };
    Object {
        id: ObjectId::new("dev/kit"),
        provider: crate::resource::ProviderKind::Local,
        operation: OperationId::from_random([1; 8]),
        made_at: None,
        generation: 1,
        spec: Arc::clone(spec),
        schema: Spec::SCHEMA,
        attributes: Attributes::default(),
        dependencies: Vec::new(),
        status: if failed.is_empty() {
            Status::Ready
        } else {
            Status::Partial {
                failed: failed.iter().map(part).collect(),
            }
        },
        incarnation: None,
    }
}

fn set(tools: &[&str]) -> BTreeSet<String> {
    tools.iter().map(|tool| (*tool).to_owned()).collect()
}

fn broken(tools: &[&str]) -> Vec<String> {
    set(tools).into_iter().collect()
}

#[test]
fn only_what_differs_is_done() {
    let kit = manifest();
    let all = spec(&kit, &[]);
    let some = spec(&kit, &["base", "one"]);
    let none = BTreeSet::new();
    let cases = [
        (
            &all,
            &all,
            &["two"][..],
            &[][..],
            Purpose::Retry(set(&["two"])),
            &[][..],
        ),
        (&some, &all, &[], &[], Purpose::Retry(set(&["two"])), &[]),
        (
            &all,
            &some,
            &[],
            &[],
            Purpose::Retry(none.clone()),
            &["two"],
        ),
        // What failed and isn't wanted any more isn't tried again.
        (&all, &some, &["two"], &[], Purpose::Retry(none), &["two"]),
        (&all, &all, &[], &["one"], Purpose::Heal(set(&["one"])), &[]),
        (
            &all,
            &all,
            &["two"],
            &["one"],
            Purpose::Heal(set(&["one", "two"])),
            &[],
        ),
        // What proves no tool of its own is healed by all.
        (
            &all,
            &all,
            &[],
            &["sh"],
            Purpose::Heal(set(&["base", "one", "two"])),
            &[],
        ),
        (
            &some,
            &some,
            &[],
            &["sh"],
            Purpose::Heal(set(&["base", "one"])),
            &[],
        ),
        // Nothing differs, and still a person asks for it: all of it is brought anew.
        (
            &all,
            &all,
            &[],
            &[],
            Purpose::Heal(set(&["base", "one", "two"])),
            &[],
        ),
    ];
    for (was, wanted, failed, wrong, purpose, drop) in cases {
        let stands = object(was, failed);
        assert_eq!(
            task(&kit, wanted, Some(&stands), &broken(wrong)),
            (purpose, set(drop)),
            "{failed:?} {wrong:?}"
        );
    }
}

#[test]
fn another_content_runs_every_step_and_still_drops() {
    let kit = manifest();
    let Spec::Extension(mut old) = (*spec(&kit, &[])).clone() else {
        unreachable!("it is an extension's");
    };
    old.version = "0.9.0".to_owned();
    let stands = object(&Arc::new(Spec::Extension(old)), &["one"]);
    let wanted = spec(&kit, &["base", "one"]);
    assert_eq!(
        task(&kit, &wanted, Some(&stands), &[]),
        (Purpose::Upgrade, set(&["two"]))
    );
    assert_eq!(
        task(&kit, &wanted, None, &[]),
        (Purpose::Install, BTreeSet::new())
    );
}

#[test]
fn an_upgrade_that_may_have_ended_stays_one() {
    let kit = manifest();
    let wanted = spec(&kit, &[]);
    let mut older = ExtensionSpec::clone(wanted.extension().unwrap());
    older.version = "0.9.0".to_owned();
    let tainted = |spec: &Arc<Spec>| Object {
        status: Status::Tainted,
        ..object(spec, &[])
    };
    // Whether it ended, the machine knows.
    let cut_off = tainted(&Arc::new(Spec::Extension(older)));
    let (purpose, drop) = task(&kit, &wanted, Some(&cut_off), &[]);
    assert_eq!((purpose, drop), (Purpose::Upgrade, BTreeSet::new()));
    // What a person taints is brought anew, whether it works or not.
    let (purpose, _) = task(&kit, &wanted, Some(&tainted(&wanted)), &[]);
    assert_eq!(purpose, Purpose::Heal(set(&["base", "one", "two"])));
}
