//! Image references, taken apart as an Engine wants them.

use bollard::query_parameters::{CreateImageOptions, CreateImageOptionsBuilder};

use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};

/// The registry an image without one comes from, as `~/.docker/config.json` names it.
pub(in crate::provider::docker) const DEFAULT_REGISTRY: &str = "https://index.docker.io/v1/";

/// An image's reference, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::provider::docker) struct Reference {
    /// Registry and repository.
    pub(in crate::provider::docker) repository: String,
    /// The tag, `latest` if neither tag nor digest is there.
    pub(in crate::provider::docker) tag: Option<String>,
    /// The digest, `sha256:<hex>`.
    pub(in crate::provider::docker) digest: Option<String>,
}

impl Reference {
    /// Takes a reference apart; refuses what would break out of a request's path.
    pub(in crate::provider::docker) fn parse(text: &str) -> Result<Self, ProviderError> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
        if text.is_empty() || !text.bytes().all(fits) || text.contains("//") || text.contains("..")
        {
            return Err(ProviderError::new(
                Class::Invalid,
                Code::new("docker::image-reference"),
                format!("`{text}` is no image reference"),
            )
            .help("write it as `debian:12`, `ghcr.io/owner/image:tag` or `image@sha256:…`"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            // A colon before a slash belongs to the registry's port.
            Some((repository, tag)) if !tag.contains('/') => {
                (repository.to_owned(), Some(tag.to_owned()))
            }
            _ if digest.is_some() => (rest.to_owned(), None),
            _ => (rest.to_owned(), Some("latest".to_owned())),
        };
        Ok(Self {
            repository,
            tag,
            digest,
        })
    }

    /// The registry, as `~/.docker/config.json` names it.
    pub(in crate::provider::docker) fn registry(&self) -> &str {
        match self.repository.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            _ => DEFAULT_REGISTRY,
        }
    }

    /// Repository and tag, as an Engine lists them.
    pub(in crate::provider::docker) fn named(&self) -> String {
        let tag = self.tag.as_deref().unwrap_or("latest");
        format!("{}:{tag}", self.repository)
    }

    /// Whether a repository, as an Engine names it, is this one: it leaves out the usual registry.
    pub(in crate::provider::docker) fn is_in(&self, repository: &str) -> bool {
        let short = |name: &str| {
            let name = name
                .trim_start_matches("index.")
                .trim_start_matches("docker.io/");
            name.trim_start_matches("library/").to_owned()
        };
        short(&self.repository) == short(repository)
    }

    /// The parameters that pull it; an Engine asked without a tag would pull all of them.
    pub(in crate::provider::docker) fn pull(&self) -> CreateImageOptions {
        let which = self.digest.as_deref().or(self.tag.as_deref());
        CreateImageOptionsBuilder::new()
            .from_image(&self.repository)
            .tag(which.unwrap_or("latest"))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<String>, Option<String>) {
        let reference = Reference::parse(text).unwrap();
        (reference.repository, reference.tag, reference.digest)
    }

    fn owned(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn references_come_apart() {
        assert_eq!(
            parts("debian"),
            ("debian".to_owned(), Some(owned("latest")), None)
        );
        assert_eq!(
            parts("localhost:5000/a/b:1"),
            ("localhost:5000/a/b".to_owned(), Some(owned("1")), None)
        );
        assert_eq!(
            parts("localhost:5000/a"),
            ("localhost:5000/a".to_owned(), Some(owned("latest")), None)
        );
        assert_eq!(
            parts("a:1@sha256:00"),
            ("a".to_owned(), Some(owned("1")), Some(owned("sha256:00")))
        );
    }

    #[test]
    fn registries_are_named_as_docker_names_them() {
        let registry = |text| Reference::parse(text).unwrap().registry().to_owned();
        assert_eq!(registry("debian:12"), DEFAULT_REGISTRY);
        assert_eq!(registry("library/debian"), DEFAULT_REGISTRY);
        assert_eq!(registry("ghcr.io/a/b"), "ghcr.io");
        assert_eq!(registry("localhost/a"), "localhost");
    }

    #[test]
    fn repositories_are_known_by_either_of_their_names() {
        let is_in = |text, repository| Reference::parse(text).unwrap().is_in(repository);
        assert!(is_in("docker.io/library/debian:12", "debian"));
        assert!(is_in("team/dev", "docker.io/team/dev"));
        assert!(is_in("localhost:5000/dev:1", "localhost:5000/dev"));
        assert!(!is_in("localhost:5000/dev:1", "dev"));
    }

    #[test]
    fn what_would_leave_the_path_is_refused() {
        for bad in ["", "a b", "a?x=1", "a/../b", "a#b", "a//b", "é"] {
            assert!(Reference::parse(bad).is_err(), "{bad} was accepted");
        }
    }
}
