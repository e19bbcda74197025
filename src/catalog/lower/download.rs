//! Downloads: where they come from, and the checksum without which nothing is installed.

use super::super::finding::Finding;
use super::super::step::{Arch, Checksums, Download, DownloadSource, Extract};
use super::super::text::{ChecksumsText, DownloadText, SourceKind, SourceText};
use super::Lowering;

/// What a name or URL may leave to be filled in.
struct Blanks {
    version: Option<String>,
    arch: Option<Arch>,
}

impl Lowering {
    pub(super) fn download(&mut self, at: &str, text: DownloadText) -> Option<Download> {
        self.file_name(&format!("{at}/name"), &text.name);
        let sha256 = self.checksum(at, &text)?;
        let blanks = Blanks {
            version: text.source.version.clone(),
            arch: text.arch,
        };
        let checksums = text.checksums.map(|list| {
            self.checksums(&format!("{at}/checksums"), text.source.kind, list, &blanks)
        });
        let source = self.source(&format!("{at}/source"), text.source, &blanks)?;
        let extract = match (text.member, text.extract) {
            (Some(member), _) => {
                let at = format!("{at}/member");
                let member = self.fill(&at, member, &blanks);
                Extract::Member(self.target(&at, member))
            }
            (None, true) => Extract::All,
            (None, false) => Extract::No,
        };
        Some(Download {
            name: text.name,
            source,
            sha256,
            checksums: checksums.flatten(),
            destination: text
                .destination
                .map(|path| self.target(&format!("{at}/destination"), path)),
            extract,
            arch: text.arch,
        })
    }

    /// The checksum; the outer `None` where it is wrong, the inner where a v3 manifest has none.
    #[expect(clippy::option_option, reason = "wrong and absent are two answers")]
    fn checksum(&mut self, at: &str, text: &DownloadText) -> Option<Option<String>> {
        let said = text.sha256.as_ref().or(text.source.sha256.as_ref());
        if said.is_none() && text.checksums.is_some() {
            return Some(None);
        }
        match (said, text.source.kind) {
            (Some(sum), _) if sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Some(Some(sum.to_ascii_lowercase()))
            }
            (Some(sum), _) => {
                self.findings.push(
                    Finding::error(
                        &format!("{at}/sha256"),
                        "catalog::bad-checksum",
                        format!("`{}` is not a SHA-256 checksum", sum.escape_debug()),
                    )
                    .help("write its 64 hexadecimal digits, as `sha256sum` prints them"),
                );
                None
            }
            (None, SourceKind::Npm | SourceKind::Pypi) => {
                self.findings.push(
                    Finding::error(
                        at,
                        "catalog::no-checksum",
                        format!(
                            "the download of `{}` has no checksum",
                            text.name.escape_debug()
                        ),
                    )
                    .help("add `sha256:` with the output of `sha256sum`"),
                );
                None
            }
            (None, SourceKind::DirectUrl | SourceKind::GithubRelease) => {
                self.findings.push(
                    Finding::warning(
                        at,
                        "catalog::no-checksum",
                        format!(
                            "the download of `{}` has no checksum, so it can't be installed",
                            text.name.escape_debug()
                        ),
                    )
                    .help("add `sha256:` with the output of `sha256sum`"),
                );
                Some(None)
            }
        }
    }

    /// Where the publisher's own list of checksums is.
    fn checksums(
        &mut self,
        at: &str,
        kind: SourceKind,
        text: ChecksumsText,
        blanks: &Blanks,
    ) -> Option<Checksums> {
        let mut refuse = |summary: &str, help: &str| {
            self.findings
                .push(Finding::error(at, "catalog::bad-checksum", summary).help(help.to_owned()));
        };
        match (text.asset, text.url) {
            (Some(asset), None) if kind == SourceKind::GithubRelease => {
                self.file_name(&format!("{at}/asset"), &asset);
                let asset = self.fill(&format!("{at}/asset"), asset, blanks);
                Some(Checksums::Asset(asset))
            }
            (Some(_), None) => {
                refuse(
                    "only a release has an asset with its checksums",
                    "name the list by `url`",
                );
                None
            }
            (None, Some(url)) if url.starts_with("https://") => {
                self.word(&format!("{at}/url"), &url);
                Some(Checksums::Url(self.fill(&format!("{at}/url"), url, blanks)))
            }
            (None, Some(_)) => {
                refuse(
                    "a list of checksums that anybody on the way can change proves nothing",
                    "name it by a URL that begins with https://",
                );
                None
            }
            (Some(_), Some(_)) | (None, None) => {
                refuse(
                    "there is one list of checksums, or none",
                    "give either `asset` or `url`",
                );
                None
            }
        }
    }

    /// Fills in `{version}` and `{arch}`.
    fn fill(&mut self, at: &str, text: String, blanks: &Blanks) -> String {
        if !text.contains('{') {
            return text;
        }
        let mut known = Vec::new();
        let mut filled = text.clone();
        if let Some(version) = &blanks.version {
            known.extend(["version", "tag"]);
            filled = filled
                .replace("{version}", version.strip_prefix('v').unwrap_or(version))
                .replace("{tag}", version);
        }
        if let Some(arch) = blanks.arch {
            known.push("arch");
            filled = filled.replace("{arch}", arch.as_str());
        }
        self.placeholders(at, &text, &known);
        filled
    }

    fn source(&mut self, at: &str, text: SourceText, blanks: &Blanks) -> Option<DownloadSource> {
        for (field, value) in [
            ("url", &text.url),
            ("asset", &text.asset),
            ("version", &text.version),
            ("package", &text.package),
            ("file", &text.file),
        ] {
            if let Some(value) = value {
                self.word(&format!("{at}/{field}"), value);
            }
        }
        match text.kind {
            SourceKind::DirectUrl => {
                let url = self.needed(at, "url", text.url)?;
                Some(DownloadSource::Url(self.fill(
                    &format!("{at}/url"),
                    url,
                    blanks,
                )))
            }
            SourceKind::GithubRelease => Some(DownloadSource::GithubRelease {
                url: {
                    let url = self.needed(at, "url", text.url)?;
                    self.repository(&format!("{at}/url"), &url)?
                },
                asset: text.asset.map(|asset| {
                    let at = format!("{at}/asset");
                    self.file_name(&at, &asset);
                    self.fill(&at, asset, blanks)
                }),
                version: text.version.unwrap_or_else(|| "latest".to_owned()),
            }),
            SourceKind::Npm => Some(DownloadSource::Npm {
                package: self.needed(at, "package", text.package)?,
                version: self.needed(at, "version", text.version)?,
            }),
            SourceKind::Pypi => {
                let package = self.needed(at, "package", text.package)?;
                let version = self.needed(at, "version", text.version)?;
                let file = self.needed(at, "file", text.file)?;
                self.file_name(&format!("{at}/file"), &file);
                Some(DownloadSource::Pypi {
                    package,
                    version,
                    file,
                })
            }
        }
    }

    /// The URL of a repository, without what people add to it.
    fn repository(&mut self, at: &str, url: &str) -> Option<String> {
        let plain = url.trim_end_matches('/').trim_end_matches(".git");
        let parts = plain.strip_prefix("https://").map(|rest| {
            rest.split('/')
                .filter(|part| !part.is_empty() && *part != "." && *part != "..")
                .count()
        });
        if parts == Some(3) {
            return Some(plain.to_owned());
        }
        self.findings.push(
            Finding::error(
                at,
                "catalog::bad-url",
                format!("`{}` is not a repository", url.escape_debug()),
            )
            .help("write https://github.com/owner/repository"),
        );
        None
    }

    fn needed(&mut self, at: &str, field: &str, value: Option<String>) -> Option<String> {
        if value.is_none() {
            self.findings.push(Finding::error(
                at,
                "catalog::missing-field",
                format!("a source of this type needs `{field}`"),
            ));
        }
        value
    }

    /// A name that becomes a file's, so that it must hold no path.
    pub(super) fn file_name(&mut self, at: &str, name: &str) {
        if name.contains(['/', '\\']) || name == "." || name == ".." {
            self.findings.push(Finding::error(
                at,
                "catalog::path-escapes",
                format!("`{}` is a path where a name is wanted", name.escape_debug()),
            ));
        } else {
            self.word(at, name);
        }
    }
}
