//! A person's session in a machine: over ssh, or through the API for one command.

use std::ffi::OsString;

use tokio::io::AsyncWriteExt;

use super::classify::error;
use super::door::{Place, Told};
use super::id::Id;
use super::{Fly, door, exec, power};
use crate::provider::{Class, Command, Interactive, MachineRef, ProviderError, Stream};
use crate::resource::Attributes;
use crate::sys::process::{self, Launch};

/// Sources what extensions set, as a login would, and runs the line given first.
const LINE: &str = r#"f=$HOME/.config/sindri/profile
if [ -f "$f" ]; then . "$f"; fi
unset f
eval "$1""#;

/// How ssh itself ends where it doesn't come in.
const REFUSED: i32 = 255;

/// Opens a session and returns its exit code; a machine that sleeps is woken.
pub(super) async fn connect(
    fly: &Fly,
    reference: &MachineRef,
    session: Interactive,
) -> Result<i32, ProviderError> {
    let id = Id::parse(&reference.id)?;
    let seen = power::look(fly, &id).await?;
    let mut stderr = session.stderr;
    if seen.state != "started" {
        let told = format!(
            "waking the machine `{}`: it is {}\n",
            reference.name, seen.state
        );
        drop(stderr.write_all(told.as_bytes()).await);
        drop(stderr.flush().await);
        power::wake(fly, &id).await?;
    }
    if let Some(line) = session.command {
        let command = Command {
            argv: ["sh", "-c", LINE, "sindri", &line]
                .map(str::to_owned)
                .to_vec(),
            secrets: true,
            ..Command::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = exec::run(
            fly,
            reference,
            &command,
            &mut |stream, bytes| match stream {
                Stream::Stdout => out.extend_from_slice(bytes),
                Stream::Stderr => err.extend_from_slice(bytes),
            },
        )
        .await?;
        let mut stdout = session.stdout;
        let shown = async {
            stdout.write_all(&out).await?;
            stdout.flush().await?;
            stderr.write_all(&err).await?;
            stderr.flush().await
        };
        shown.await.map_err(|cause| {
            error(
                Class::Failed,
                "fly::session",
                "could not show what the command printed",
            )
            .source(cause)
        })?;
        return Ok(code);
    }
    ssh(fly, reference, &session.known).await
}

/// Hands the terminal to ssh, which knows the machine by the key that the API tells; that must be
/// the recorded one.
async fn ssh(fly: &Fly, reference: &MachineRef, known: &Attributes) -> Result<i32, ProviderError> {
    let place = door::place(fly, reference).await?;
    let Place { host, port } = &place;
    let Told { key, login } = door::told(fly, reference).await.map_err(|cause| {
        error(
            Class::Failed,
            "fly::no-ssh",
            format!("the image of `{}` lets nobody in over ssh", reference.name),
        )
        .help("use an image of `sindri image build --target remote`, or another that has sshd, with your public key as the secret AUTHORIZED_KEYS; `sindri connect -c COMMAND` works with any")
        .source(cause)
    })?;
    door::still(reference, known, &key)?;
    // A command that prints the one key there may be: no file to leave behind.
    let known = format!("/bin/echo [{host}]:{port} {key}");
    let option = |name: &str, value: &str| [OsString::from("-o"), format!("{name}={value}").into()];
    let mut argv: Vec<OsString> = vec![
        "ssh".into(),
        "-t".into(),
        "-p".into(),
        port.to_string().into(),
    ];
    argv.extend(option("UserKnownHostsFile", "/dev/null"));
    argv.extend(option("KnownHostsCommand", &known));
    argv.extend(option("StrictHostKeyChecking", "yes"));
    argv.extend(option("PasswordAuthentication", "no"));
    argv.extend(option("ConnectTimeout", "15"));
    // A machine that is gone ends the session within a minute, instead of never.
    argv.extend(option("ServerAliveInterval", "15"));
    argv.push(format!("{login}@{host}").into());
    let launch = Launch {
        argv,
        env: door::environment(fly),
        directory: std::path::PathBuf::from("."),
    };
    let code = process::attach(&launch).await.map_err(|cause| {
        error(Class::Failed, "fly::ssh", "could not run `ssh`")
            .help(
                "a session needs the ssh client of this host; `sindri connect -c COMMAND` doesn't",
            )
            .source(cause)
    })?;
    // ssh's own words speak of files that nobody has: somebody else's key is told in ours too.
    if code == REFUSED {
        door::own(fly, reference, &place, &key).await?;
    }
    Ok(code)
}
