//! The image: one reference, however it was written.

use std::sync::Arc;

use super::code;
use super::reading::Reading;
use super::tree::Span;
use super::typed::{At, Deployment, ImageFields, shorten};
use super::{Image, ImageChoice, ImageStrategy, Verification};
use crate::resource::PullPolicy;

/// Decides which image a deployment means; none where it says nothing.
pub(super) fn decide(deployment: &Deployment, reading: &mut Reading<'_>) -> Option<Arc<Image>> {
    match (&deployment.image, &deployment.image_config) {
        (Some(_), Some(config)) => {
            let summary = "`image` and `image_config` exclude each other";
            let help = "keep `image` for one known image, `image_config` to choose and verify";
            reading.error(config.span, code::CONFLICT, summary, help);
            None
        }
        (Some(image), None) => {
            check(&image.value, image.span, reading)?;
            Some(Arc::new(Image {
                reference: image.value.clone(),
                pull: PullPolicy::default(),
                choice: None,
                verification: Verification::default(),
                place: Some(reading.place(image.span)),
            }))
        }
        (None, Some(config)) => configured(config, reading).map(Arc::new),
        (None, None) => None,
    }
}

fn configured(config: &At<Arc<ImageFields>>, reading: &mut Reading<'_>) -> Option<Image> {
    let fields = &config.value;
    let registry = fields.registry.as_ref()?;
    let base = &registry.value;
    check(base, registry.span, reading)?;
    let last = base.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) {
        let summary = format!("the repository `{}` holds a tag or digest", shorten(base));
        let help = "move it to `tag_override` or `digest`";
        reading.error(registry.span, code::INVALID_VALUE, summary, help);
        return None;
    }
    let version = fields.version.as_ref();
    let mut choice = None;
    let reference = if let Some(digest) = &fields.digest {
        check_digest(digest, reading)?;
        format!("{base}@{}", digest.value)
    } else if let Some(tag) = &fields.tag {
        check_tag(&tag.value.0, tag.span, reading)?;
        format!("{base}:{}", tag.value.0)
    } else if fields.strategy == ImageStrategy::Explicit {
        let Some(version) = version else {
            let summary = "`resolution_strategy: explicit` needs a `version`";
            let help = "add `version: …`, or choose another strategy";
            reading.error(config.span, code::MISSING_FIELD, summary, help);
            return None;
        };
        check_tag(&version.value.0, version.span, reading)?;
        format!("{base}:{}", version.value.0)
    } else {
        choice = Some(ImageChoice {
            version: version.map(|version| version.value.0.clone()),
            strategy: fields.strategy,
            allow_prerelease: fields.allow_prerelease,
        });
        base.clone()
    };
    Some(Image {
        reference,
        pull: fields.pull,
        choice,
        verification: Verification {
            signature: fields.verify_signature,
            provenance: fields.verify_provenance,
            certificate_identity: fields.certificate_identity.clone(),
            certificate_oidc_issuer: fields.certificate_oidc_issuer.clone(),
        },
        place: Some(reading.place(config.span)),
    })
}

fn check(reference: &str, span: Span, reading: &mut Reading<'_>) -> Option<()> {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b"./:@_-[]".contains(&b);
    if reference.bytes().all(fit) && reference.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(());
    }
    let summary = format!("`{}` is not an image reference", shorten(reference));
    let help = "write `repository:tag` or `repository@sha256:…`";
    reading.error(span, code::INVALID_VALUE, summary, help);
    None
}

fn check_tag(tag: &str, span: Span, reading: &mut Reading<'_>) -> Option<()> {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if tag.len() <= 128 && tag.bytes().all(fit) && !tag.starts_with(['.', '-']) {
        return Some(());
    }
    let summary = format!("`{}` is not an image tag", shorten(tag));
    let help = "use letters, digits, `.`, `_` and `-`, 128 at most";
    reading.error(span, code::INVALID_VALUE, summary, help);
    None
}

fn check_digest(digest: &At<String>, reading: &mut Reading<'_>) -> Option<()> {
    let hex = digest.value.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Some(());
    }
    let summary = format!("`{}` is not a digest", shorten(&digest.value));
    let help = "write `sha256:` and 64 lower-case hexadecimal digits";
    reading.error(digest.span, code::INVALID_VALUE, summary, help);
    None
}
