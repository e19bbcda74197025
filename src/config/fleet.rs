//! Fleets: entries laid over the rest of the file, counted ones expanded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::code;
use super::machine::{Assembled, Assembly};
use super::reading::Reading;
use super::tree::{Entry, Merger, Node, Span, Value};
use super::typed::{Deployment, EntryFields, SharedFields, check, shorten, wrong};
use super::{Machine, ProviderSettings, ports};
use crate::address::{NAME_MAX, Name, NameRule};
use crate::diagnostic::did_you_mean;
use crate::resource::Protocol;

/// The most machines one file makes.
const MACHINES_MAX: usize = 10_000;

/// The most edges between machines.
const EDGES_MAX: usize = 1_000_000;

/// One entry of `machines`.
struct Member {
    name: Name,
    span: Span,
    assembled: Assembled,
    /// The machines it makes.
    machines: Vec<Name>,
}

/// Expands the entries of `machines` over the rest of the file.
pub(super) fn expand(
    entries: &Node,
    base: &Arc<Node>,
    project: Option<&Name>,
    assembly: &mut Assembly,
    reading: &mut Reading<'_>,
) -> Option<Vec<Machine>> {
    let Value::Map(entries) = &entries.value else {
        let help = "write one machine a line: its name, a colon, and what differs below it";
        wrong(entries, "a mapping of machine names", help, reading);
        return None;
    };
    let mut members = Vec::with_capacity(entries.len());
    let mut laying = Laying {
        base,
        merger: Merger::default(),
        machines: 0,
    };
    for entry in entries {
        if let Some(member) = member(entry, &mut laying, assembly, reading) {
            members.push(member);
        }
    }
    check_names(&members, project, reading);
    check_ports(&members, reading);
    let edges = resolve(&members, reading);
    check_cycles(&members, &edges, reading);
    let project = project?;
    let mut machines = Vec::with_capacity(laying.machines.min(MACHINES_MAX));
    for (member, edges) in members.iter().zip(&edges) {
        let depends_on: Arc<[Name]> = edges.iter().map(|(_, name)| name.clone()).collect();
        machines.extend(member.machines.iter().map(|name| Machine {
            name: name.clone(),
            real_name: format!("{project}-{name}"),
            depends_on: Arc::clone(&depends_on),
            ..member.assembled.machine.clone()
        }));
    }
    Some(machines)
}

/// The rest of the file, and how much was made of it.
struct Laying<'a> {
    base: &'a Arc<Node>,
    merger: Merger,
    machines: usize,
}

fn member(
    entry: &Entry,
    laying: &mut Laying<'_>,
    assembly: &mut Assembly,
    reading: &mut Reading<'_>,
) -> Option<Member> {
    let title = format!("machines.{}", shorten(&entry.key));
    let fields = [
        EntryFields::FIELDS,
        Deployment::FIELDS,
        SharedFields::FIELDS,
    ];
    let name = super::typed::parse_name(NameRule::Label, &entry.key, entry.span, reading);
    if !check(&entry.value, &title, &fields, reading) {
        return None;
    }
    let flat = if entry.value.is_null() {
        Arc::clone(laying.base)
    } else {
        lay_over(laying.base, &entry.value, &mut laying.merger)
    };
    if laying.merger.is_exhausted() {
        let summary = "the entries of `machines` repeat too much of the file";
        let help = "split it into several projects";
        reading.error(entry.span, code::TOO_LARGE, summary, help);
        return None;
    }
    let name = name?;
    let assembled = assembly.machine(&flat, &name, entry.span, reading)?;
    laying.machines = laying
        .machines
        .saturating_add(assembled.count.unwrap_or(1) as usize);
    if laying.machines > MACHINES_MAX {
        let summary = format!("the file makes more than {MACHINES_MAX} machines");
        reading.error(
            entry.span,
            code::TOO_LARGE,
            summary,
            "split it into several projects",
        );
        return None;
    }
    let machines = match assembled.count {
        None => vec![name.clone()],
        Some(count) => (1..=count)
            .map_while(|number| {
                let text = format!("{name}-{number}");
                super::typed::parse_name(NameRule::Label, &text, entry.span, reading)
            })
            .collect(),
    };
    Some(Member {
        name,
        span: entry.span,
        assembled,
        machines,
    })
}

/// Lays an entry over the rest of the file; a choice made there replaces its alternatives.
fn lay_over(base: &Arc<Node>, entry: &Arc<Node>, merger: &mut Merger) -> Arc<Node> {
    const IMAGE: [&str; 5] = [
        "image",
        "image_config",
        "imageConfig",
        "buildFromSource",
        "build_from_source",
    ];
    let written = |node: &Node, key: &str| node.get(key).is_some_and(|value| !value.is_null());
    let mut base = Arc::clone(base);
    if let Some(chosen) = IMAGE.into_iter().find(|key| written(entry, key)) {
        base = without(&base, |key| key != chosen && IMAGE.contains(&key));
    }
    let chooses = |section: &str, key| {
        let section = entry.get(section);
        section.is_some_and(|node| written(node, key))
    };
    let loses: &[&str] = match (
        chooses("extensions", "active"),
        chooses("extensions", "profile"),
    ) {
        (true, false) => &["profile", "additional"],
        (false, true) => &["active"],
        (true, true) | (false, false) => &[],
    };
    base = without_below(&base, "extensions", loses);
    if chooses("resources", "size") {
        base = without_below(&base, "resources", &["cpus", "memory"]);
    }
    merger.merge(&base, entry)
}

/// A node whose section lost some of its keys.
fn without_below(node: &Arc<Node>, section: &str, keys: &[&str]) -> Arc<Node> {
    let Some(below) = node.get(section).filter(|_| !keys.is_empty()) else {
        return Arc::clone(node);
    };
    let kept = without(below, |key| keys.contains(&key));
    let entries = node.entries().iter().map(|other| {
        let mut other = other.clone();
        if &*other.key == section {
            other.value = Arc::clone(&kept);
        }
        other
    });
    Node::map(entries.collect(), node.span)
}

fn without(node: &Arc<Node>, drop: impl Fn(&str) -> bool) -> Arc<Node> {
    if node.entries().iter().all(|entry| !drop(&entry.key)) {
        return Arc::clone(node);
    }
    let kept = node.entries().iter().filter(|entry| !drop(&entry.key));
    Node::map(kept.cloned().collect(), node.span)
}

/// Checks that no two machines have one name, and that real names fit everywhere.
fn check_names(members: &[Member], project: Option<&Name>, reading: &mut Reading<'_>) {
    let mut seen = HashSet::new();
    for member in members {
        for name in &member.machines {
            if !seen.insert(name.as_str()) {
                let summary = format!("two machines are named `{name}`");
                let help = "a counted entry makes `name-1`, `name-2`…; rename one of them";
                reading.error(member.span, code::DUPLICATE_NAME, summary, help);
            }
            let Some(project) = project else { continue };
            let length = project.as_str().len() + 1 + name.as_str().len();
            if length > NAME_MAX {
                let summary = format!("the real name `{project}-{name}` is too long");
                let help = format!("it becomes a host name: {NAME_MAX} characters at most");
                reading.error(member.span, code::INVALID_VALUE, summary, help);
                break;
            }
        }
    }
}

/// Checks that no two containers want one port of the host.
fn check_ports(members: &[Member], reading: &mut Reading<'_>) {
    // Who has a port, by the address it listens on; none means all of them.
    type Taken<'a> = HashMap<Option<&'a str>, &'a Member>;
    let mut taken: HashMap<(u16, Protocol), Taken<'_>> = HashMap::new();
    let help = "give each machine its own host port under its entry in `machines`";
    for member in members {
        let ProviderSettings::Docker(docker) = &*member.assembled.machine.settings else {
            continue;
        };
        for port in ports::published(docker) {
            let host = port.host;
            if let many @ 2.. = member.machines.len() {
                let name = &member.name;
                let summary =
                    format!("{many} machines of `{name}` all publish the host's port {host}");
                reading.error(member.span, code::PORT_CLASH, summary, help);
            }
            let others = taken.entry((host, port.protocol)).or_default();
            let address = port.address.as_deref();
            let same = match address {
                Some(_) => others.get(&address).or_else(|| others.get(&None)),
                None => others.values().next(),
            };
            if let Some(other) = same.filter(|other| other.name != member.name) {
                let summary = format!(
                    "`{}` and `{}` both publish the host's port {host}",
                    other.name, member.name
                );
                reading.error(member.span, code::PORT_CLASH, summary, help);
            }
            others.entry(address).or_insert(member);
        }
    }
}

/// What each member depends on: the index of the member meant, and the machine.
type Edges = Vec<(usize, Name)>;

fn resolve(members: &[Member], reading: &mut Reading<'_>) -> Vec<Edges> {
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (index, member) in members.iter().enumerate() {
        for machine in &member.machines {
            owners.insert(machine.as_str(), index);
        }
    }
    let entries: HashMap<&str, usize> = members
        .iter()
        .enumerate()
        .map(|(index, member)| (member.name.as_str(), index))
        .collect();
    let mut all = Vec::with_capacity(members.len());
    let mut total = 0_usize;
    for member in members {
        let mut edges: Edges = Vec::new();
        let mut seen = HashSet::new();
        for wanted in &member.assembled.depends_on {
            let name = &wanted.value.0;
            if !seen.insert(name) {
                let summary = format!("`{name}` is listed twice");
                reading.error(
                    wanted.span,
                    code::DUPLICATE_NAME,
                    summary,
                    "keep one of them",
                );
            } else if let Some(&index) = entries.get(name.as_str()) {
                let machines = members[index].machines.iter();
                edges.extend(machines.map(|machine| (index, machine.clone())));
            } else if let Some(&index) = owners.get(name.as_str()) {
                edges.push((index, name.clone()));
            } else if !reading.skips() {
                let summary = format!("there is no machine `{name}`");
                let known = entries.keys().chain(owners.keys()).copied();
                let help = match did_you_mean(name.as_str(), known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name an entry of `machines`".to_owned(),
                };
                reading.error(wanted.span, code::UNKNOWN_MACHINE, summary, help);
            }
        }
        total += edges.len() * member.machines.len();
        if total > EDGES_MAX {
            let summary = format!("machines depend on each other in more than {EDGES_MAX} ways");
            let help = "depend on one machine that stands for the others";
            reading.error(member.span, code::TOO_LARGE, summary, help);
            edges.clear();
        }
        all.push(edges);
    }
    all
}

/// Checks that no member waits for itself, however far around.
fn check_cycles(members: &[Member], edges: &[Edges], reading: &mut Reading<'_>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; members.len()];
    for start in 0..members.len() {
        // The way from `start` to where the search stands: a member and how many of its edges
        // were followed.
        let mut way: Vec<(usize, usize)> = Vec::new();
        if marks[start] == Mark::New {
            marks[start] = Mark::Open;
            way.push((start, 0));
        }
        while let Some((at, followed)) = way.last_mut() {
            let Some((next, _)) = edges[*at].get(*followed) else {
                marks[*at] = Mark::Done;
                way.pop();
                continue;
            };
            *followed += 1;
            match marks[*next] {
                Mark::New => {
                    marks[*next] = Mark::Open;
                    way.push((*next, 0));
                }
                Mark::Open => {
                    let around = way.iter().skip_while(|(index, _)| index != next);
                    let mut chain: Vec<&str> = around
                        .map(|(index, _)| members[*index].name.as_str())
                        .collect();
                    chain.push(members[*next].name.as_str());
                    let summary = format!("machines depend on each other: {}", chain.join(" → "));
                    let help = "take one `dependsOn` of the circle away";
                    reading.error(members[*next].span, code::DEPENDENCY_CYCLE, summary, help);
                }
                Mark::Done => {}
            }
        }
    }
}
