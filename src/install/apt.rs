//! Debian packages, and the repositories they come from.

use super::quote::{add, quote, words};
use super::step::{Unbuilt, file_name};
use crate::catalog::{AptRepository, Manifest};

const FUNCTIONS: &str = concat!(include_str!("shell/root.sh"), include_str!("shell/apt.sh"));
/// What fetches a key and verifies it.
pub(super) const KEYS: &str = concat!(include_str!("shell/fetch.sh"), include_str!("shell/key.sh"));

/// The script that installs what is missing of the packages.
pub(super) fn script(
    manifest: &Manifest,
    packages: &[String],
    repositories: &[AptRepository],
    update_first: bool,
) -> Result<String, Unbuilt> {
    let mut text = String::from(FUNCTIONS);
    let missing = format!(
        "set --
for package in {}; do has \"$package\" || set -- \"$@\" \"$package\"; done
",
        words(packages)
    );
    if packages.is_empty() {
        text.push_str("set -- \n");
    } else {
        text.push_str(&missing);
        text.push_str("[ $# -gt 0 ] || { : >\"$SINDRI_JOB/found\" && exit 0; }\n");
    }
    text.push_str("on_this_host apt \"$@\"\nmend\n");
    if !repositories.is_empty() {
        text.push_str(KEYS);
        text.push_str("this_machine\n");
    }
    for (index, one) in repositories.iter().enumerate() {
        text.push_str(&repository(manifest, one, index)?);
    }
    // Without being asked to, lists are fetched where there are none, and where one was added.
    let update = if update_first {
        "update\n"
    } else {
        "if [ -n \"$strict\" ] || [ -z \"$(ls /var/lib/apt/lists 2>/dev/null)\" ]; then update; fi\n"
    };
    text.push_str(update);
    if packages.is_empty() {
        return Ok(text);
    }
    text.push_str(
        "for package; do ours_now \"$package\"; done
apt install -y --no-install-recommends ${SINDRI_RENEW:+--reinstall} -- \"$@\" && exit 0
code=$?
# The next try fetches the lists again: they may name what the mirror no longer has.
rm -f \"$lists\"
exit \"$code\"
",
    );
    Ok(text)
}

fn repository(
    manifest: &Manifest,
    repository: &AptRepository,
    index: usize,
) -> Result<String, Unbuilt> {
    let name = file_name(repository.name.as_deref(), manifest, index);
    let fingerprint = repository
        .fingerprint
        .as_ref()
        .ok_or_else(|| Unbuilt::Fingerprint(name.clone()))?;
    let mut text = format!("keyring=/etc/apt/keyrings/{name}.gpg\n: >\"$work/line\"\n");
    for line in repository
        .sources
        .lines()
        .filter(|line| !line.trim().is_empty())
    {
        add(
            &mut text,
            &format!(
                "printf '%s\\n' {} >>\"$work/line\"\n",
                filled(&signed(line.trim()))
            ),
        );
    }
    add(
        &mut text,
        &format!(
            "repository {name} {} {fingerprint}\n",
            quote(&repository.gpg_key)
        ),
    );
    Ok(text)
}

/// A line of sources that names our key, and no other.
fn signed(line: &str) -> String {
    let Some((kind, rest)) = line.split_once(' ') else {
        return line.to_owned();
    };
    let rest = rest.trim_start();
    let Some((options, rest)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return format!("{kind} [signed-by={{key}}] {rest}");
    };
    let kept: String = options
        .split_whitespace()
        .filter(|option| !option.to_ascii_lowercase().starts_with("signed-by"))
        .flat_map(|option| [" ", option])
        .collect();
    format!("{kind} [signed-by={{key}}{kept}] {}", rest.trim_start())
}

/// A line as a shell word, its placeholders the machine's variables.
fn filled(line: &str) -> String {
    let mut word = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        let variable = match name {
            "codename" => "\"$codename\"",
            "distro" => "\"$distro\"",
            "arch" => "\"$arch\"",
            "key" => "\"$keyring\"",
            _ => "",
        };
        if !before.is_empty() {
            word.push_str(&quote(before));
        }
        word.push_str(variable);
        rest = after;
    }
    if !rest.is_empty() || word.is_empty() {
        word.push_str(&quote(rest));
    }
    word
}

/// Removes those of the packages that this extension brought and no other extension did.
pub(super) fn removal(packages: &[String], purge: bool) -> String {
    let names = packages.iter().map(|p| p.split('=').next().unwrap_or(p));
    remove(&words(names), purge)
}

/// Removes all packages that this extension brought and no other extension did, at once.
pub(super) fn removal_of_all() -> String {
    let list = "\"$SINDRI_BASE/apt/$SINDRI_EXTENSION\"";
    let script = remove(&format!("$(cat {list})"), false);
    format!("if [ -s {list} ]; then\n{script}fi\n")
}

/// Removes packages, whose names are words of the shell.
fn remove(names: &str, purge: bool) -> String {
    let verb = if purge { "purge" } else { "remove" };
    format!(
        "{ROOT}set --
for package in {names}; do
  if ours apt \"$package\"; then set -- \"$@\" \"$package\"; fi
done
if [ $# -gt 0 ]; then
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \\
    -o Dpkg::Use-Pty=0 {verb} -y -- \"$@\" || exit
fi
forget apt {names}
"
    )
}

/// The files that repositories get.
pub(super) fn sources(manifest: &Manifest, repositories: &[AptRepository]) -> Vec<String> {
    let named = repositories.iter().enumerate();
    named
        .map(|(index, one)| file_name(one.name.as_deref(), manifest, index))
        .collect()
}

/// Takes away the repositories of these files that this extension added and no other one uses.
pub(super) fn without(sources: &[String]) -> String {
    let names = words(sources);
    format!(
        "{ROOT}for name in {names}; do
  if ours apt-sources \"$name\"; then
    $as_root rm -f \"/etc/apt/sources.list.d/$name.list\" \"/etc/apt/keyrings/$name.gpg\"
    rm -f \"$SINDRI_BASE/apt-lists\"
  fi
  forget apt-sources \"$name\"
done
"
    )
}

/// What every removal of system packages starts with.
pub(super) const ROOT: &str = include_str!("shell/root.sh");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_sources_names_our_key_and_no_other() {
        for (line, expected) in [
            ("deb https://a b c", "deb [signed-by={key}] https://a b c"),
            (
                "deb [arch=amd64 signed-by=/usr/share/x.gpg] https://a b c",
                "deb [signed-by={key} arch=amd64] https://a b c",
            ),
            (
                "deb [signed-by={key}] https://a/{distro} {codename} main",
                "deb [signed-by={key}] https://a/{distro} {codename} main",
            ),
        ] {
            assert_eq!(signed(line), expected);
        }
        assert_eq!(
            filled("deb [signed-by={key}] https://a/{distro}"),
            "'deb [signed-by='\"$keyring\"'] https://a/'\"$distro\""
        );
        assert_eq!(filled("it's $HOME"), "'it'\\''s $HOME'");
    }
}
