//! The scripts that wrap what runs in a machine of its own file system, whoever runs it.

use super::TerminalSize;
use crate::resource::MachineSpec;

/// Enters the directory given first (home if empty), exports the secrets if the second word says
/// so, and becomes the command that follows. Secrets pass through the shell's memory, never through
/// an argument; a trailing newline is kept, which `$(…)` alone would drop. A file whose name is no
/// variable's, such as one left half written, is passed over: exporting it would end the shell.
const WRAP: &str = r#"d=$1; s=$2; shift 2
if [ -n "$d" ]; then cd "$d" || exit 126; else cd "${HOME:-/}" 2>/dev/null || cd /; fi
if [ "$s" = secrets ]; then
for f in /run/secrets/*; do
case ${f##*/} in [0-9]*|*[!A-Za-z0-9_]*) continue ;; esac
[ -f "$f" ] && v=$(cat "$f"; printf x) && export "${f##*/}=${v%x}"
done
fi
unset d s f v
exec "$@""#;

/// Becomes the best shell there is, as a login shell, so that profiles set their paths; runs the
/// line given first, if any.
const SHELL: &str = r#"[ -n "$2" ] && stty rows "$2" cols "$3" 2>/dev/null
if command -v bash >/dev/null 2>&1; then set -- "$1" bash; else set -- "$1" sh; fi
if [ -n "$1" ]; then exec "$2" -lc "$1"; else exec "$2" -l; fi"#;

/// Kills every process that carries a mark in its environment; passes twice over, for those that
/// were being born.
const KILL: &str = r#"for round in 1 2 3; do
for p in /proc/[0-9]*; do
if tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -qx "$1"; then kill -9 "${p#/proc/}" 2>/dev/null; fi
done
done"#;

/// The variable that marks a command's processes, so that a timeout finds all of them.
pub(super) const MARK: &str = "SINDRI_EXEC";

/// Where a command runs that names no directory: the workspace, else home (empty).
pub(super) fn workspace(machine: &MachineSpec) -> &str {
    machine
        .mounts
        .iter()
        .find(|mount| mount.volume.as_str() == "workspace")
        .map_or("", |mount| mount.path.as_str())
}

/// A command line that runs another one in a directory, with the machine's secrets or without.
pub(super) fn wrapped<'a>(
    directory: &'a str,
    secrets: bool,
    argv: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    ["/bin/sh", "-c", WRAP, "sindri", directory]
        .into_iter()
        .chain([if secrets { "secrets" } else { "plain" }])
        .chain(argv)
        .map(ToOwned::to_owned)
        .collect()
}

/// A person's session: the line given, else a login shell.
pub(super) fn session(
    machine: &MachineSpec,
    line: Option<&str>,
    terminal: Option<TerminalSize>,
) -> Vec<String> {
    let (rows, columns) = terminal.map_or_else(Default::default, |size| {
        (size.rows.to_string(), size.columns.to_string())
    });
    let argv = [
        "/bin/sh",
        "-c",
        SHELL,
        "sindri",
        line.unwrap_or(""),
        &rows,
        &columns,
    ];
    wrapped(workspace(machine), true, argv)
}

/// Kills what a marked command left running.
pub(super) fn kill(mark: &str) -> Vec<String> {
    let pattern = format!("{MARK}={mark}");
    ["/bin/sh", "-c", KILL, "sindri", &pattern]
        .map(ToOwned::to_owned)
        .to_vec()
}
