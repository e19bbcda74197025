//! Downloads: where they come from, and the checksum without which nothing is installed.

use super::super::finding::Finding;
use super::super::step::{Download, DownloadSource, Extract};
use super::super::text::{DownloadText, SourceKind, SourceText};
use super::Lowering;

impl Lowering {
    pub(super) fn download(&mut self, at: &str, text: DownloadText) -> Option<Download> {
        self.file_name(&format!("{at}/name"), &text.name);
        let sha256 = self.checksum(at, &text)?;
        let source = self.source(&format!("{at}/source"), text.source)?;
        let extract = match (text.member, text.extract) {
            (Some(member), _) => Extract::Member(self.target(&format!("{at}/member"), member)),
            (None, true) => Extract::All,
            (None, false) => Extract::No,
        };
        Some(Download {
            name: text.name,
            source,
            sha256,
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

    fn source(&mut self, at: &str, text: SourceText) -> Option<DownloadSource> {
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
            SourceKind::DirectUrl => self.needed(at, "url", text.url).map(DownloadSource::Url),
            SourceKind::GithubRelease => Some(DownloadSource::GithubRelease {
                url: self.needed(at, "url", text.url)?,
                asset: text.asset,
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
