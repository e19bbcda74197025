//! What a machine remembers of an extension: how what its steps brought goes away again, and how its
//! manifest wants it removed, as of the version that is installed.
//!
//! Whoever upgrades or removes it later needn't have that version: neither the catalog nor a lock that
//! came from somebody else may know it any more.

use super::quote::{add, path, quote};
use super::rpm::Tool;
use super::step;
use super::{apt, drop, mise, rpm};
use crate::catalog::{Action, Download, Extract, Manifest, RpmPackages, Step};
use crate::digest::Digest;

/// Something that a step brings, and that goes away by itself.
pub(super) struct Item {
    /// Names it in every version that brings it.
    pub(super) key: String,
    /// The script that takes it away.
    pub(super) undo: String,
}

/// What a step brings; of a script's effect what the steps of its tool say of its going. The tools of
/// mise come first.
pub(super) fn items(manifest: &Manifest, step: &Step) -> Vec<Item> {
    let mut items = brought(manifest, &step.action);
    items.push(item(
        "tool",
        &step.tool,
        format!(":\n{}", drop::deleted(manifest, &step.tool)),
    ));
    items
}

fn brought(manifest: &Manifest, action: &Action) -> Vec<Item> {
    match action {
        Action::Apt {
            packages,
            repositories,
            update_first: _,
        } => {
            let names = packages.iter().map(|p| p.split('=').next().unwrap_or(p));
            let packages = names.map(|name| {
                let undo = apt::removal(&[name.to_owned()], false);
                item("apt-package", name, undo)
            });
            let sources = apt::sources(manifest, repositories);
            let sources = sources.into_iter().map(|name| {
                let undo = apt::without(std::slice::from_ref(&name));
                item("apt-source", &name, undo)
            });
            packages.chain(sources).collect()
        }
        Action::Dnf { packages } => rpms(manifest, Tool::Dnf, packages),
        Action::Zypper { packages } => rpms(manifest, Tool::Zypper, packages),
        Action::Mise { tools, .. } => {
            let tools = tools.iter().map(|tool| {
                let undo = mise::removal(std::slice::from_ref(tool), false);
                item(LATE, tool, undo)
            });
            let config = item("mise-config", "", mise::removal(&[], true));
            tools.chain([config]).collect()
        }
        Action::Npm { packages } => packages
            .iter()
            .map(|spec| {
                let (name, _) = step::npm_package(spec);
                let undo = format!(
                    "npm uninstall --global --prefix \"$HOME/.local\" --no-fund --no-audit -- {}\n",
                    quote(name)
                );
                item("npm", name, undo)
            })
            .collect(),
        Action::Pip { packages } => pip(manifest, packages),
        Action::Cargo { crate_, .. } => {
            let undo = format!(
                "{}cargo uninstall --root \"$HOME/.local\" -- {}\n",
                step::CARGO,
                quote(crate_)
            );
            vec![item("cargo", crate_, undo)]
        }
        Action::Binary { downloads } => downloads.iter().map(binary).collect(),
        Action::Script { .. } => Vec::new(),
    }
}

/// What goes away after the new version has come, and not before: until then it is in use.
const LATE: &str = "mise-tool";

/// The name of the thing is part of the key as far as a file's name may have it, and wholly by its
/// digest.
fn item(kind: &str, name: &str, undo: String) -> Item {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    let digest = Digest::of_bytes(name.as_bytes());
    let short = digest.short().get(..8).unwrap_or_default();
    Item {
        key: format!("{kind}-{plain}-{short}"),
        undo,
    }
}

fn rpms(manifest: &Manifest, tool: Tool, packages: &RpmPackages) -> Vec<Item> {
    let names = packages.names.iter().map(|name| {
        let undo = rpm::removal(tool, std::slice::from_ref(name));
        item(&format!("{}-package", tool.name()), name, undo)
    });
    let sources = rpm::sources(manifest, packages);
    let sources = sources.into_iter().map(|name| {
        let undo = rpm::without(tool, std::slice::from_ref(&name));
        item("rpm-source", &name, undo)
    });
    names.chain(sources).collect()
}

/// Each project, and the environment that holds them all, which comes first where all goes.
fn pip(manifest: &Manifest, packages: &[String]) -> Vec<Item> {
    let venv = format!(
        "venv=$HOME/.local/share/sindri/venv/{}
# unlinked CONDITION: drops commands that lead into the environment.
unlinked() {{
  for link in \"$HOME/.local/bin/\"*; do
    case $(readlink \"$link\") in
      \"$venv\"/*) if [ \"$1\" = all ] || [ ! -e \"$link\" ]; then rm -f \"$link\"; fi ;;
    esac
  done
}}
",
        quote(manifest.name.as_str())
    );
    let whole = item(
        "pip-environment",
        "",
        format!("{venv}unlinked all\nrm -rf \"$venv\"\n"),
    );
    let each = packages.iter().map(|requirement| {
        let project = step::pip_project(requirement);
        let undo = format!(
            "{venv}[ -x \"$venv/bin/python\" ] || exit 0
\"$venv/bin/python\" -m pip uninstall --yes --quiet --disable-pip-version-check -- {} || exit
unlinked broken
",
            quote(project)
        );
        item("pip-project", project, undo)
    });
    std::iter::once(whole).chain(each).collect()
}

fn binary(download: &Download) -> Item {
    let name = quote(&download.name);
    let undo = match (&download.destination, &download.extract) {
        (None, Extract::All) => format!("rm -rf \"$HOME\"/.local/share/sindri/opt/{name}\n"),
        (None, Extract::No | Extract::Member(_)) => format!("rm -f \"$HOME\"/.local/bin/{name}\n"),
        // A folder may hold more than ours: of it only the one file goes.
        (Some(to), _) => {
            let to = path(to);
            format!("if [ -d {to} ]; then rm -f {to}/{name}; else rm -f {to}; fi\n")
        }
    };
    let place = match (&download.destination, &download.extract) {
        (Some(to), _) => format!("{}:{to}", download.name),
        (None, Extract::All) => format!("{}:opt", download.name),
        (None, Extract::No | Extract::Member(_)) => download.name.clone(),
    };
    item("binary", &place, undo)
}

/// The script that takes away what an earlier version brought and this one doesn't, but for what is in
/// use until this one has come.
pub(super) fn dropped(manifest: &Manifest) -> String {
    let mut text = each(&format!(
        "case ${{one##*/}} in {LATE}-*) continue ;; esac
  grep -qxF -- \"${{one##*/}}\" \"$SINDRI_JOB/keep\" && continue
  "
    ));
    if manifest.configure.environment.is_empty() {
        let file = super::configure::profile(manifest.name.as_str());
        add(&mut text, &format!("rm -f {file}\n"));
    }
    text
}

/// The script that takes away the rest, once this version has come.
pub(super) fn outdated() -> String {
    each("grep -qxF -- \"${one##*/}\" \"$SINDRI_JOB/keep\" && continue\n  ")
}

/// The script that takes away all that the machine remembers.
pub(super) fn everything() -> String {
    // One call of a package manager instead of one for each package.
    let mut text = apt::removal_of_all();
    for tool in [Tool::Dnf, Tool::Zypper] {
        let any = format!(
            "\"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"/{}-package-*",
            tool.name()
        );
        let script = rpm::removal_of_all(tool);
        add(
            &mut text,
            &format!("if ls {any} >/dev/null 2>&1; then\n{script}fi\n"),
        );
    }
    text.push_str(&each(""));
    text.push_str("rm -rf \"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"\n");
    text
}

fn each(but: &str) -> String {
    format!(
        "for one in \"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"/*; do
  [ -f \"$one\" ] || continue
  {but}echo \"taking away ${{one##*/}}\"
  sh \"$one\" || exit
  rm -f \"$one\"
done
"
    )
}

/// The script that removes as the installed version's manifest wants it, where the machine knows; it
/// leaves a mark for those who would do so by another manifest.
pub(super) const AS_KEPT: &str = "\
kept=$SINDRI_BASE/installed/$SINDRI_EXTENSION
if [ -d \"$kept\" ]; then
  for one in \"$kept\"/steps/*; do
    [ -f \"$one\" ] || continue
    SINDRI_JOB=$kept sh \"$one\" || exit
  done
  : >\"$SINDRI_JOB/as-kept\"
  rm -rf \"$kept\"
fi
";

/// What a step that goes by another manifest begins with.
pub(super) const UNLESS_KEPT: &str = "[ ! -f \"$SINDRI_JOB/as-kept\" ] || exit 0\n";

/// What stands ready again after a removal, for the version that comes.
pub(super) const READY: &str = "mkdir -p \"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"\n";
