//! Reads a lock, strictly: it is written by a program, and merged by others.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::body::{self, Body};
use super::model::{Lock, Pin, Set};
use super::range;
use super::text::{GroupText, LockText, PinText};
use crate::address::{Name, NameRule};
use crate::catalog::finding::Finding;
use crate::catalog::manifest::Manifest;
use crate::catalog::read::{parse, placed};
use crate::catalog::shelf::Folder;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::digest::Digest;

/// What a person does about a lock that can't be used.
const MEND: &str = "put the file back as it was committed, or remove it: the next `sindri apply` \
                    writes it anew, with what this version of sindri carries";

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(LockText).to_value());

impl Lock {
    /// The format this version writes, and the newest one it reads.
    pub const FORMAT: u32 = 1;

    /// The largest lock that is read, in bytes.
    pub const SIZE_MAX: u64 = 64 << 20;

    /// Reads a lock; its name is the one that people know it by.
    pub fn read(shown: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let summary = format!("`{shown}` isn't text from byte {} on", error.valid_up_to());
            vec![malformed(summary)]
        })?;
        // A checkout may have given every line another end; what the contents are doesn't depend on it.
        let plain = text.replace("\r\n", "\n");
        let text = plain.as_str();
        unmerged(shown, text)?;
        let (head, documents) = match text.split_once("\n---\n") {
            Some((head, documents)) => (head, Some(documents)),
            None => (text, None),
        };
        not_newer(shown, text, head)?;
        let typed: LockText = parse(shown, head, &SCHEMA).map_err(|mut found| {
            for one in &mut found {
                one.code = Code::new("lock::malformed");
                one.help.get_or_insert_with(|| MEND.to_owned());
            }
            found
        })?;
        let mut reading = Reading {
            lock: Self::default(),
            findings: Vec::new(),
            bodies: BTreeMap::new(),
        };
        reading.documents(documents);
        for (index, pin) in typed.extensions.into_iter().enumerate() {
            reading.pin(&format!("extensions/{index}"), pin);
        }
        for (index, group) in typed.machines.into_iter().enumerate() {
            reading.group(&format!("machines/{index}"), &group);
        }
        for (index, members) in typed.profiles.into_iter().enumerate() {
            let names = members.extensions.into_iter().map(|name| name.0).collect();
            let name = members.name.0;
            if reading.lock.profiles.insert(name.clone(), names).is_some() {
                let at = format!("profiles/{index}/name");
                reading.twice(&at, &format!("the profile `{name}`"));
            }
        }
        if reading.findings.is_empty() {
            return Ok(reading.lock);
        }
        Err(placed(&Source::new(shown, head), &reading.findings))
    }

    /// The folder of a content that the lock keeps; none where it keeps none, such as of what stands
    /// beside the configuration.
    pub fn folder(&self, name: &Name, content: &Digest) -> Result<Option<Folder>, Diagnostics> {
        let Some(pin) = self.pin(name, content) else {
            return Ok(None);
        };
        let document = match &pin.body {
            Body::None => return Ok(None),
            Body::Folder(folder) => return Ok(Some(Folder::clone(folder))),
            Body::Text(document) => document,
        };
        let shown = format!("sindri.lock: {name} {}", pin.version);
        let damaged = |why: String| {
            let summary = format!(
                "what the lock keeps of `{name}` {} can't be used",
                pin.version
            );
            let found = Diagnostic::error(Code::new("lock::damaged"), summary);
            vec![found.because(why).help(MEND)]
        };
        let folder = body::folder(document, &shown).map_err(damaged)?;
        if crate::catalog::read::content(&folder) != *content {
            let why = format!("its digest isn't {content}: somebody edited it, or merged it badly");
            return Err(damaged(why));
        }
        Ok(Some(folder))
    }

    /// The manifest of a content that the lock keeps.
    pub fn manifest(&self, name: &Name, content: &Digest) -> Result<Option<Manifest>, Diagnostics> {
        let folder = self.folder(name, content)?;
        folder
            .map(|folder| crate::catalog::read::manifest(name, folder))
            .transpose()
    }
}

fn malformed(summary: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new("lock::malformed"), summary).help(MEND)
}

/// Refuses what a version control system leaves where it couldn't merge.
fn unmerged(shown: &str, text: &str) -> Result<(), Diagnostics> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let marks = ["<<<<<<<", ">>>>>>>", "|||||||"].iter();
        if marks.clone().any(|mark| line.starts_with(mark)) || line.trim_end() == "=======" {
            let place = Source::new(shown, text).place(offset, line.trim_end().len());
            return Err(vec![
                Diagnostic::error(
                    Code::new("lock::unmerged"),
                    format!("`{shown}` holds the marks of a merge that isn't finished"),
                )
                .at(place)
                .help(format!(
                    "take the file of one side (`git checkout --theirs {shown}`), then run `sindri plan`: \
                     `apply` brings it up to date with the configuration"
                )),
            ]);
        }
        offset += line.len();
    }
    Ok(())
}

/// Refuses a newer format before anything else of it is looked at.
fn not_newer(shown: &str, text: &str, head: &str) -> Result<(), Diagnostics> {
    let mut offset = 0;
    for line in head.split_inclusive('\n') {
        let said = line.strip_prefix("format:").map(str::trim);
        let format = said.and_then(|said| said.parse::<u32>().ok());
        if let Some(format) = format.filter(|format| *format > Lock::FORMAT) {
            let place = Source::new(shown, text).place(offset, line.trim_end().len());
            return Err(vec![
                Diagnostic::error(
                    Code::new("lock::newer"),
                    format!(
                        "`{shown}` has format {format}, and this version of sindri knows {} at most",
                        Lock::FORMAT
                    ),
                )
                .at(place)
                .help("a newer sindri wrote it: use that one"),
            ]);
        }
        offset += line.len();
    }
    Ok(())
}

/// A lock as far as it is read.
struct Reading {
    lock: Lock,
    findings: Vec<Finding>,
    /// The documents that hold contents, by digest.
    bodies: BTreeMap<Digest, Arc<str>>,
}

impl Reading {
    fn wrong(&mut self, at: &str, summary: String) {
        self.findings
            .push(Finding::error(at, "lock::malformed", summary).help(MEND));
    }

    fn twice(&mut self, at: &str, what: &str) {
        self.findings.push(
            Finding::error(at, "lock::duplicate", format!("{what} is there twice"))
                .help(format!("two locks were merged, it seems: {MEND}")),
        );
    }

    fn documents(&mut self, documents: Option<&str>) {
        for document in documents.iter().flat_map(|all| all.split("\n---\n")) {
            let Some(content) = body::content_of(document) else {
                let first = document.lines().next().unwrap_or_default();
                self.wrong(
                    "extensions",
                    format!("a document begins with `{first}`, not with the digest of a content"),
                );
                continue;
            };
            if self.bodies.contains_key(&content) {
                self.twice("extensions", &format!("the content {}", content.short()));
                continue;
            }
            // The line end that parts documents belongs to the text before it.
            let text = format!("{}\n", document.trim_end_matches('\n'));
            self.bodies.insert(content, Arc::from(text));
        }
    }

    fn pin(&mut self, at: &str, text: PinText) {
        let name = text.name.0;
        let Some(content) = Digest::parse(&text.content) else {
            let summary = format!("`{}` is no digest", text.content.escape_debug());
            return self.wrong(&format!("{at}/content"), summary);
        };
        if self.lock.pin(&name, &content).is_some() {
            return self.twice(&format!("{at}/name"), &format!("this content of `{name}`"));
        }
        let mut tools = BTreeMap::new();
        for (index, tool) in text.tools.iter().enumerate() {
            match tool.rsplit_once(' ') {
                Some((tool, version)) => {
                    tools.insert(tool.to_owned(), version.to_owned());
                }
                None => self.wrong(
                    &format!("{at}/tools/{index}"),
                    format!("`{}` isn't a tool and its version", tool.escape_debug()),
                ),
            }
        }
        let mut checksums = BTreeMap::new();
        for (index, line) in text.checksums.iter().enumerate() {
            let mut words = line.rsplitn(3, ' ');
            let sum = words.next().and_then(|sum| sum.strip_prefix("sha256:"));
            let hex = |sum: &&str| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
            match (sum.filter(hex), words.next(), words.next()) {
                (Some(sum), Some(arch), Some(name)) => {
                    checksums.insert((name.to_owned(), arch.to_owned()), sum.to_owned());
                }
                _ => self.wrong(
                    &format!("{at}/checksums/{index}"),
                    format!(
                        "`{}` isn't a download, an architecture and a checksum",
                        line.escape_debug()
                    ),
                ),
            }
        }
        let body = self.bodies.get(&content);
        self.lock.put(
            &name,
            Pin {
                version: text.version,
                origin: text.from,
                tools,
                checksums,
                body: body.map_or(Body::None, |body| Body::Text(Arc::clone(body))),
                content,
            },
        );
    }

    fn group(&mut self, at: &str, text: &GroupText) {
        let mut set = Set::new();
        for (index, word) in text.extensions.iter().enumerate() {
            let at = format!("{at}/extensions/{index}");
            match self.content(word) {
                Ok((name, content)) => {
                    if set.insert(name.clone(), content).is_some() {
                        self.twice(&at, &format!("`{name}`"));
                    }
                }
                Err(summary) => self.wrong(&at, summary),
            }
        }
        let set = Arc::new(set);
        for (index, word) in text.names.iter().enumerate() {
            let at = format!("{at}/names/{index}");
            let Some(names) = range::names(word) else {
                let word = word.escape_debug();
                self.wrong(&at, format!("`{word}` names no machines"));
                continue;
            };
            for name in names {
                let before = self.lock.machines.insert(name.clone(), Arc::clone(&set));
                if before.is_some() {
                    self.twice(&at, &format!("the machine `{name}`"));
                    break;
                }
            }
        }
    }

    /// The content that a machine's line names: by version, and by the digest's start where one
    /// version has two.
    fn content(&self, word: &str) -> Result<(Name, Digest), String> {
        let mut parts = word.split(' ');
        let name = parts.next().unwrap_or_default();
        let name = Name::parse(NameRule::Extension, name)
            .map_err(|_| format!("`{}` names no extension", word.escape_debug()))?;
        let (version, short) = (parts.next(), parts.next());
        let pins = self.lock.pins.get(&name).map(Vec::as_slice);
        let mut fitting = pins.unwrap_or_default().iter().filter(|pin| {
            Some(pin.version.as_str()) == version
                && short.is_none_or(|short| pin.content.short() == short)
        });
        match (fitting.next(), fitting.next(), parts.next()) {
            (Some(pin), None, None) => Ok((name, pin.content.clone())),
            (Some(_), Some(_), None) => Err(format!("`{word}` has two contents")),
            (None | Some(_), _, _) => Err(format!(
                "`{}` isn't among the extensions below",
                word.escape_debug()
            )),
        }
    }
}
