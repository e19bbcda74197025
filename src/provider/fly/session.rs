//! A person's session in a machine: over ssh, or through the API for one command.

use std::ffi::OsString;

use tokio::io::AsyncWriteExt;

use super::classify::error;
use super::id::Id;
use super::wire::Addresses;
use super::{Fly, exec, files, machine, power, request};
use crate::provider::{Class, Command, Interactive, MachineRef, ProviderError, Stream};
use crate::sys::process::{self, Launch};

/// Sources what extensions set, as a login would, and runs the line given first.
const LINE: &str = r#"f=$HOME/.config/sindri/profile
if [ -f "$f" ]; then . "$f"; fi
unset f
eval "$1""#;

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
    ssh(fly, reference, &id).await
}

/// Hands the terminal to ssh, which knows the machine by the key that the API tells.
async fn ssh(fly: &Fly, reference: &MachineRef, id: &Id) -> Result<i32, ProviderError> {
    let port = machine::settings(exec::spec(reference)?)?.ssh_port;
    let listed: Addresses = fly.call(request::app::addresses(&id.app)).await?;
    let own = listed.ips.into_iter().find(|one| one.shared != Some(true));
    let host = own.map_or_else(|| format!("{}.fly.dev", id.app), |own| own.ip);
    let (key, login) = host_key(fly, reference).await?;
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
    argv.push(format!("{login}@{host}").into());
    let launch = Launch {
        argv,
        env: fly
            .environment
            .iter()
            .filter(|(name, _)| !name.starts_with("FLY_"))
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        directory: std::path::PathBuf::from("."),
    };
    process::attach(&launch).await.map_err(|cause| {
        error(Class::Failed, "fly::ssh", "could not run `ssh`")
            .help(
                "a session needs the ssh client of this host; `sindri connect -c COMMAND` doesn't",
            )
            .source(cause)
    })
}

/// The machine's own key, told through the API: nobody between here and there can pass for it; and
/// who is let in there.
async fn host_key(fly: &Fly, reference: &MachineRef) -> Result<(String, String), ProviderError> {
    let spec = exec::spec(reference)?;
    let place = spec
        .mounts
        .first()
        .map_or("/etc", |mount| mount.path.as_str());
    let path = format!("{place}/.sindri-ssh/host.pub");
    let key = files::get(fly, reference, &path).await.map_err(|cause| {
        error(
            Class::Failed,
            "fly::no-ssh",
            format!("the image of `{}` lets nobody in over ssh", reference.name),
        )
        .help("use an image of `sindri image build --target remote`, or another that has sshd, with your public key as the secret AUTHORIZED_KEYS; `sindri connect -c COMMAND` works with any")
        .source(cause)
    })?;
    access(&String::from_utf8_lossy(&key)).ok_or_else(|| {
        error(
            Class::Failed,
            "fly::no-ssh",
            "the machine's key makes no sense",
        )
    })
}

/// The key, and who is let in: the third word, `root` where it is no name of a user.
fn access(public: &str) -> Option<(String, String)> {
    let mut words = public.split_whitespace();
    let (kind, key) = (words.next()?, words.next()?);
    let fits = |name: &&str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    // Machines of earlier versions say `sindri`, and let in root.
    let login = words.next().filter(fits).filter(|name| *name != "sindri");
    Some((format!("{kind} {key}"), login.unwrap_or("root").to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_word_tells_who_is_let_in() {
        let login = |text| access(text).map(|(_, login)| login);
        assert_eq!(
            login("ssh-ed25519 AA developer\n").as_deref(),
            Some("developer")
        );
        assert_eq!(login("ssh-ed25519 AA root").as_deref(), Some("root"));
        assert_eq!(login("ssh-ed25519 AA sindri").as_deref(), Some("root"));
        assert_eq!(login("ssh-ed25519 AA").as_deref(), Some("root"));
        assert_eq!(
            login("ssh-ed25519 AA -oProxyCommand=x").as_deref(),
            Some("root")
        );
        assert_eq!(login("ssh-ed25519"), None);
        let (key, _) = access("ssh-ed25519 AA developer").unwrap();
        assert_eq!(key, "ssh-ed25519 AA");
    }
}
