//! Where a secret's value comes from.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::Value;
use super::dotenv::Dotenv;
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{SecretSource, SecretSpec};
use crate::sys::Environment;

/// The most a secret's value may hold, in bytes.
const VALUE_MAX: usize = 1 << 20;

/// The files looked into for every `env` secret, the first one first.
const DOTENV_FILES: [&str; 2] = [".env.local", ".env"];

/// One secret of one machine to be resolved.
#[derive(Clone, Copy, Debug)]
pub struct SecretQuestion<'a> {
    /// The machine it is for.
    pub machine: &'a Name,
    /// Its name, and so the variable's.
    pub name: &'a Name,
    /// Where its value comes from.
    pub spec: &'a SecretSpec,
}

/// What could be resolved here, and what a person should know about the rest.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The values found; a secret that isn't here is unknown.
    pub values: BTreeMap<Address, Value>,
    /// Unreadable files are errors; a required value that isn't available here is the warning
    /// `secret::unavailable`, optional ones advice of the same code, together.
    pub diagnostics: Diagnostics,
}

impl Resolved {
    /// Every distinct value, for a [`Redactor`](super::Redactor).
    pub fn each(&self) -> impl Iterator<Item = &Value> {
        self.values.values()
    }
}

/// Resolves secrets from the environment and from files.
pub struct Resolver<'a> {
    environment: &'a Environment,
    directory: &'a Path,
    read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

impl<'a> Resolver<'a> {
    /// Looks in an environment and in files relative to the configuration's directory.
    pub fn new(
        environment: &'a Environment,
        directory: &'a Path,
        read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Self {
        Self {
            environment,
            directory,
            read,
        }
    }

    /// Resolves all of them, reading each file at most once.
    pub fn resolve(&self, questions: &[SecretQuestion<'_>]) -> Resolved {
        let mut pass = Pass {
            resolver: self,
            dotenv: BTreeMap::new(),
            absent: Vec::new(),
            resolved: Resolved::default(),
        };
        for question in questions {
            pass.answer(*question);
        }
        pass.tell_of_absent();
        pass.resolved
    }

    fn path(&self, written: &str) -> PathBuf {
        match (written.strip_prefix("~/"), self.environment.get("HOME")) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            _ => self.directory.join(written),
        }
    }
}

/// One pass over all questions.
struct Pass<'r, 'a> {
    resolver: &'r Resolver<'a>,
    dotenv: BTreeMap<String, Option<Dotenv>>,
    /// Optional ones without a value that only the environment could give.
    absent: Vec<(String, Address)>,
    resolved: Resolved,
}

impl Pass<'_, '_> {
    fn answer(&mut self, question: SecretQuestion<'_>) {
        let address = Address::Secret(question.machine.clone(), question.name.clone());
        let value = match &question.spec.source {
            SecretSource::Env { from_file } => {
                self.look_up(question.name.as_str(), from_file.as_deref())
            }
            SecretSource::File { path } => self.content(path, &address),
            SecretSource::Vault { .. } => {
                return self.later(
                    question,
                    address,
                    Code::new("secret::vault-later"),
                    "secrets from Vault come in a later version",
                );
            }
            SecretSource::S3 { .. } => {
                return self.later(
                    question,
                    address,
                    Code::new("secret::s3-later"),
                    "secrets from a bucket come in a later version",
                );
            }
        };
        match value {
            Ok(Some(value)) if value.expose().len() > VALUE_MAX => {
                let finding = Diagnostic::error(
                    Code::new("secret::too-large"),
                    format!("the value of `{}` is larger than 1 MiB", question.name),
                );
                self.say(finding.on(address));
            }
            Ok(Some(value)) => {
                self.resolved.values.insert(address, value);
            }
            Ok(None) => self.unavailable(question, address),
            Err(finding) => self.say(*finding),
        }
    }

    fn say(&mut self, finding: Diagnostic) {
        self.resolved.diagnostics.push(finding);
    }

    /// Shell, `.env.local`, `.env`, then the file the secret itself names.
    fn look_up(
        &mut self,
        name: &str,
        from_file: Option<&str>,
    ) -> Result<Option<Value>, Box<Diagnostic>> {
        if let Some(text) = self.resolver.environment.get(name) {
            return Ok(Some(Value::new(text.as_bytes().to_vec())));
        }
        for file in DOTENV_FILES.into_iter().chain(from_file) {
            if let Some(value) = self.dotenv(file)?.and_then(|dotenv| dotenv.get(name)) {
                return Ok(Some(value.clone()));
            }
        }
        Ok(None)
    }

    fn dotenv(&mut self, file: &str) -> Result<Option<&Dotenv>, Box<Diagnostic>> {
        if !self.dotenv.contains_key(file) {
            // An unreadable file is said once; further secrets find it absent.
            self.dotenv.insert(file.to_owned(), None);
            if let Some(bytes) = self.read(file)? {
                let mut dotenv = Dotenv::parse(file, &bytes);
                self.resolved.diagnostics.append(&mut dotenv.findings);
                self.dotenv.insert(file.to_owned(), Some(dotenv));
            }
        }
        Ok(self.dotenv.get(file).and_then(Option::as_ref))
    }

    fn content(&self, path: &str, address: &Address) -> Result<Option<Value>, Box<Diagnostic>> {
        match self.read(path) {
            Ok(Some(bytes)) => Ok(Some(Value::new(bytes))),
            Ok(None) => Ok(None),
            Err(finding) => Err(Box::new(finding.on(address.clone()))),
        }
    }

    /// A file's bytes; `None` where it isn't there.
    fn read(&self, written: &str) -> Result<Option<Vec<u8>>, Box<Diagnostic>> {
        match (self.resolver.read)(&self.resolver.path(written)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Box::new(
                Diagnostic::error(
                    Code::new("secret::unreadable"),
                    format!("failed to read `{written}`"),
                )
                .caused_by(&error)
                .help("check that it is a file you may read"),
            )),
        }
    }

    fn unavailable(&mut self, question: SecretQuestion<'_>, address: Address) {
        let name = question.name;
        if !question.spec.required
            && question.spec.source == (SecretSource::Env { from_file: None })
        {
            self.absent.push((name.to_string(), address));
            return;
        }
        let text = format!("`{name}` has no value here");
        let code = Code::new("secret::unavailable");
        let finding = if question.spec.required {
            Diagnostic::warning(code, text)
        } else {
            Diagnostic::advice(code, text)
        };
        let help = match &question.spec.source {
            SecretSource::Env { from_file: None } => {
                format!("export {name}, or set it in `.env.local` or `.env`")
            }
            SecretSource::Env {
                from_file: Some(file),
            } => format!("export {name}, or set it in `.env.local`, `.env` or `{file}`"),
            SecretSource::File { path } => format!("`{path}` isn't there; make it"),
            SecretSource::Vault { .. } | SecretSource::S3 { .. } => {
                "use `source: env` or `source: file`".to_owned()
            }
        };
        self.say(finding.on(address).help(help));
    }

    /// Says in one finding which optional ones have no value: a list for many tools is mostly empty.
    fn tell_of_absent(&mut self) {
        let absent = std::mem::take(&mut self.absent);
        let mut names: Vec<String> = Vec::new();
        for (name, _) in &absent {
            let name = format!("`{name}`");
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let code = Code::new("secret::unavailable");
        match (names.split_last(), absent.as_slice()) {
            (_, [(name, address)]) => self.say(
                Diagnostic::advice(code, format!("`{name}` has no value here"))
                    .on(address.clone())
                    .help(format!(
                        "export {name}, or set it in `.env.local` or `.env`"
                    )),
            ),
            (Some((last, others)), [_, ..]) => {
                let names = if others.is_empty() {
                    format!("{last} has")
                } else {
                    format!("{} and {last} have", others.join(", "))
                };
                self.say(
                    Diagnostic::advice(code, format!("{names} no value here, and needn't"))
                        .help("export what you use of it, or set it in `.env.local` or `.env`"),
                );
            }
            _ => {}
        }
    }

    fn later(&mut self, question: SecretQuestion<'_>, address: Address, code: Code, text: &str) {
        let finding = if question.spec.required {
            Diagnostic::warning(code, text)
        } else {
            Diagnostic::advice(code, text)
        };
        self.say(
            finding.on(address).help(
                "until then use `source: env` or `source: file`; the value counts as unknown",
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::NameRule;

    fn name(rule: NameRule, text: &str) -> Name {
        Name::parse(rule, text).unwrap()
    }

    fn spec(source: SecretSource) -> SecretSpec {
        SecretSpec {
            source,
            required: true,
            fingerprint: None,
            target: None,
        }
    }

    #[test]
    fn optional_ones_without_a_value_are_told_together() {
        let environment = Environment::of([]);
        let read = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let optional = SecretSpec {
            required: false,
            ..spec(SecretSource::Env { from_file: None })
        };
        let machines = ["one", "two"].map(|machine| name(NameRule::Label, machine));
        let secrets = ["A", "B", "C"].map(|secret| name(NameRule::Secret, secret));
        let told = |machines: &[Name], secrets: &[Name]| {
            let questions: Vec<SecretQuestion<'_>> = machines
                .iter()
                .flat_map(|machine| secrets.iter().map(move |name| (machine, name)))
                .map(|(machine, name)| SecretQuestion {
                    machine,
                    name,
                    spec: &optional,
                })
                .collect();
            let resolved = Resolver::new(&environment, Path::new("/"), &read).resolve(&questions);
            let texts = resolved.diagnostics.iter();
            texts.map(|one| one.summary.clone()).collect::<Vec<_>>()
        };
        assert_eq!(told(&machines, &[]), [""; 0]);
        assert_eq!(
            told(&machines[..1], &secrets[..1]),
            ["`A` has no value here"]
        );
        assert_eq!(
            told(&machines, &secrets[..1]),
            ["`A` has no value here, and needn't"]
        );
        assert_eq!(
            told(&machines, &secrets),
            ["`A`, `B` and `C` have no value here, and needn't"]
        );
    }

    fn resolve(
        shell: &[(&str, &str)],
        files: &[(&str, &str)],
        asked: &[(&str, SecretSource)],
    ) -> Resolved {
        let environment = Environment::of(
            shell
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        let files: BTreeMap<PathBuf, Vec<u8>> = files
            .iter()
            .map(|(path, text)| (Path::new("/c").join(path), text.as_bytes().to_vec()))
            .collect();
        let read = |path: &Path| {
            if path.ends_with("locked") {
                return Err(io::Error::from(io::ErrorKind::PermissionDenied));
            }
            files
                .get(path)
                .cloned()
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let machine = name(NameRule::Label, "dev");
        let asked: Vec<(Name, SecretSpec)> = asked
            .iter()
            .map(|(n, source)| (name(NameRule::Secret, n), spec(source.clone())))
            .collect();
        let questions: Vec<_> = asked
            .iter()
            .map(|(name, spec)| SecretQuestion {
                machine: &machine,
                name,
                spec,
            })
            .collect();
        Resolver::new(&environment, Path::new("/c"), &read).resolve(&questions)
    }

    fn text(resolved: &Resolved, secret: &str) -> Option<String> {
        let address: Address = format!("secret.dev.{secret}").parse().unwrap();
        let value = resolved.values.get(&address)?;
        Some(String::from_utf8_lossy(value.expose()).into_owned())
    }

    #[test]
    fn the_nearest_source_wins() {
        let env = || SecretSource::Env {
            from_file: Some("more.env".into()),
        };
        let asked = [
            ("A", env()),
            ("B", env()),
            ("C", env()),
            ("D", env()),
            ("E", env()),
        ];
        let resolved = resolve(
            &[("A", "shell"), ("E", "")],
            &[
                (".env.local", "A=no\nB=local\n"),
                (".env", "B=no\nC=dotenv\n"),
                ("more.env", "C=no\nD=file\n"),
            ],
            &asked,
        );
        for (secret, expected) in [
            ("A", Some("shell")),
            ("B", Some("local")),
            ("C", Some("dotenv")),
            ("D", Some("file")),
            ("E", None),
        ] {
            assert_eq!(text(&resolved, secret).as_deref(), expected, "{secret}");
        }
        assert_eq!(resolved.diagnostics.len(), 1);
        assert_eq!(resolved.diagnostics[0].code.as_str(), "secret::unavailable");
        assert!(!format!("{resolved:?}").contains("shell"));
    }

    #[test]
    fn a_file_is_taken_byte_for_byte_and_an_unreadable_one_is_an_error() {
        let file = |path: &str| SecretSource::File { path: path.into() };
        let resolved = resolve(
            &[],
            &[("key.pem", "line\n")],
            &[
                ("KEY", file("key.pem")),
                ("GONE", file("gone")),
                ("LOCKED", file("locked")),
            ],
        );
        assert_eq!(text(&resolved, "KEY").as_deref(), Some("line\n"));
        let codes: Vec<_> = resolved
            .diagnostics
            .iter()
            .map(|d| (d.code.as_str(), d.is_error()))
            .collect();
        assert_eq!(
            codes,
            [("secret::unavailable", false), ("secret::unreadable", true)]
        );
    }

    #[test]
    fn vault_and_s3_say_that_they_come_later() {
        let resolved = resolve(
            &[],
            &[],
            &[
                (
                    "V",
                    SecretSource::Vault {
                        path: "a".into(),
                        key: "b".into(),
                        mount: "secret".into(),
                    },
                ),
                ("S", SecretSource::S3 { path: "a".into() }),
            ],
        );
        let codes: Vec<_> = resolved
            .diagnostics
            .iter()
            .map(|d| d.code.as_str())
            .collect();
        assert_eq!(codes, ["secret::vault-later", "secret::s3-later"]);
        assert!(resolved.values.is_empty());
    }
}
