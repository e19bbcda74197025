//! Files in and out of a machine, in pieces that fit a command's call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::classify::error;
use super::exec::{may_wake, script};
use super::id::Id;
use super::{Fly, power};
use crate::digest::hex;
use crate::provider::{Class, File, MachineRef, ProviderError};
use crate::sys::Random;

/// Adds what comes to a file beside the wanted one; with a length, puts it there if that is all.
const PUT: &str = r#"d=${1%/*}; t="$1.sindri-$4"
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
{ [ -z "$d" ] || mkdir -p "$d"; } || exit 1
umask 077
base64 -d >>"$t" || { rm -f "$t"; exit 1; }
[ -z "$3" ] && exit 0
[ "$(wc -c <"$t")" -eq "$3" ] && chmod "$2" "$t" && mv -f "$t" "$1" && exit 0
rm -f "$t"; exit 1"#;

/// Prints a file's length and one piece of it; 44 says that there is none.
const GET: &str = r#"[ -f "$1" ] || exit 44
wc -c <"$1" && tail -c "+$2" "$1" | head -c "$3" | base64"#;

/// How much goes in one call.
const PIECE: usize = 192 * 1024;
/// The largest file that [`get`] gets.
const LARGEST: usize = 16 << 20;

/// Refuses what is no absolute path of a file.
fn checked(path: &str) -> Result<&str, ProviderError> {
    let plain = path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && !path.contains('\0')
        && path.split('/').all(|part| part != ".." && part != ".");
    if plain {
        Ok(path)
    } else {
        Err(error(
            Class::Invalid,
            "fly::path",
            format!("`{path}` is no absolute path of a file"),
        ))
    }
}

/// Puts files into a machine, each whole or not at all.
pub(super) async fn put(
    fly: &Fly,
    machine: &MachineRef,
    files: &[File],
) -> Result<(), ProviderError> {
    let id = Id::parse(&machine.id)?;
    for file in files {
        let putting = || put_bytes(fly, &id, machine, &file.path, file.mode, &file.content);
        match putting().await {
            Err(asleep) if may_wake(machine, &asleep) => {
                power::wake(fly, &id).await?;
                putting().await?;
            }
            done => done?,
        }
    }
    Ok(())
}

/// Puts one file into a running machine.
async fn put_bytes(
    fly: &Fly,
    id: &Id,
    machine: &MachineRef,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<(), ProviderError> {
    let path = checked(path)?;
    let octal = format!("{:o}", mode & 0o7777);
    let whole = content.len().to_string();
    let mark = hex(&Random::system().bytes::<6>());
    let mut pieces: Vec<&[u8]> = content.chunks(PIECE).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    let last = pieces.len() - 1;
    for (at, piece) in pieces.into_iter().enumerate() {
        let length = if at == last { whole.as_str() } else { "" };
        let packed = STANDARD.encode(piece);
        let arguments = [path, octal.as_str(), length, mark.as_str()];
        let (code, _, said) = script(fly, id, PUT, Some(&packed), &arguments).await?;
        if code != 0 {
            let why = said.lines().next().unwrap_or("no reason given").to_owned();
            return Err(error(
                Class::Failed,
                "fly::put-failed",
                format!("could not write `{path}` in `{}`: {why}", machine.name),
            ));
        }
    }
    Ok(())
}

/// Puts what a command shall read aside in the machine, and tells where.
pub(super) async fn put_aside(
    fly: &Fly,
    id: &Id,
    machine: &MachineRef,
    content: &[u8],
) -> Result<String, ProviderError> {
    let path = format!("/tmp/.sindri-{}", hex(&Random::system().bytes::<8>()));
    put_bytes(fly, id, machine, &path, 0o600, content).await?;
    Ok(path)
}

/// Gets a file out of a running machine.
pub(super) async fn get(
    fly: &Fly,
    machine: &MachineRef,
    path: &str,
) -> Result<Vec<u8>, ProviderError> {
    let id = Id::parse(&machine.id)?;
    let path = checked(path)?;
    let mut content: Vec<u8> = Vec::new();
    loop {
        let from = (content.len() + 1).to_string();
        let arguments = [path, from.as_str(), &PIECE.to_string()];
        let (code, printed, said) = script(fly, &id, GET, None, &arguments).await?;
        let failed = |why: &str| {
            error(
                Class::Failed,
                "fly::get-failed",
                format!("could not read `{path}` in `{}`: {why}", machine.name),
            )
        };
        match code {
            0 => {}
            44 => {
                return Err(error(
                    Class::NotFound,
                    "fly::file-missing",
                    format!("there is no `{path}` in `{}`", machine.name),
                ));
            }
            _ => return Err(failed(said.trim())),
        }
        let (length, packed) = printed
            .trim_start()
            .split_once('\n')
            .unwrap_or((&printed, ""));
        let length: usize = length
            .trim()
            .parse()
            .map_err(|_| failed("its length isn't told"))?;
        if length > LARGEST {
            return Err(error(
                Class::Invalid,
                "fly::file-too-large",
                format!("`{path}` is larger than 16 MiB"),
            ));
        }
        let packed: Vec<u8> = packed
            .bytes()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        let piece = STANDARD
            .decode(&packed)
            .map_err(|cause| failed("a piece was cut short").source(cause))?;
        let ends = piece.is_empty();
        content.extend(piece);
        if content.len() >= length {
            return Ok(content);
        }
        if ends {
            return Err(failed("it became shorter meanwhile"));
        }
    }
}
