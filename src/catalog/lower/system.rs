//! System packages.

use super::super::finding::Finding;
use super::super::step::{Action, AptRepository, RpmPackages, RpmRepository, Step};
use super::super::text::{AptText, RpmText};
use super::Lowering;
use super::install::Frame;

impl Lowering {
    pub(super) fn apt(&mut self, at: &str, text: AptText, frame: &Frame) -> Vec<Step> {
        let packages = self.words(&format!("{at}/packages"), text.packages);
        if packages.is_empty() && text.repositories.is_empty() {
            return Vec::new();
        }
        let mut repositories = Vec::new();
        for (index, repository) in text.repositories.into_iter().enumerate() {
            let at = format!("{at}/repositories/{index}");
            if let Some(name) = &repository.name {
                self.file_name(&format!("{at}/name"), name);
            }
            self.url(&format!("{at}/gpgKey"), &repository.gpg_key);
            self.sources(&format!("{at}/sources"), &repository.sources);
            if repository.fingerprint.is_none() {
                self.no_fingerprint(&at, &repository.gpg_key);
            }
            repositories.push(AptRepository {
                name: repository.name,
                fingerprint: self.fingerprint(&at, repository.fingerprint),
                gpg_key: repository.gpg_key,
                sources: repository.sources,
            });
        }
        let tool = if packages.is_empty() {
            "apt repositories".to_owned()
        } else {
            packages.join(" ")
        };
        vec![frame.step(
            tool,
            Action::Apt {
                packages,
                repositories,
                update_first: text.update_first,
            },
        )]
    }

    pub(super) fn rpm(&mut self, at: &str, text: RpmText) -> RpmPackages {
        let mut repositories = Vec::new();
        for (index, repository) in text.repositories.into_iter().enumerate() {
            let at = format!("{at}/repositories/{index}");
            if let Some(name) = &repository.name {
                self.file_name(&format!("{at}/name"), name);
            }
            self.url(&format!("{at}/baseUrl"), &repository.base_url);
            if let Some(key) = &repository.gpg_key {
                self.url(&format!("{at}/gpgKey"), key);
            }
            if repository.fingerprint.is_none() {
                let key = repository.gpg_key.as_deref();
                self.no_fingerprint(&at, key.unwrap_or(&repository.base_url));
            }
            repositories.push(RpmRepository {
                name: repository.name,
                fingerprint: self.fingerprint(&at, repository.fingerprint),
                gpg_key: repository.gpg_key,
                base_url: repository.base_url,
            });
        }
        let mut groups = self.words(&format!("{at}/groups"), text.groups);
        groups.extend(self.words(&format!("{at}/patterns"), text.patterns));
        RpmPackages {
            names: self.words(&format!("{at}/packages"), text.packages),
            repositories,
            groups,
            update_first: text.update_first,
        }
    }

    /// A URL that a machine fetches.
    fn url(&mut self, at: &str, url: &str) {
        self.word(at, url);
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            self.findings.push(
                Finding::error(
                    at,
                    "catalog::bad-url",
                    format!("`{}` is not a URL", url.escape_debug()),
                )
                .help("it begins with https://"),
            );
        }
    }

    /// The fingerprint of a key, in one spelling.
    fn fingerprint(&mut self, at: &str, said: Option<String>) -> Option<String> {
        let said = said?;
        let plain: String = said.chars().filter(|c| !c.is_whitespace()).collect();
        let plain = plain.to_ascii_uppercase();
        if matches!(plain.len(), 40 | 64) && plain.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(plain);
        }
        self.findings.push(
            Finding::error(
                &format!("{at}/fingerprint"),
                "catalog::bad-fingerprint",
                format!("`{}` is not a key's fingerprint", said.escape_debug()),
            )
            .help("write its 40 hexadecimal digits, as `gpg --show-keys` prints them"),
        );
        None
    }

    fn no_fingerprint(&mut self, at: &str, key: &str) {
        self.findings.push(
            Finding::warning(
                at,
                "catalog::no-fingerprint",
                format!("the key `{key}` has no fingerprint, so its repository can't be added"),
            )
            .help("add `fingerprint:`, as `gpg --show-keys` prints it for the key"),
        );
    }

    /// The lines of a list of sources: repositories whose signatures are checked, nothing else.
    fn sources(&mut self, at: &str, text: &str) {
        self.no_nul(at, text);
        self.placeholders(at, text, &["codename", "distro", "arch", "key"]);
        let mut refuse = |summary: String| {
            self.findings.push(
                Finding::error(at, "catalog::bad-source", summary)
                    .help("write `deb [signed-by={key}] https://host/path {codename} main`"),
            );
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if !(line.starts_with("deb ") || line.starts_with("deb-src ")) {
                refuse(format!("`{}` is not a `deb` line", line.escape_debug()));
            }
            let lower = line.to_ascii_lowercase();
            if ["trusted=", "allow-insecure=", "allow-weak="]
                .iter()
                .any(|word| lower.contains(word))
            {
                refuse("the line would have packages installed that nobody signed".to_owned());
            }
        }
    }
}
