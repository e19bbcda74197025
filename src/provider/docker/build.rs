//! Images built on the Engine and pushed to a registry.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use bollard::models::BuildInfo;
use futures_util::{Stream, StreamExt};

use super::Docker;
use super::classify::{Effect, classify};
use super::image::{self, Layers};
use super::request::build::{self, ImageBuild};
use super::request::image::Reference;
use crate::diagnostic::Code;
use crate::provider::{Class, Progress, ProviderError};

/// How long a build or a push may go without any news: compilers can be quiet for long.
const SILENCE: Duration = Duration::from_mins(30);
/// How many of a failed step's last lines are told.
const TOLD: usize = 15;

/// What happens while an image is built or pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageNews {
    /// A step of the Dockerfile begins.
    Step {
        /// Its place, from 1.
        number: u64,
        /// How many there are.
        of: u64,
        /// The instruction.
        text: String,
    },
    /// A line that a step printed.
    Line(String),
    /// How far the base has come from its registry, or the image to its own.
    Moved(Progress),
}

/// Hears of it.
type Tell<'a> = &'a (dyn Fn(ImageNews) + Send + Sync);

impl Docker {
    /// Builds an image and gives its id; the base is fetched where the Engine doesn't have it.
    pub async fn build_image(
        &self,
        build: &ImageBuild,
        tell: Tell<'_>,
    ) -> Result<String, ProviderError> {
        let reference = build.reference()?;
        let base = Reference::parse(&build.base)?;
        if image::look(self, &build.base).await?.is_none() {
            let moved = |progress| tell(ImageNews::Moved(progress));
            image::pull(self, &build.base, &base, &moved)
                .await
                .map_err(|error| of_base(&build.base, error))?;
        }
        let context = build::context(build).map_err(|error| {
            let code = Code::new("docker::build-failed");
            ProviderError::new(Class::Failed, code, "could not pack what is built from")
                .source(error)
        })?;
        self.is_for_this_engine(build).await?;
        let registry = base.registry();
        let known = self.credentials.of(registry).await?;
        let credentials = known.map(|known| HashMap::from([(registry.to_owned(), known)]));
        let client = self.client().await?;
        let news = client.build_image(
            build.options(&reference),
            credentials,
            Some(bollard::body_full(context.into())),
        );
        let mut steps = Steps::default();
        follow(news, "build the image", &mut |line| steps.hear(line, tell))
            .await
            .map_err(|error| steps.failed(error))?;
        match steps.id {
            Some(id) => Ok(id),
            // Some Engines tell it only when asked.
            None => image::look(self, &reference.named())
                .await?
                .and_then(|found| found.id)
                .ok_or_else(|| image::missing(&build.name)),
        }
    }

    /// Refuses a program that the Engine's machines couldn't run.
    async fn is_for_this_engine(&self, build: &ImageBuild) -> Result<(), ProviderError> {
        let Some(baked) = &build.baked else {
            return Ok(());
        };
        let client = self.client().await?;
        let told = client.version().await;
        let told = told.map_err(|error| classify(Effect::Reads, "tell its version", error))?;
        let wanted = told.arch.unwrap_or_default();
        let found = baked.architecture();
        if found == Some(wanted.as_str()) {
            return Ok(());
        }
        let is = match found {
            Some(found) => format!("is one for linux/{found}"),
            None => "isn't one for Linux".to_owned(),
        };
        Err(ProviderError::new(
            Class::Invalid,
            Code::new("docker::baking-program"),
            format!("the Engine needs a Sindri for linux/{wanted} to install extensions with, and this {is}"),
        )
        .help("name one with --sindri"))
    }

    /// Pushes an image and gives its name by digest, `registry.example.com/dev@sha256:…`.
    pub async fn push_image(&self, name: &str, tell: Tell<'_>) -> Result<String, ProviderError> {
        let reference = Reference::parse(name)?;
        let credentials = self.credentials.of(reference.registry()).await?;
        let client = self.client().await?;
        let news = client.push_image(
            &reference.repository,
            Some(build::push(&reference)),
            credentials,
        );
        let doing = format!("push `{name}`");
        let mut layers = Layers::default();
        follow(news, &doing, &mut |line| {
            if line.status.as_deref() != Some("Pushing") {
                return;
            }
            let Some(detail) = line.progress_detail else {
                return;
            };
            // Which layer it is about isn't told: its size stands for it.
            let layer = format!("{:?}", detail.total);
            if let Some(share) = layers.moved(layer, &detail) {
                tell(ImageNews::Moved(Progress {
                    text: format!("pushing {name}"),
                    share: Some(share),
                }));
            }
        })
        .await
        .map_err(|error| of_push(name, &reference, error))?;
        let found = image::look(self, &reference.named()).await?;
        let digests = found
            .and_then(|found| found.repo_digests)
            .unwrap_or_default();
        digests
            .into_iter()
            .find(|digest| {
                digest
                    .split_once('@')
                    .is_some_and(|(repository, _)| reference.is_in(repository))
            })
            .ok_or_else(|| {
                ProviderError::new(
                    Class::Failed,
                    Code::new("docker::no-digest"),
                    format!("`{name}` was pushed, but the Engine tells no digest of it"),
                )
                .help("use it by its tag; `docker image inspect` shows what the Engine knows")
            })
    }
}

/// Hears news until there are none any more.
async fn follow<T>(
    news: impl Stream<Item = Result<T, bollard::errors::Error>>,
    doing: &str,
    hear: &mut (dyn FnMut(T) + Send),
) -> Result<(), ProviderError> {
    let mut news = std::pin::pin!(news);
    loop {
        match tokio::time::timeout(SILENCE, news.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(line))) => hear(line),
            // Building or pushing the same again does no harm.
            Ok(Some(Err(error))) => return Err(classify(Effect::Reads, doing, error)),
            Err(_) => {
                return Err(ProviderError::new(
                    Class::Retryable,
                    Code::new("docker::timeout"),
                    format!(
                        "nothing was heard for {} minutes when asked to {doing}",
                        SILENCE.as_secs() / 60
                    ),
                ));
            }
        }
    }
}

/// What a build has told so far.
#[derive(Default)]
struct Steps {
    at: Option<(u64, u64, String)>,
    id: Option<String>,
    /// The last lines of the step.
    lines: VecDeque<String>,
    /// A line that hasn't ended yet.
    open: String,
}

impl Steps {
    fn hear(&mut self, news: BuildInfo, tell: Tell<'_>) {
        if let Some(id) = news.aux.and_then(|aux| aux.id) {
            self.id = Some(id);
        }
        self.open.push_str(&news.stream.unwrap_or_default());
        while let Some(end) = self.open.find('\n') {
            let line: String = self.open.drain(..=end).collect();
            let line = line.rsplit('\r').find(|part| !part.trim().is_empty());
            if let Some(line) = line.map(plain).filter(|line| !line.is_empty()) {
                self.line(line, tell);
            }
        }
    }

    fn line(&mut self, line: String, tell: Tell<'_>) {
        if let Some((number, of, text)) = step(&line) {
            self.lines.clear();
            self.at = Some((number, of, text.clone()));
            tell(ImageNews::Step { number, of, text });
            return;
        }
        // The builder's own bookkeeping: layers and the containers that make them.
        if line.starts_with("---> ") || line.starts_with("Removing intermediate container ") {
            return;
        }
        if self.lines.len() == TOLD {
            self.lines.pop_front();
        }
        self.lines.push_back(line.clone());
        tell(ImageNews::Line(line));
    }

    /// Says which step failed, and with which words.
    fn failed(&self, error: ProviderError) -> ProviderError {
        let (Some((number, of, text)), Class::Failed) = (&self.at, error.class) else {
            return error;
        };
        let failed = ProviderError::new(
            Class::Failed,
            Code::new("docker::build-failed"),
            format!("step {number} of {of} failed: {}", beginning(text)),
        );
        if self.lines.is_empty() {
            return failed
                .help("what it is made of is named with --base: Debian, Ubuntu, or made of them")
                .source(error);
        }
        let failed = failed.help(
            "the lines above are the step's last ones; steps that went well aren't repeated by the \
             next build",
        );
        let lines: Vec<String> = self.lines.iter().cloned().collect();
        failed.source(LastLines(lines))
    }
}

/// What a step said last.
#[derive(Debug)]
struct LastLines(Vec<String>);

impl fmt::Display for LastLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for LastLines {}

/// As much of an instruction as tells which it is.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A line without colours and other control characters.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            // A sequence ends with its first letter.
            let _end = rest.by_ref().find(char::is_ascii_alphabetic);
        } else if c == '\t' {
            text.push(' ');
        } else if !c.is_control() {
            text.push(c);
        }
    }
    text.trim().to_owned()
}

/// `Step 3/12 : RUN …`, taken apart.
fn step(line: &str) -> Option<(u64, u64, String)> {
    let (place, text) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (number, of) = place.split_once('/')?;
    let text: Vec<&str> = text.split_whitespace().collect();
    Some((number.parse().ok()?, of.parse().ok()?, text.join(" ")))
}

fn of_base(base: &str, error: ProviderError) -> ProviderError {
    let help = match error.help {
        Some(help) => help,
        None => "name another base with --base".to_owned(),
    };
    ProviderError {
        message: format!(
            "the base image `{base}` can't be fetched: {}",
            error.message
        ),
        help: Some(help),
        ..error
    }
}

/// Says what to do where a registry refused a push.
fn of_push(name: &str, reference: &Reference, error: ProviderError) -> ProviderError {
    let text = error.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let registry = reference.registry();
    if says(&[
        "denied",
        "unauthorized",
        "authentication required",
        "no basic auth",
    ]) {
        ProviderError {
            class: Class::Denied,
            code: Code::new("docker::push-denied"),
            help: Some(format!(
                "`docker login {registry}` as somebody who may write `{}`",
                reference.repository
            )),
            ..error
        }
    } else if says(&["http response to https client", "certificate"]) {
        ProviderError {
            class: Class::Denied,
            code: Code::new("docker::registry-untrusted"),
            help: Some(format!(
                "the Engine doesn't trust `{registry}`: give it the registry's authority \
                 (/etc/docker/certs.d/{registry}/ca.crt), or list it in `insecure-registries` of \
                 its daemon.json"
            )),
            ..error
        }
    } else if says(&["no such host", "connection refused", "i/o timeout"]) {
        ProviderError {
            class: Class::Retryable,
            code: Code::new("docker::registry-unreachable"),
            help: Some(format!(
                "the Engine itself pushes `{name}`: it must reach {registry}, maybe through a proxy \
                 of its own"
            )),
            ..error
        }
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bollard::models::ImageId;

    use super::*;

    fn printed(text: &str) -> BuildInfo {
        BuildInfo {
            stream: Some(text.to_owned()),
            ..Default::default()
        }
    }

    #[test]
    fn steps_lines_and_the_image_are_told_apart() {
        let told = Mutex::new(Vec::new());
        let tell = |news| told.lock().unwrap().push(news);
        let mut steps = Steps::default();
        for text in [
            "Step 2/9 : RUN set -eu;     apt-get update",
            "\n",
            " ---> Running in 0123\n",
            "Get:1 a\rGet:1 a 50%\rGet:1 a 100%\n\u{1b}[91mhalf ",
            "a line\u{1b}[0m\n\n",
            "Removing intermediate container 0123\n",
        ] {
            steps.hear(printed(text), &tell);
        }
        let made = ImageId {
            id: Some("sha256:77".to_owned()),
        };
        let last = BuildInfo {
            aux: Some(made),
            ..Default::default()
        };
        steps.hear(last, &tell);
        let step = ImageNews::Step {
            number: 2,
            of: 9,
            text: "RUN set -eu; apt-get update".to_owned(),
        };
        let line = |text: &str| ImageNews::Line(text.to_owned());
        assert_eq!(
            *told.lock().unwrap(),
            [step, line("Get:1 a 100%"), line("half a line")]
        );
        assert_eq!(steps.id.as_deref(), Some("sha256:77"));
    }

    #[test]
    fn a_failed_step_is_named_with_its_last_lines() {
        let mut steps = Steps::default();
        steps.hear(printed("Step 1/2 : FROM a\nlost\n"), &|_| {});
        steps.hear(printed("Step 2/2 : RUN false\n"), &|_| {});
        for number in 0..20 {
            steps.hear(printed(&format!("line {number}\n")), &|_| {});
        }
        let code = Code::new("docker::failed");
        let error = steps.failed(ProviderError::new(Class::Failed, code, "non-zero code: 1"));
        assert_eq!(error.code.as_str(), "docker::build-failed");
        assert_eq!(error.message, "step 2 of 2 failed: RUN false");
        let lines = error.source.unwrap().to_string();
        assert!(
            lines.starts_with("line 5\n") && lines.ends_with("line 19"),
            "{lines}"
        );
    }

    #[test]
    fn what_the_engine_itself_refuses_is_no_step() {
        let steps = Steps::default();
        let code = Code::new("docker::connection-lost");
        let error = steps.failed(ProviderError::new(Class::Retryable, code, "lost"));
        assert_eq!(error.code.as_str(), "docker::connection-lost");
    }

    #[test]
    fn refused_pushes_say_what_to_do() {
        let name = "registry.example.com/team/dev:1";
        let reference = Reference::parse(name).unwrap();
        for (said, code) in [
            ("denied: requested access", "docker::push-denied"),
            ("no basic auth credentials", "docker::push-denied"),
            (
                "http: server gave HTTP response to HTTPS client",
                "docker::registry-untrusted",
            ),
            (
                "dial tcp: lookup x: no such host",
                "docker::registry-unreachable",
            ),
            ("received unexpected HTTP status: 500", "docker::failed"),
        ] {
            let error = ProviderError::new(Class::Failed, Code::new("docker::failed"), said);
            assert_eq!(
                of_push(name, &reference, error).code.as_str(),
                code,
                "{said}"
            );
        }
    }
}
