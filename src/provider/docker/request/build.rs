//! The requests that build and push an image: pure.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::{
    BuildImageOptions, BuildImageOptionsBuilder, PushImageOptions, PushImageOptionsBuilder,
};
use include_dir::{Dir, include_dir};

use super::image::Reference;
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};

/// What the image is made of, as it stands in the source tree.
static CONTEXT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/image");
const DOCKERFILE: &str = "Dockerfile";
/// What names the base in the Dockerfile.
const BASE: &str = "BASE";

/// Which of the two images is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageTarget {
    /// What a Dev Container opens.
    Local,
    /// A machine that is reached over ssh.
    Remote,
}

impl ImageTarget {
    /// Its stage in the Dockerfile.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

/// An image to build.
#[derive(Clone, Debug)]
pub struct ImageBuild {
    /// Which of the two.
    pub target: ImageTarget,
    /// Its name: repository and tag.
    pub name: String,
    /// The image it is made from.
    pub base: String,
    /// The day whose security updates it shall have, `2026-11-27`: layers of another day aren't
    /// taken from the cache.
    pub day: String,
    /// More arguments of the Dockerfile.
    pub arguments: BTreeMap<String, String>,
}

impl ImageBuild {
    /// The base where none is named: what the Dockerfile says.
    pub fn default_base() -> &'static str {
        let said = dockerfile().lines().find_map(|line| {
            let (name, base) = line.strip_prefix("ARG ")?.split_once('=')?;
            (name == BASE).then_some(base)
        });
        said.unwrap_or("debian:bookworm")
    }

    /// Takes its name apart; a digest can't be given, only found.
    pub(in crate::provider::docker) fn reference(&self) -> Result<Reference, ProviderError> {
        let reference = Reference::parse(&self.name)?;
        if reference.digest.is_some() {
            return Err(ProviderError::new(
                Class::Invalid,
                Code::new("docker::image-reference"),
                format!(
                    "`{}` names a digest, which an image has only once it is built",
                    self.name
                ),
            )
            .help("name it with a tag, as `registry.example.com/team/dev:remote`"));
        }
        Ok(reference)
    }

    /// The parameters of the call.
    pub(in crate::provider::docker) fn options(&self, reference: &Reference) -> BuildImageOptions {
        let mut arguments: HashMap<String, String> = self.arguments.clone().into_iter().collect();
        arguments.insert(BASE.to_owned(), self.base.clone());
        arguments.insert("UPDATES".to_owned(), self.day.clone());
        BuildImageOptionsBuilder::new()
            .dockerfile(DOCKERFILE)
            .t(&reference.named())
            .target(self.target.as_str())
            .buildargs(&arguments)
            .rm(true)
            .forcerm(true)
            .build()
    }
}

/// The parameters that push it; an Engine asked without a tag would push all of them.
pub(in crate::provider::docker) fn push(reference: &Reference) -> PushImageOptions {
    PushImageOptionsBuilder::new()
        .tag(reference.tag.as_deref().unwrap_or("latest"))
        .build()
}

fn dockerfile() -> &'static str {
    let file = CONTEXT.get_file(DOCKERFILE);
    file.and_then(|file| file.contents_utf8())
        .unwrap_or_default()
}

/// The stages that a target needs: an Engine's own builder runs every one that it meets on its way.
fn stages(dockerfile: &str, target: ImageTarget) -> String {
    let mut kept = String::new();
    let mut needed = true;
    for line in dockerfile.lines() {
        if let Some(from) = line.strip_prefix("FROM ") {
            let stage = from.rsplit(' ').next().unwrap_or_default();
            needed = stage == "base" || stage == target.as_str();
        }
        if needed {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The archive that is built from. Equal files make equal bytes, so that the cache knows them.
pub(in crate::provider::docker) fn context(target: ImageTarget) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in CONTEXT.files() {
        let pruned;
        let content = if file.path().to_str() == Some(DOCKERFILE) {
            pruned = stages(dockerfile(), target);
            pruned.as_bytes()
        } else {
            file.contents()
        };
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, file.path(), content)?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn build(name: &str) -> ImageBuild {
        ImageBuild {
            target: ImageTarget::Remote,
            name: name.to_owned(),
            base: "debian:12".to_owned(),
            day: "2026-11-27".to_owned(),
            arguments: BTreeMap::from([("SUDO".to_owned(), "1".to_owned())]),
        }
    }

    fn files(target: ImageTarget) -> BTreeMap<String, String> {
        let packed = context(target).unwrap();
        let mut archive = tar::Archive::new(packed.as_slice());
        let mut found = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            found.insert(entry.path().unwrap().display().to_string(), text);
        }
        found
    }

    #[test]
    fn the_call_names_everything() {
        let build = build("localhost:5000/team/dev");
        let reference = build.reference().unwrap();
        let options = serde_json::to_value(build.options(&reference)).unwrap();
        assert_eq!(options["t"], "localhost:5000/team/dev:latest");
        assert_eq!(options["target"], "remote");
        let arguments = options["buildargs"].to_string();
        for part in ["BASE", "debian:12", "UPDATES", "2026-11-27", "SUDO"] {
            assert!(arguments.contains(part), "{arguments}");
        }
    }

    #[test]
    fn a_digest_is_no_name() {
        let refused = build("a@sha256:00").reference().unwrap_err();
        assert_eq!(refused.code.as_str(), "docker::image-reference");
    }

    #[test]
    fn a_target_brings_its_own_stage_and_the_base() {
        let local = &files(ImageTarget::Local)["Dockerfile"];
        let remote = &files(ImageTarget::Remote)["Dockerfile"];
        assert!(local.contains("AS base") && local.contains("AS local"));
        assert!(!local.contains("openssh-server"), "{local}");
        assert!(remote.contains("AS base") && remote.contains("openssh-server"));
        assert!(!remote.contains("AS local"), "{remote}");
    }

    #[test]
    fn the_stage_without_a_name_is_the_local_one() {
        let last = dockerfile().lines().rfind(|line| line.starts_with("FROM "));
        assert_eq!(last, Some("FROM base AS local"));
    }

    #[test]
    fn equal_contexts_are_equal_bytes_with_all_that_is_copied() {
        assert_eq!(
            context(ImageTarget::Remote).unwrap(),
            context(ImageTarget::Remote).unwrap()
        );
        let files = files(ImageTarget::Remote);
        let copied = files["Dockerfile"].lines().filter_map(|line| {
            let words = line.strip_prefix("COPY ")?;
            Some(words.rsplit_once(' ')?.0.split(' '))
        });
        for name in copied.flatten() {
            assert!(files.contains_key(name), "{name} isn't in the context");
        }
    }

    #[test]
    fn the_dockerfile_says_which_base() {
        assert_eq!(ImageBuild::default_base(), "debian:bookworm");
    }
}
