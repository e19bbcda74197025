//! Commands in a machine, through the API: not streamed, a minute at most each.
//!
//! What a command prints travels as text, so that bytes are packed as base64 inside the machine; so
//! is what it reads.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::classify::error;
use super::id::Id;
use super::wire::Executed;
use super::{Fly, files, power, request};
use crate::provider::{Class, Command, MachineRef, Output, ProviderError, Stream};
use crate::resource::{MachineSpec, Power, Spec};

/// Enters the directory given first (home if empty), exports the secrets if the second word says
/// so, and runs the rest, fed from where the third word says; what it prints leaves as base64, and
/// its exit code stays its own. A trailing newline of a secret is kept, which `$(…)` alone would
/// drop. What it leaves running must not hold the descriptors that this waits for.
const WRAP: &str = r#"d=$1; s=$2; i=$3; shift 3
if [ -n "$d" ]; then cd "$d" || exit 126; else cd "${HOME:-/}" 2>/dev/null || cd /; fi
if [ "$s" = secrets ]; then
for f in /run/secrets/*; do
case ${f##*/} in [0-9]*|*[!A-Za-z0-9_]*) continue ;; esac
[ -f "$f" ] && v=$(cat "$f"; printf x) && export "${f##*/}=${v%x}"
done
fi
unset d s f v
go() {
case $i in
'') "$@" </dev/null ;;
-) base64 -d | "$@" ;;
*) "$@" <"$i" ;;
esac
}
exec 3>&1
c=$({ { go "$@" 3>&- 4>&-; echo $? >&4; } | base64 >&3; } 4>&1)
case $i in ''|-) ;; *) rm -f -- "$i" ;; esac
exit "$c""#;

/// The most that a command is fed within its own call; more is put into the machine beforehand.
const FED: usize = 192 * 1024;
/// How much of a stream [`ask`] keeps.
const KEPT: usize = 1 << 20;
/// How often a machine that has just started is asked whether it takes commands.
const PROBES: u32 = 10;

/// Where a command's output goes.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(Stream, &[u8]) + Send);

/// The machine's specification.
pub(super) fn spec(machine: &MachineRef) -> Result<&MachineSpec, ProviderError> {
    match machine.spec.as_ref() {
        Spec::Machine(spec) => Ok(spec),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => Err(error(
            Class::Invalid,
            "fly::foreign-address",
            format!("`{}` is no machine", machine.name),
        )),
    }
}

/// Where a command runs that names no directory: the workspace, else home (empty).
fn workspace(machine: &MachineSpec) -> &str {
    machine
        .mounts
        .iter()
        .find(|mount| mount.volume.as_str() == "workspace")
        .map_or("", |mount| mount.path.as_str())
}

/// Runs a command, waking a machine that the provider let fall asleep.
pub(super) async fn run(
    fly: &Fly,
    machine: &MachineRef,
    command: &Command,
    output: Sink<'_>,
) -> Result<i32, ProviderError> {
    let id = Id::parse(&machine.id)?;
    match attempt(fly, &id, machine, command, output).await {
        Err(asleep) if may_wake(machine, &asleep) => {
            power::wake(fly, &id).await?;
            attempt(fly, &id, machine, command, output).await
        }
        done => done,
    }
}

/// Whether an error says that a machine sleeps which may be woken.
pub(super) fn may_wake(machine: &MachineRef, failed: &ProviderError) -> bool {
    is_not_running(failed) && spec(machine).is_ok_and(|spec| spec.power == Power::Provider)
}

fn is_not_running(failed: &ProviderError) -> bool {
    failed.code.as_str() == "fly::not-running"
}

/// Runs a command that only reads, and collects what it prints, up to a limit; wakes nobody.
pub(super) async fn ask(
    fly: &Fly,
    machine: &MachineRef,
    command: &Command,
) -> Result<Output, ProviderError> {
    let id = Id::parse(&machine.id)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = attempt(fly, &id, machine, command, &mut |stream, bytes| {
        let kept = match stream {
            Stream::Stdout => &mut stdout,
            Stream::Stderr => &mut stderr,
        };
        let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
    })
    .await?;
    Ok(Output {
        code,
        stdout,
        stderr,
    })
}

async fn attempt(
    fly: &Fly,
    id: &Id,
    machine: &MachineRef,
    command: &Command,
    output: Sink<'_>,
) -> Result<i32, ProviderError> {
    let spec = spec(machine)?;
    let mut fed = None;
    let from = match &command.stdin {
        None => String::new(),
        Some(bytes) if bytes.len() <= FED => {
            fed = Some(STANDARD.encode(bytes));
            "-".to_owned()
        }
        Some(bytes) => files::put_aside(fly, id, machine, bytes).await?,
    };
    let directory = command.directory.as_deref().unwrap_or(workspace(spec));
    let secrets = if command.secrets { "secrets" } else { "plain" };
    let mut argv: Vec<String> = ["/bin/sh", "-c", WRAP, "sindri", directory, secrets, &from]
        .map(str::to_owned)
        .to_vec();
    if !command.env.is_empty() {
        argv.push("env".to_owned());
        let variables = command.env.iter();
        argv.extend(variables.map(|(name, value)| format!("{name}={value}")));
    }
    argv.extend(command.argv.iter().cloned());
    let seconds = command
        .timeout
        .map_or(request::machine::EXEC, |limit| limit.as_secs().max(1));
    let done = execute(fly, id, &argv, fed.as_deref(), seconds).await?;
    let packed = done.stdout.unwrap_or_default();
    let packed: Vec<u8> = packed
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let printed = STANDARD.decode(&packed).map_err(|cause| {
        error(
            Class::Ambiguous,
            "fly::protocol",
            format!("what a command in `{}` printed was cut short", machine.name),
        )
        .source(cause)
    })?;
    output(Stream::Stdout, &printed);
    output(Stream::Stderr, done.stderr.unwrap_or_default().as_bytes());
    Ok(code(done.exit_code, done.exit_signal))
}

fn code(code: Option<i32>, signal: Option<i32>) -> i32 {
    match (code, signal) {
        (_, Some(signal)) if signal > 0 => 128 + signal,
        (code, _) => code.unwrap_or(0),
    }
}

/// Runs a command as it is, its output text.
pub(super) async fn script(
    fly: &Fly,
    id: &Id,
    text: &str,
    stdin: Option<&str>,
    arguments: &[&str],
) -> Result<(i32, String, String), ProviderError> {
    let words = ["/bin/sh", "-c", text, "sindri"];
    let argv: Vec<String> = words
        .iter()
        .chain(arguments)
        .map(ToString::to_string)
        .collect();
    let done = execute(fly, id, &argv, stdin, request::machine::EXEC).await?;
    Ok((
        code(done.exit_code, done.exit_signal),
        done.stdout.unwrap_or_default(),
        done.stderr.unwrap_or_default(),
    ))
}

async fn execute(
    fly: &Fly,
    id: &Id,
    argv: &[String],
    stdin: Option<&str>,
    seconds: u64,
) -> Result<Executed, ProviderError> {
    let call = request::machine::exec(id, argv, stdin, seconds);
    let failed = match fly.call::<Executed>(call).await {
        Ok(done) => return Ok(done),
        Err(failed) => failed,
    };
    match failed.code.as_str() {
        "fly::timeout" => Err(error(
            failed.class,
            "fly::exec-timeout",
            format!(
                "a command in the machine `{}` took longer than {} s",
                id.object,
                seconds.min(request::machine::EXEC)
            ),
        )
        .source(failed)),
        // Why it refuses, the machine's state says better than any text.
        "fly::refused" | "fly::conflict" | "fly::changed" | "fly::failed" => {
            let seen = power::look(fly, id).await?;
            if seen.state == "started" {
                return Err(failed);
            }
            Err(error(
                Class::Conflict,
                "fly::not-running",
                format!(
                    "the machine `{}` doesn't run: it is `{}`",
                    id.object, seen.state
                ),
            )
            .help("`sindri start` starts it")
            .source(failed))
        }
        _ => Err(failed),
    }
}

/// Whether a machine has fallen asleep, which one that has stopped needn't have.
async fn is_suspended(fly: &Fly, id: &Id) -> Result<bool, ProviderError> {
    let seen = power::look(fly, id).await?;
    Ok(["suspending", "suspended"].contains(&seen.state.as_str()))
}

/// Waits until a machine that has started takes commands; one that falls asleep by itself may sleep
/// already.
pub(super) async fn probe(fly: &Fly, id: &Id, wanted: Power) -> Result<(), ProviderError> {
    let mut turn = 0;
    loop {
        turn += 1;
        let probed = script(fly, id, ":", None, &[]).await;
        match probed {
            Ok((0, ..)) => return Ok(()),
            Ok((code, _, said)) => {
                return Err(error(
                    Class::Failed,
                    "fly::no-shell",
                    format!(
                        "the image runs no commands: `/bin/sh` ended with {code}: {}",
                        said.trim()
                    ),
                )
                .help("any image with /bin/sh serves"));
            }
            Err(asleep)
                if wanted == Power::Provider
                    && is_not_running(&asleep)
                    && is_suspended(fly, id).await? =>
            {
                return Ok(());
            }
            Err(failed) if turn == PROBES || failed.class == Class::NotFound => return Err(failed),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}
