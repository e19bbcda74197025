//! The way in over ssh: whether a machine has one, and whether it shows itself there.
//!
//! A machine tells its own key through the API, so that nobody in between can pass for it; the
//! address, the port and what stands between are tried with the ssh client of this host.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::Value;

use super::classify::error;
use super::id::Id;
use super::wire::Addresses;
use super::{Fly, exec, files, machine, request};
use crate::digest::Digest;
use crate::provider::{Class, MachineRef, ProviderError};
use crate::resource::{Attributes, Power};
use crate::state::Object;
use crate::sys::process::{self, Launch, Pipe};

/// How often a machine that has just started is asked for its key, and how long between two times.
const ASKS: u32 = 2;
/// How often its port is tried, and how long between two times.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_secs(1);
/// How long one try may take, in seconds.
const PATIENCE: u64 = 5;

/// What a machine says of its way in.
pub(super) struct Told {
    /// Its key, with the key's kind.
    pub(super) key: String,
    /// Who is let in.
    pub(super) login: String,
}

/// Where a machine's way in is.
pub(super) struct Place {
    /// The address or the name.
    pub(super) host: String,
    /// The public port.
    pub(super) port: u16,
}

/// Tries a machine's way in; gives nothing where there is none, or where the machine sleeps.
pub(super) async fn tried(
    fly: &Fly,
    reference: &MachineRef,
    known: &Attributes,
) -> Result<Option<Attributes>, ProviderError> {
    if exec::spec(reference)?.power == Power::Stopped {
        return Ok(None);
    }
    let mut ask = 0;
    let told = loop {
        ask += 1;
        match told(fly, reference).await {
            Ok(told) => break told,
            Err(none) if none.code.as_str() == "fly::not-running" => return Ok(None),
            Err(none) if none.code.as_str() == "fly::file-missing" && ask == ASKS => {
                return Ok(None);
            }
            Err(none) if none.code.as_str() == "fly::file-missing" => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(failed) => return Err(failed),
        }
    };
    still(reference, known, &told.key)?;
    let place = place(fly, reference).await?;
    let shown = shown(fly, reference, &place).await?;
    if shown != told.key {
        return Err(differs(reference, &told.key, &shown, &place));
    }
    let mut outputs = Attributes::default();
    for (name, value) in Object::DOOR
        .into_iter()
        .zip([place.host, told.key, told.login])
    {
        outputs.set(name, value);
    }
    Ok(Some(outputs))
}

/// Refuses a machine that says another key than the one recorded of it.
///
/// A key outlives a machine's start only on a volume: without one there is nothing to hold it to.
pub(super) fn still(
    reference: &MachineRef,
    known: &Attributes,
    told: &str,
) -> Result<(), ProviderError> {
    let recorded = known.get(Object::HOST_KEY).and_then(Value::as_str);
    match recorded {
        Some(recorded) if recorded != told && !exec::spec(reference)?.mounts.is_empty() => {
            Err(error(
                Class::Failed,
                "fly::host-key-changed",
                format!(
                    "`{}` has another host key than the one recorded: now {}, recorded {}",
                    reference.name,
                    fingerprint(told),
                    fingerprint(recorded)
                ),
            )
            .help("where you know why, because you made the keys anew, `sindri refresh` records the new one; else find out who changed it before you log in, with `sindri connect -c COMMAND`"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Refuses the key that is shown at a machine's address where it isn't the machine's own.
pub(super) async fn own(
    fly: &Fly,
    reference: &MachineRef,
    place: &Place,
    key: &str,
) -> Result<(), ProviderError> {
    match scan(fly, place).await? {
        Some(shown) if shown != key => Err(differs(reference, key, &shown, place)),
        Some(_) | None => Ok(()),
    }
}

/// What the machine says of its way in, through the API.
pub(super) async fn told(fly: &Fly, reference: &MachineRef) -> Result<Told, ProviderError> {
    let spec = exec::spec(reference)?;
    let place = spec
        .mounts
        .first()
        .map_or("/etc", |mount| mount.path.as_str());
    let path = format!("{place}/.sindri-ssh/host.pub");
    let public = files::get(fly, reference, &path).await?;
    access(&String::from_utf8_lossy(&public)).ok_or_else(|| {
        error(
            Class::Failed,
            "fly::no-ssh",
            "the machine's key makes no sense",
        )
    })
}

/// Where the machine is reached.
pub(super) async fn place(fly: &Fly, reference: &MachineRef) -> Result<Place, ProviderError> {
    let id = Id::parse(&reference.id)?;
    let port = machine::settings(exec::spec(reference)?)?.ssh_port;
    let listed: Addresses = fly.call(request::app::addresses(&id.app)).await?;
    let own = listed.ips.into_iter().find(|one| one.shared != Some(true));
    let host = own.map_or_else(|| format!("{}.fly.dev", id.app), |own| own.ip);
    Ok(Place { host, port })
}

/// The key that is shown at an address, as soon as one is.
async fn shown(fly: &Fly, reference: &MachineRef, place: &Place) -> Result<String, ProviderError> {
    for turn in 1..=TRIES {
        if let Some(key) = scan(fly, place).await? {
            return Ok(key);
        }
        if turn < TRIES {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Err(error(
        Class::Failed,
        "fly::ssh-silent",
        format!(
            "nobody answers over ssh at {} port {}, where `{}` should",
            place.host, place.port, reference.name
        ),
    )
    .help("see that nothing between here and there blocks the port, and `sindri connect -c 'ps ax'` whether sshd runs; the next apply tries it again"))
}

/// Asks for the key that is shown at an address.
async fn scan(fly: &Fly, place: &Place) -> Result<Option<String>, ProviderError> {
    let patience = PATIENCE.to_string();
    let port = place.port.to_string();
    let words = [
        "ssh-keyscan",
        "-T",
        &patience,
        "-t",
        "ed25519",
        "-p",
        &port,
        &place.host,
    ];
    let launch = Launch {
        argv: words.map(Into::into).to_vec(),
        env: environment(fly),
        directory: PathBuf::from("."),
    };
    let mut printed = Vec::new();
    let mut keep = |pipe: Pipe, bytes: &[u8]| {
        if pipe == Pipe::Stdout && printed.len() < 1 << 16 {
            printed.extend_from_slice(bytes);
        }
    };
    let most = Duration::from_secs(PATIENCE * 3);
    let ran = process::run(&launch, None, Some(most), &mut keep).await;
    ran.map_err(|cause| {
        error(Class::Invalid, "fly::no-ssh-client", "could not run `ssh-keyscan`")
            .help("ways in over ssh aren't tried without the ssh client of this host; everything else works")
            .source(cause)
    })?;
    Ok(key_in(&String::from_utf8_lossy(&printed)))
}

/// The environment of the ssh client: everything but what is Fly.io's.
pub(super) fn environment(fly: &Fly) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let variables = fly.environment.iter();
    variables
        .filter(|(name, _)| !name.starts_with("FLY_"))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The key in what ssh-keyscan prints.
fn key_in(printed: &str) -> Option<String> {
    let line = printed.lines().find(|line| !line.starts_with('#'))?;
    let mut words = line.split_whitespace().skip(1);
    Some(format!("{} {}", words.next()?, words.next()?))
}

fn differs(reference: &MachineRef, own: &str, shown: &str, place: &Place) -> ProviderError {
    error(
        Class::Failed,
        "fly::host-key",
        format!(
            "at {} port {} somebody else answers than `{}`: its key is {}, the one shown is {}",
            place.host,
            place.port,
            reference.name,
            fingerprint(own),
            fingerprint(shown)
        ),
    )
    .help("don't log in there: somebody may stand in between. `sindri connect` takes only the machine's own key")
}

/// A key's fingerprint as ssh shows it.
fn fingerprint(key: &str) -> String {
    let packed = key.split_whitespace().nth(1).unwrap_or_default();
    let Ok(bytes) = STANDARD.decode(packed) else {
        return "no key".to_owned();
    };
    let digest = Digest::of_bytes(&bytes);
    let hex = digest.as_str().trim_start_matches("sha256:").as_bytes();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(pair, 16).unwrap_or_default()
    };
    let raw: Vec<u8> = hex.chunks(2).map(byte).collect();
    format!("SHA256:{}", STANDARD_NO_PAD.encode(raw))
}

/// The key, and who is let in: the third word, `root` where it is no name of a user.
fn access(public: &str) -> Option<Told> {
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
    Some(Told {
        key: format!("{kind} {key}"),
        login: login.unwrap_or("root").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_word_tells_who_is_let_in() {
        let login = |text| access(text).map(|told| told.login);
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
        let told = access("ssh-ed25519 AA developer").unwrap();
        assert_eq!(told.key, "ssh-ed25519 AA");
    }

    #[test]
    fn a_fingerprint_is_as_ssh_shows_it() {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINy09NeZ13PKAg0VLcNrUspKFqNp4yPeHFDOpw4UwrYJ";
        assert_eq!(
            fingerprint(key),
            "SHA256:bJEJIrEshRmjt+mibMePxGQSu13R+CMX6SZGwhnksP8"
        );
        assert_eq!(fingerprint("ssh-ed25519"), fingerprint("x "));
    }
}
