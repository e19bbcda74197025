//! The lines of a case's `cmd`: commands, and orders to the world between them.
//!
//! ```text
//! $ commands:    sindri plan --json > plan.json     (the answer goes to a file of the case)
//! !answer yes                      a person at a terminal types this at the next question
//! !answer ^C                       or stops the command there
//! !drift ADDRESS FIELD VALUE       somebody changes a field
//! !power ADDRESS running|stopped   somebody starts or stops a machine
//! !remove ADDRESS                  somebody removes an object
//! !exchange ADDRESS                another object of ours stands there now
//! !stranger PROVIDER KIND NAME     somebody else's object takes a name
//! !fault JSON                      a misbehaviour, as in `world.json`
//! !fail VERB ADDRESS TEXT          calls of that sort fail with this text
//! !stall VERB ADDRESS              calls of that sort hang until interrupted
//! !image REFERENCE DIGEST          a tag points to another image
//! !heal                            no misbehaviour any more
//! !unreachable TEXT                no provider can be reached; without a text they can again
//! !interrupt gently|now VERB ADDRESS   a person stops the next command when that call begins
//! !made ADDRESS                    the call that was broken off had gone through all the same
//! !command JSON                    what commands in machines answer, as in `world.json`
//! !copy FROM TO, !delete FILE, !write FILE TEXT, !cut FILE BYTES     the project's files
//! !clone FROM TO                  a directory of the project, in place of what is at TO
//! !replace FILE BEFORE AFTER       in the text of a file
//! !version FOLDER BEFORE AFTER     in the text of every file of a folder
//! !show FILE                       its text, among the answers
//! !chmod FILE MODE                 its permissions, in octal digits
//! !env NAME=VALUE, !unset NAME     environment variables
//! !lock OPERATION, !unlock         another command holds the state
//! !fly start                       an emulator stands for Fly.io from here on
//! !fly ORDER WORDS                 what happens there; see [`crate::fly`]
//! !local real                      machines on `local` are directories from here on
//! !e2b start, !e2b wait SECONDS    an emulated E2B, and time that passes there
//! !e2b pause, !e2b end             its sandboxes fall asleep, or are gone
//! !e2b cap SECONDS                 how long they may live at most
//! !e2b fault METHOD PATH after|cut|page|busy|melted   what becomes of the next such request
//! !state, !calls                   write `state.out.json` and `calls`
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sindri::address::Address;
use sindri::engine::Stop;
use sindri::provider::fake::{Effect, Failure, Fake, FakeObject, Fault, Scripted, Verb};
use sindri::provider::{Class, CreateRequest, Provider as _};
use sindri::resource::{Attributes, Power};
use sindri::state::ObjectId;
use sindri::store::LockRequest;

use crate::compare::Expected;
use crate::ground::Ground;
use crate::redact::redact;

type Done = Result<(), String>;

/// Runs a command line and keeps what it showed.
pub(crate) fn command(line: &str, ground: &mut Ground, expected: &mut Expected) -> Done {
    let mut words = words(line)?;
    let file = match words.iter().position(|word| word == ">") {
        Some(at) => words.split_off(at).pop(),
        None => None,
    };
    let shown = ground.run(&words);
    let stdout = redact(&shown.stdout, ground.root());
    let stderr = redact(&shown.stderr, ground.root());
    match file {
        Some(file) => {
            let value: Value = serde_json::from_str(&stdout)
                .map_err(|error| format!("the answer isn't JSON: {error}\n{stdout}{stderr}"))?;
            expected.add(&file, &format!("{value:#}\n"));
        }
        None => expected.add("stdout", &format!("$ {line}\n{stdout}")),
    }
    if !stderr.is_empty() {
        expected.add("stderr", &format!("$ {line}\n{stderr}"));
    }
    expected.add("exit", &format!("{:>3}  {line}\n", shown.exit));
    // What programs read must be JSON whatever happens: a document, or one event a line.
    if words.iter().any(|word| word == "--json") && !shown.stdout.is_empty() {
        let whole = serde_json::from_str::<Value>(&shown.stdout).is_ok();
        let mut lines = shown.stdout.lines();
        if !whole && !lines.all(|line| serde_json::from_str::<Value>(line).is_ok()) {
            return Err(format!("the answer isn't JSON:\n{}", shown.stdout));
        }
    }
    Ok(())
}

/// Carries out an order.
pub(crate) fn perform(
    order: &str,
    ground: &mut Ground,
    expected: &mut Expected,
    case: &Path,
) -> Done {
    let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
    let rest = rest.trim();
    match verb {
        "state" => {
            let text = crate::recorded::write(ground.state()?)?;
            expected.add("state.out.json", &redact(&text, ground.root()));
            Ok(())
        }
        "calls" => {
            let acts = ground.fakes.acts();
            expected.add("calls", &acts.join("\n"));
            Ok(())
        }
        "answer" => {
            ground.answers.push(format!("{rest}\n"));
            Ok(())
        }
        "local" => {
            ground.real_local = rest == "real";
            Ok(())
        }
        "env" | "unset" => {
            match rest.split_once('=') {
                Some((name, value)) => ground.variables.insert(name.to_owned(), value.to_owned()),
                None => ground.variables.remove(rest),
            };
            Ok(())
        }
        "interrupt" => {
            let (how, call) = rest.split_once(' ').ok_or("how and at which call?")?;
            let how = if how == "now" {
                Stop::Now
            } else {
                Stop::Gently
            };
            ground.interrupt = Some((call.to_owned(), how));
            Ok(())
        }
        "e2b" => crate::e2b::perform(rest, ground),
        "fly" => crate::fly::perform(rest, ground, expected),
        "lock" => lock(ground, rest),
        "unlock" => {
            ground.held = None;
            Ok(())
        }
        "show" => {
            let text = fs::read_to_string(ground.directory().join(rest))
                .map_err(|error| format!("`{rest}` can't be read: {error}"))?;
            let text = redact(&text, ground.root());
            expected.add("stdout", &format!("$ cat {rest}\n{text}"));
            Ok(())
        }
        "copy" | "clone" | "delete" | "write" | "cut" | "replace" | "chmod" | "version" => {
            files(verb, rest, ground, case)
        }
        _ => world(verb, rest, ground),
    }
}

fn lock(ground: &mut Ground, operation: &str) -> Done {
    let request = LockRequest {
        operation,
        timeout: Duration::ZERO,
        given_up: None,
    };
    let held = ground.store().lock(request, &mut |_| {});
    ground.held = Some(held.map_err(|error| error.to_string())?);
    Ok(())
}

fn files(verb: &str, rest: &str, ground: &Ground, case: &Path) -> Done {
    let words = words(rest)?;
    let word = |n: usize| words.get(n).map(String::as_str).ok_or("a word is missing");
    let path = ground.directory().join(word(0)?);
    let done = match verb {
        "copy" => fs::copy(case.join(word(0)?), ground.directory().join(word(1)?)).map(|_| ()),
        "clone" => clone(&path, &ground.directory().join(word(1)?)),
        "delete" => fs::remove_file(path),
        "chmod" => {
            let mode = u32::from_str_radix(word(1)?, 8).map_err(|_| "which permissions?")?;
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        }
        "write" => fs::write(path, word(1)?.replace("\\n", "\n")),
        "cut" => {
            let bytes = fs::read(&path).map_err(|error| error.to_string())?;
            let keep: usize = word(1)?.parse().map_err(|_| "how many bytes?")?;
            fs::write(path, &bytes[..keep.min(bytes.len())])
        }
        "version" => version(&path, word(1)?, word(2)?),
        _ => {
            let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let line_ends = |text: &str| text.replace("\\n", "\n");
            let changed = text.replace(&line_ends(word(1)?), &line_ends(word(2)?));
            if changed == text {
                return Err(format!("`{}` doesn't stand there", word(1)?));
            }
            fs::write(path, changed)
        }
    };
    done.map_err(|error| error.to_string())
}

/// Replaces a text in every file of a folder.
fn version(folder: &Path, before: &str, after: &str) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            version(&path, before, after)?;
        } else {
            let text = fs::read_to_string(&path)?;
            fs::write(&path, text.replace(before, after))?;
        }
    }
    Ok(())
}

/// Copies a directory in place of another.
fn clone(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            clone(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn world(verb: &str, rest: &str, ground: &Ground) -> Done {
    let fakes = &ground.fakes;
    let words = words(rest)?;
    let word = |n: usize| words.get(n).map(String::as_str).ok_or("a word is missing");
    let address = |n: usize| -> Result<Address, String> {
        word(n)?.parse().map_err(|error| format!("{error}"))
    };
    let there = |there: bool| {
        if there {
            Ok(())
        } else {
            Err("nothing stands there".to_owned())
        }
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    match verb {
        "drift" => there(fakes.set_attribute(&address(0)?, word(1)?, json(word(2)?))),
        "remove" => there(fakes.remove(&address(0)?)),
        "power" => {
            let power = if word(1)? == "stopped" {
                Power::Stopped
            } else {
                Power::Running
            };
            there(change(ground, &address(0)?, |object| {
                object.power = Some(power);
            }))
        }
        "exchange" => there(change(ground, &address(0)?, |object| {
            object.id = ObjectId::new(&format!("{}-again", object.id));
        })),
        "stranger" => stranger(ground, &words),
        "made" => made(ground, &address(0)?),
        "fault" => {
            let fault: Fault = serde_json::from_str(rest).map_err(|error| error.to_string())?;
            fakes.fault(fault);
            Ok(())
        }
        "command" => {
            let answer: Scripted = serde_json::from_str(rest).map_err(|error| error.to_string())?;
            fakes.answer(answer);
            Ok(())
        }
        "fail" => {
            let effect = Effect::Fail(Failure::new(Class::Failed, &words[2..].join(" ")));
            fakes.fault(Fault::new(effect).on(parse(word(0)?)?).at(address(1)?));
            Ok(())
        }
        "stall" => {
            fakes.fault(
                Fault::new(Effect::Stall)
                    .on(parse(word(0)?)?)
                    .at(address(1)?),
            );
            Ok(())
        }
        "image" => {
            fakes.change(|world| world.images.insert(words[0].clone(), words[1].clone()));
            Ok(())
        }
        "heal" => {
            fakes.change(|world| world.faults.clear());
            Ok(())
        }
        "unreachable" => {
            fakes.change(|world| world.unreachable = (!rest.is_empty()).then(|| rest.to_owned()));
            Ok(())
        }
        _ => Err("there is no such order".to_owned()),
    }
}

fn parse(verb: &str) -> Result<Verb, String> {
    serde_json::from_value(Value::from(verb)).map_err(|error| error.to_string())
}

fn change(ground: &Ground, address: &Address, change: impl FnOnce(&mut FakeObject)) -> bool {
    ground.fakes.change(|world| {
        let found = world
            .objects
            .iter_mut()
            .find(|object| object.address.as_ref() == Some(address));
        found.map(change).is_some()
    })
}

/// Makes the object of an operation that was left open.
fn made(ground: &Ground, address: &Address) -> Done {
    let state = ground.state()?;
    let open = state
        .pending
        .iter()
        .find(|intent| intent.address == *address);
    let intent = open.ok_or("no operation is open there")?;
    let spec = intent
        .spec
        .clone()
        .ok_or("the open operation makes nothing")?;
    let provider = spec
        .provider()
        .ok_or("what lives inside a machine is not created")?;
    let request = CreateRequest {
        lineage: state.lineage.clone(),
        address: address.clone(),
        operation: intent.operation.clone(),
        generation: intent.generation,
        spec,
        dependencies: BTreeMap::new(),
    };
    let fake = Fake::new(ground.fakes.clone(), provider);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let made = runtime.block_on(fake.create(&request, &|_| {}));
    made.map(|_| ()).map_err(|error| error.to_string())
}

fn stranger(ground: &Ground, words: &[String]) -> Done {
    let [provider, kind, name] = words else {
        return Err("which provider, kind and name?".to_owned());
    };
    let value = |text: &str| Value::from(text);
    let object = FakeObject {
        provider: serde_json::from_value(value(provider)).map_err(|error| error.to_string())?,
        kind: serde_json::from_value(value(kind)).map_err(|error| error.to_string())?,
        id: ObjectId::new(&format!("somebody-elses-{name}")),
        name: Some(name.clone()),
        lineage: None,
        address: None,
        operation: None,
        attributes: Attributes::default(),
        outputs: Attributes::default(),
        power: None,
        incarnation: None,
        secrets: BTreeMap::new(),
        files: BTreeMap::new(),
    };
    ground.fakes.change(|world| world.objects.push(object));
    Ok(())
}

/// Splits a line at spaces; quotes hold words together.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is left open".to_owned());
    }
    words.extend(word);
    Ok(words)
}
