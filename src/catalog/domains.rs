//! The hosts that an installation names, and those that a part of it needs.

use super::ground::Network;
use super::manifest::Manifest;
use super::step::{Action, Checksums, Download, DownloadSource, Step};

/// The files of GitHub's releases lie on a host of their own.
const RELEASES: &str = "https://release-assets.githubusercontent.com/";

impl Manifest {
    /// The domains that these tools of it are installed from; no tools named means all.
    ///
    /// A domain is left out when nothing but the steps of other tools names it. What a package
    /// manager reaches by itself is named nowhere, so it stays.
    pub fn domains_of<'a>(&'a self, tools: &[String]) -> Vec<&'a str> {
        let declared = self.requirements.domains.iter().map(String::as_str);
        if tools.is_empty() {
            return declared.collect();
        }
        let (chosen, rest): (Vec<&Step>, Vec<&Step>) = self
            .steps
            .iter()
            .partition(|step| tools.contains(&step.tool));
        let scripts = |steps: &[&Step]| -> Vec<String> {
            let paths = steps.iter().filter_map(|step| script(step));
            paths.map(str::to_owned).collect()
        };
        let (kept, dropped) = (scripts(&chosen), scripts(&rest));
        let fetched = |steps: &[&Step]| -> Vec<String> {
            let reached = |step: &&Step| [urls(&step.action), redirected(&step.action)].concat();
            steps.iter().flat_map(reached).collect()
        };
        let (mut ours, mut others) = (fetched(&chosen), fetched(&rest));
        for (path, bytes) in self.files.iter() {
            let text = String::from_utf8_lossy(bytes).into_owned();
            if dropped.contains(path) && !kept.contains(path) {
                others.push(text);
            } else {
                ours.push(text);
            }
        }
        declared
            .filter(|domain| names(&ours, domain) || !names(&others, domain))
            .collect()
    }
}

/// Where a download is sent on to, beside the address it is asked for at.
fn redirected(action: &Action) -> Vec<String> {
    let Action::Binary { downloads } = action else {
        return Vec::new();
    };
    let of_release = |one: &Download| matches!(one.source, DownloadSource::GithubRelease { .. });
    let sent_on = downloads.iter().any(of_release);
    sent_on.then(|| RELEASES.to_owned()).into_iter().collect()
}

fn script(step: &Step) -> Option<&str> {
    match &step.action {
        Action::Script { path, .. } => Some(path),
        Action::Apt { .. }
        | Action::Npm { .. }
        | Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Mise { .. }
        | Action::Binary { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. } => None,
    }
}

/// Whether one of these texts names a host of a domain, which may be a pattern.
fn names(texts: &[String], domain: &str) -> bool {
    let covers = Network {
        open: true,
        allowed: vec![domain.to_owned()],
        blocked: Vec::new(),
    };
    texts
        .iter()
        .any(|text| named(text).any(|(host, at)| !in_comment(text, at) && covers.reaches(host)))
}

/// The addresses that a step has fetched.
pub(super) fn urls(action: &Action) -> Vec<String> {
    let mut urls = Vec::new();
    match action {
        Action::Binary { downloads } => {
            for download in downloads {
                match &download.source {
                    DownloadSource::Url(url) | DownloadSource::GithubRelease { url, .. } => {
                        urls.push(url.clone());
                    }
                    DownloadSource::Npm { .. } | DownloadSource::Pypi { .. } => {}
                }
                if let Some(Checksums::Url(url)) = &download.checksums {
                    urls.push(url.clone());
                }
            }
        }
        Action::Apt { repositories, .. } => {
            for one in repositories {
                urls.extend([one.gpg_key.clone(), one.sources.clone()]);
            }
        }
        Action::Dnf { packages } | Action::Zypper { packages } => {
            for one in &packages.repositories {
                urls.extend(one.gpg_key.clone());
                urls.push(one.base_url.clone());
            }
        }
        Action::Npm { .. }
        | Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Mise { .. }
        | Action::Script { .. } => {}
    }
    urls
}

/// The hosts of all addresses in a text, each with where it begins.
pub(super) fn named(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.match_indices("://").filter_map(move |(at, sign)| {
        let scheme = &text[..at];
        if !scheme.ends_with("http") && !scheme.ends_with("https") {
            return None;
        }
        let start = at + sign.len();
        let rest = &text[start..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
            .unwrap_or(rest.len());
        let host = &rest[..end];
        // What a variable begins or ends is known to the machine only.
        let is_whole = !rest[end..].starts_with(['$', '{', '@']);
        (is_whole && host.contains('.')).then_some((host, start))
    })
}

/// Whether a place in a script lies in a comment.
pub(super) fn in_comment(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[start..].trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_of_addresses() {
        let text = "curl https://a.example.com/x http://127.0.0.1:80/ https://$HOST/ \
                    ftp://c.example.com https://api.${REGION}.example.com https://d.example.com";
        let hosts: Vec<&str> = named(text).map(|(host, _)| host).collect();
        assert_eq!(hosts, ["a.example.com", "127.0.0.1", "d.example.com"]);
        assert!(in_comment("x\n  # https://a.example.com", 15));
        assert!(!in_comment("# y\nhttps://a.example.com", 12));
    }
}
