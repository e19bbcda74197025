//! The way from text to meaning.

use std::sync::Arc;

use super::code;
use super::fleet;
use super::machine::Assembly;
use super::parse;
use super::reading::Reading;
use super::standby;
use super::transition::transitions;
use super::tree::{Entry, Node, Span};
use super::typed::{
    Deployment, Providers, SharedFields, StateFields, Top, Typed, check, check_top, shorten,
};
use super::{Config, Machine, StateStore, Version};
use crate::address::{Name, NameRule};
use crate::diagnostic::{Diagnostics, Source};
use crate::resource::ProviderKind;

/// What the command line says over the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// The provider of every machine (`deploy --provider`).
    pub provider: Option<ProviderKind>,
}

/// Reads a file's bytes: as [`read`], after refusing what is too large or isn't UTF-8.
pub fn read_bytes(name: &str, bytes: &[u8], overrides: Overrides) -> (Option<Config>, Diagnostics) {
    match parse::source(name, bytes) {
        Ok(source) => read(&source, overrides),
        Err(finding) => (None, vec![*finding]),
    }
}

/// Reads a file; reports everything that is wrong with it, and gives its meaning if nothing is.
pub fn read(source: &Source, overrides: Overrides) -> (Option<Config>, Diagnostics) {
    let (tree, repeated) = match parse::parse(source) {
        Ok(parsed) => parsed,
        Err(finding) => return (None, vec![*finding]),
    };
    let mut reading = Reading::new(source);
    for (key, span) in repeated {
        let summary = format!("`{}` is written twice", shorten(&key));
        reading.error(span, code::DUPLICATE_KEY, summary, "keep one of them");
    }
    let config = file(&tree, overrides, &mut reading).filter(|_| !reading.has_errors());
    (config, reading.finish())
}

/// Reads only where a file says that the state lives, and what is wrong with that.
pub fn read_state(name: &str, bytes: &[u8]) -> Result<Option<StateStore>, Diagnostics> {
    let source = parse::source(name, bytes).map_err(|finding| vec![*finding])?;
    // Most files don't say, and a fleet takes a while to parse.
    if !source.text.contains("state") {
        return Ok(None);
    }
    let (tree, _) = parse::parse(&source).map_err(|finding| vec![*finding])?;
    let mut reading = Reading::new(&source);
    let found = tree.get("state").filter(|node| !node.is_null());
    let state = found
        .and_then(|node| StateFields::decode(node, &mut reading).map(|fields| (fields, node.span)))
        .and_then(|(fields, span)| fields.settle(span, &mut reading));
    if reading.has_errors() {
        return Err(reading.finish());
    }
    Ok(state)
}

/// Reads only which key file a file names for its state, as far as that can be read.
///
/// For commands that need the state and not the rest of the file.
pub fn read_key_file(name: &str, bytes: &[u8]) -> Option<String> {
    let source = parse::source(name, bytes).ok()?;
    // Most files don't say, and a fleet takes a while to parse.
    if !source.text.contains("keyFile") {
        return None;
    }
    let (tree, _) = parse::parse(&source).ok()?;
    let mut reading = Reading::new(&source);
    let state = StateFields::decode(tree.get("state")?, &mut reading)?;
    state.encryption?.key_file
}

fn file(tree: &Arc<Node>, overrides: Overrides, reading: &mut Reading<'_>) -> Option<Config> {
    let below = [("deployment", Deployment::FIELDS)];
    if !check_top(tree, &[Top::FIELDS, SharedFields::FIELDS], &below, reading) {
        return None;
    }
    let top = Top::fields(tree, reading);
    let version = top
        .version
        .and_then(|text| version(&text.value.0, text.span, reading));
    let deployment = top.deployment.map(|section| section.node);
    let base = base(tree, deployment.as_deref(), reading);
    let name = top.name.map(|name| name.value.0);
    let key_file = top
        .state
        .as_ref()
        .and_then(|state| state.value.encryption.as_ref()?.key_file.clone());
    let state = top.state.and_then(|at| at.value.settle(at.span, reading));
    let mut assembly = Assembly::new(
        Span {
            length: 1,
            ..base.span
        },
        overrides,
    );
    let mut written = Arc::clone(&base);
    let machines = match top.machines.map(|section| section.node) {
        Some(entries) => {
            written = Arc::clone(&entries);
            // What is wrong at the top level is wrong however many machines there are.
            Deployment::fields(&base, reading);
            SharedFields::fields(&base, reading);
            fleet::expand(&entries, &base, name.as_ref(), &mut assembly, reading)
        }
        None => single(tree, &base, name.as_ref(), &mut assembly, reading),
    };
    let machines = machines.map(|machines| standby::add(machines, &written, reading));
    let providers: Option<Arc<Providers>> = tree
        .get("providers")
        .filter(|node| !node.is_null())
        .and_then(|node| Arc::<Providers>::decode(node, reading));
    let transitions = transitions(top.moved, top.removed, top.import, reading);
    let named = tree.entries().iter().find(|entry| &*entry.key == "name");
    let name_place = named.map(|entry| reading.place(entry.value.span));
    Some(Config {
        name: name?,
        name_place,
        version: version?,
        machines: machines?,
        local_cluster: providers
            .and_then(|providers| providers.k8s.as_ref().map(|cluster| cluster.0.clone())),
        state,
        key_file,
        transitions,
        source: reading.source.clone(),
    })
}

/// The one machine of a file without a fleet.
fn single(
    tree: &Node,
    base: &Arc<Node>,
    name: Option<&Name>,
    assembly: &mut Assembly,
    reading: &mut Reading<'_>,
) -> Option<Vec<Machine>> {
    let at = tree.entries().iter().find(|entry| &*entry.key == "name");
    let span = at.map_or(tree.span, |entry| entry.value.span);
    // A missing name has been reported; its machine is still read for mistakes of its own.
    let name = name
        .cloned()
        .or_else(|| Name::parse(NameRule::Label, "unnamed").ok())?;
    let assembled = assembly.machine(base, &name, span, reading)?;
    Some(vec![assembled.machine])
}

/// The top level as one machine would write it under `machines`.
fn base(tree: &Node, deployment: Option<&Node>, reading: &mut Reading<'_>) -> Arc<Node> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut span = tree.span;
    if let Some(deployment) = deployment {
        check(
            deployment,
            Deployment::TITLE,
            &[Deployment::FIELDS],
            reading,
        );
        entries.extend(deployment.entries().iter().cloned());
        span = deployment.span;
    }
    let shared = |entry: &&Entry| {
        SharedFields::FIELDS
            .iter()
            .any(|field| field.key == &*entry.key)
    };
    entries.extend(tree.entries().iter().filter(shared).cloned());
    Node::map(entries, span)
}

/// The newest major version of the format.
///
/// 1 and 3 are what earlier releases wrote, 2 was never told apart from them, 4 is this release's
/// own number; all four are the same format, of which later ones have more fields.
const MAJOR_MAX: u32 = 4;

fn version(text: &str, span: Span, reading: &mut Reading<'_>) -> Option<Version> {
    let parts = text.split_once('.');
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let numbers = parts.and_then(|(major, minor)| number(major).zip(number(minor)));
    let Some((major, minor)) = numbers else {
        let summary = format!("`{}` is not a version of the format", shorten(text));
        let help = "write `version: \"3.0\"`";
        reading.error(span, code::INVALID_VALUE, summary, help);
        return None;
    };
    if !(1..=MAJOR_MAX).contains(&major) {
        let summary = format!("version {major}.{minor} of the format is not known here");
        let help = format!(
            "this release reads versions 1 to {MAJOR_MAX}; a newer file needs a newer release"
        );
        reading.error(span, code::UNSUPPORTED_VERSION, summary, help);
        return None;
    }
    Some(Version { major, minor })
}
