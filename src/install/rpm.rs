//! Fedora's and openSUSE's packages, and the repositories they come from.

use super::apt::{KEYS, ROOT};
use super::quote::{add, quote, words};
use super::step::{Unbuilt, file_name};
use crate::catalog::{Manifest, RpmPackages, RpmRepository};

const FUNCTIONS: &str = concat!(include_str!("shell/root.sh"), include_str!("shell/rpm.sh"));

/// Who installs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Fedora's.
    Dnf,
    /// openSUSE's.
    Zypper,
}

impl Tool {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
        }
    }

    /// Where its repositories lie.
    fn folder(self) -> &'static str {
        match self {
            Self::Dnf => "/etc/yum.repos.d",
            Self::Zypper => "/etc/zypp/repos.d",
        }
    }
}

/// The script that installs what is missing of the packages, and the groups or patterns.
pub(super) fn script(
    manifest: &Manifest,
    tool: Tool,
    packages: &RpmPackages,
) -> Result<String, Unbuilt> {
    let name = tool.name();
    let mut text = format!("tool={name}\nfresh=\n{FUNCTIONS}");
    if packages.names.is_empty() {
        text.push_str("set --\n");
    } else {
        add(
            &mut text,
            &format!(
                "set --\nfor package in {}; do has \"$package\" || set -- \"$@\" \"$package\"; done\n",
                words(&packages.names)
            ),
        );
    }
    if packages.groups.is_empty() && !packages.names.is_empty() {
        text.push_str("[ $# -gt 0 ] || { : >\"$SINDRI_JOB/found\" && exit 0; }\n");
    }
    add(
        &mut text,
        &format!("on_this_host {name} \"$@\" {}\n", words(&packages.groups)),
    );
    if !packages.repositories.is_empty() {
        text.push_str(KEYS);
    }
    for (index, repository) in packages.repositories.iter().enumerate() {
        text.push_str(&added(manifest, repository, index)?);
    }
    text.push_str(if packages.update_first {
        "refresh\n"
    } else {
        "if [ -n \"$fresh\" ]; then refresh; fi\n"
    });
    if !packages.groups.is_empty() {
        let groups = words(&packages.groups);
        let call = match tool {
            Tool::Dnf => format!("packages group install {groups} || exit\n"),
            Tool::Zypper => {
                format!("packages install --no-recommends -t pattern -- {groups} || exit\n")
            }
        };
        text.push_str(&call);
    }
    text.push_str(
        "[ $# -gt 0 ] || exit 0
for package; do
  if [ -n \"$SINDRI_RENEW\" ] && installed \"$package\"; then continue; fi
  brings rpm \"$package\"
done
",
    );
    text.push_str(match tool {
        Tool::Dnf => {
            "packages install -- \"$@\" || exit
if [ -n \"$SINDRI_RENEW\" ]; then packages reinstall -- \"$@\"; fi
"
        }
        Tool::Zypper => "packages install --no-recommends ${SINDRI_RENEW:+--force} -- \"$@\"\n",
    });
    Ok(text)
}

fn added(manifest: &Manifest, repository: &RpmRepository, index: usize) -> Result<String, Unbuilt> {
    let name = file_name(repository.name.as_deref(), manifest, index);
    match (&repository.gpg_key, &repository.fingerprint) {
        (Some(key), Some(fingerprint)) => Ok(format!(
            "repository {name} {} {} {fingerprint}\n",
            quote(&repository.base_url),
            quote(key)
        )),
        (Some(_) | None, Some(_) | None) => Err(Unbuilt::Fingerprint(name)),
    }
}

/// Removes those of the packages that this extension brought and no other extension did.
pub(super) fn removal(tool: Tool, packages: &[String]) -> String {
    remove(tool, &words(packages))
}

/// Removes all packages that this extension brought and no other extension did, at once.
pub(super) fn removal_of_all(tool: Tool) -> String {
    let list = "\"$SINDRI_BASE/rpm/$SINDRI_EXTENSION\"";
    let script = remove(tool, &format!("$(cat {list})"));
    format!("if [ -s {list} ]; then\n{script}fi\n")
}

/// Removes packages, whose names are words of the shell.
fn remove(tool: Tool, names: &str) -> String {
    let call = match tool {
        Tool::Dnf => "$as_root dnf -y remove -- \"$@\"",
        Tool::Zypper => {
            "$as_root env ZYPP_LOCK_TIMEOUT=300 zypper --non-interactive remove -- \"$@\""
        }
    };
    format!(
        "{ROOT}set --
for package in {names}; do
  if ours rpm \"$package\"; then set -- \"$@\" \"$package\"; fi
done
if [ $# -gt 0 ]; then
  {call}
  case $? in
    0 | 102 | 103 | 107) ;;
    *) exit 1 ;;
  esac
fi
forget rpm {names}
"
    )
}

/// The files that repositories get.
pub(super) fn sources(manifest: &Manifest, packages: &RpmPackages) -> Vec<String> {
    let named = packages.repositories.iter().enumerate();
    named
        .map(|(index, one)| file_name(one.name.as_deref(), manifest, index))
        .collect()
}

/// Takes away the repositories of these files that this extension added and no other one uses.
pub(super) fn without(tool: Tool, sources: &[String]) -> String {
    let names = words(sources);
    format!(
        "{ROOT}for name in {names}; do
  if ours rpm-sources \"$name\"; then
    $as_root rm -f \"{folder}/$name.repo\" \"/etc/pki/rpm-gpg/$name.asc\"
  fi
  forget rpm-sources \"$name\"
done
",
        folder = tool.folder()
    )
}
