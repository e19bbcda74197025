//! Image pins: the image as the Engine holds it, fetched where it must be.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::models::{ImageInspect, ProgressDetail};
use futures_util::StreamExt;

use super::Docker;
use super::classify::{Effect, LOOKING, classify, optional, within};
use super::request::image::Reference;
use crate::diagnostic::Code;
use crate::provider::{Class, Made, Progress, ProviderError};
use crate::resource::{Attributes, ImageSpec, PullPolicy};
use crate::state::ObjectId;

/// How long a pull may go without any news.
const SILENCE: Duration = Duration::from_mins(3);

/// Resolves the image, pulling it where the policy says so, and holds it by its id.
pub(super) async fn pin(
    docker: &Docker,
    image: &ImageSpec,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Made, ProviderError> {
    let reference = Reference::parse(&image.reference)?;
    let here = look(docker, &image.reference).await?;
    let found = match (here, image.pull) {
        (Some(found), PullPolicy::IfNotPresent | PullPolicy::Never) => found,
        (None, PullPolicy::Never) => return Err(missing(&image.reference)),
        (_, PullPolicy::Always) | (None, PullPolicy::IfNotPresent) => {
            pull(docker, &image.reference, &reference, progress).await?;
            look(docker, &image.reference)
                .await?
                .ok_or_else(|| missing(&image.reference))?
        }
    };
    made(&image.reference, &reference, found)
}

fn made(text: &str, reference: &Reference, found: ImageInspect) -> Result<Made, ProviderError> {
    let id = found.id.ok_or_else(|| missing(text))?;
    let mut attributes = Attributes::default();
    attributes.set("imageId", id.as_str());
    let digests = found.repo_digests.unwrap_or_default();
    let own = digests.iter().find(|digest| {
        digest
            .split_once('@')
            .is_some_and(|(repository, _)| repository == reference.repository)
    });
    if let Some(digest) = own.or(digests.first()) {
        attributes.set("repoDigest", digest.as_str());
    }
    Ok(Made {
        id: ObjectId::new(&id),
        attributes,
        incarnation: None,
    })
}

/// The image of this reference, if the Engine has it.
pub(super) async fn look(
    docker: &Docker,
    reference: &str,
) -> Result<Option<ImageInspect>, ProviderError> {
    let client = docker.client().await?;
    let looking = client.inspect_image(reference);
    optional(within(Effect::Reads, "look at an image", LOOKING, looking).await)
}

/// The error that says that the Engine hasn't got it.
pub(super) fn missing(reference: &str) -> ProviderError {
    ProviderError::new(
        Class::NotFound,
        Code::new("docker::image-missing"),
        format!("the Engine doesn't have the image `{reference}`"),
    )
    .help("pull or build it, or let `pullPolicy` be IfNotPresent")
}

/// Fetches an image from its registry.
pub(super) async fn pull(
    docker: &Docker,
    text: &str,
    reference: &Reference,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let credentials = docker.credentials.of(reference.registry()).await?;
    let mut news = client.create_image(Some(reference.pull()), None, credentials);
    let mut layers = Layers::default();
    let doing = format!("pull `{text}`");
    loop {
        match tokio::time::timeout(SILENCE, news.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(line))) => {
                if line.status.as_deref() == Some("Downloading")
                    && let (Some(id), Some(detail)) = (line.id, line.progress_detail)
                    && let Some(share) = layers.moved(id, &detail)
                {
                    progress(Progress {
                        text: format!("pulling {text}"),
                        share: Some(share),
                    });
                }
            }
            // Pulling again is harmless: what has come stays.
            Ok(Some(Err(error))) => {
                return Err(refused(text, classify(Effect::Reads, &doing, error)));
            }
            Err(_) => {
                return Err(ProviderError::new(
                    Class::Retryable,
                    Code::new("docker::timeout"),
                    format!(
                        "the pull of `{text}` stood still for {} s",
                        SILENCE.as_secs()
                    ),
                ));
            }
        }
    }
}

/// Says what to do where a registry refused.
fn refused(reference: &str, error: ProviderError) -> ProviderError {
    let text = error.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "pull access denied",
        "unauthorized",
        "authentication required",
        "no basic auth",
    ]) {
        ProviderError {
            class: Class::Denied,
            code: Code::new("docker::pull-denied"),
            help: Some(format!(
                "is `{reference}` spelled right? a private image needs `docker login` first"
            )),
            ..error
        }
    } else if says(&["manifest unknown", "not found", "no matching manifest"]) {
        ProviderError {
            class: Class::NotFound,
            code: Code::new("docker::image-missing"),
            help: Some(format!(
                "no registry has `{reference}` for this machine's architecture; check the tag"
            )),
            ..error
        }
    } else if says(&["no such host", "connection refused", "i/o timeout", "tls"]) {
        ProviderError {
            class: Class::Retryable,
            code: Code::new("docker::registry-unreachable"),
            help: Some(
                "the Engine itself fetches images: it must reach the registry, maybe through a \
                 proxy of its own"
                    .to_owned(),
            ),
            ..error
        }
    } else {
        error
    }
}

/// How far each layer of a pull or a push has come.
#[derive(Default)]
pub(super) struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    /// The sum of all, now that one has moved; nothing where its size isn't known.
    pub(super) fn moved(&mut self, layer: String, detail: &ProgressDetail) -> Option<(u64, u64)> {
        let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        let (done, total) = (number(detail.current)?, number(detail.total)?);
        self.0.insert(layer, (done.min(total), total));
        let share = self
            .0
            .values()
            .fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        Some(share)
    }
}
