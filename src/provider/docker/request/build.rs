//! The requests that build and push an image: pure.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

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
/// The stage in which extensions are installed.
const BAKED: &str = "baked";
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
    /// What is installed in it; nothing where absent.
    pub baked: Option<Baked>,
}

/// Extensions that are installed while the image is built: `sindri apply` of a project, run in it.
#[derive(Clone, Debug)]
pub struct Baked {
    /// Sindri, as a program for Linux; it stays in the image.
    pub program: Vec<u8>,
    /// The project's files, by their paths in its directory.
    pub project: BTreeMap<String, Vec<u8>>,
    /// What it installs, by name.
    pub extensions: Vec<String>,
}

impl Baked {
    /// The architecture its program runs on, as Engines call it; none where it is no program for
    /// Linux.
    pub(in crate::provider::docker) fn architecture(&self) -> Option<&'static str> {
        // The header of an ELF file: its mark, 64 bits, little-endian; at 18 the machine.
        let rest = self.program.strip_prefix(b"\x7fELF\x02\x01")?;
        match rest.get(12..14)? {
            [62, 0] => Some("amd64"),
            [183, 0] => Some("arm64"),
            _ => None,
        }
    }
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
            .target(match self.baked {
                Some(_) => BAKED,
                None => self.target.as_str(),
            })
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
    file(DOCKERFILE)
}

/// One of our files as text.
fn file(name: &str) -> &'static str {
    let file = CONTEXT.get_file(name);
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

/// The stage that installs extensions on top of a target, and leaves what else it says as it was.
fn baked_stage(target: ImageTarget) -> String {
    let kept = match target {
        ImageTarget::Local => "USER developer\nCMD [\"bash\", \"-l\"]\n",
        ImageTarget::Remote => "",
    };
    let stage = file("baked");
    format!("\nFROM {} AS {BAKED}\n{stage}{kept}", target.as_str())
}

/// The archive that is built from. Equal files make equal bytes, so that the cache knows them.
pub(in crate::provider::docker) fn context(build: &ImageBuild) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: &Path, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content)
    };
    for file in CONTEXT.files() {
        if file.path() != Path::new(DOCKERFILE) {
            add(file.path(), 0o644, file.contents())?;
            continue;
        }
        let mut text = stages(dockerfile(), build.target);
        if build.baked.is_some() {
            text.push_str(&baked_stage(build.target));
        }
        add(file.path(), 0o644, text.as_bytes())?;
    }
    if let Some(baked) = &build.baked {
        add(Path::new("sindri"), 0o755, &baked.program)?;
        for (path, content) in &baked.project {
            add(&Path::new("project").join(path), 0o644, content)?;
        }
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
            baked: None,
        }
    }

    fn of(target: ImageTarget) -> ImageBuild {
        ImageBuild {
            target,
            ..build("dev")
        }
    }

    fn files(build: &ImageBuild) -> BTreeMap<String, String> {
        let packed = context(build).unwrap();
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
        let local = &files(&of(ImageTarget::Local))["Dockerfile"];
        let remote = &files(&of(ImageTarget::Remote))["Dockerfile"];
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
            context(&of(ImageTarget::Remote)).unwrap(),
            context(&of(ImageTarget::Remote)).unwrap()
        );
        let files = files(&of(ImageTarget::Remote));
        let copied = files["Dockerfile"].lines().filter_map(|line| {
            let words = line.strip_prefix("COPY ")?;
            Some(words.rsplit_once(' ')?.0.split(' '))
        });
        for name in copied.flatten() {
            assert!(files.contains_key(name), "{name} isn't in the context");
        }
    }

    fn baked(program: &[u8]) -> Baked {
        Baked {
            program: program.to_vec(),
            project: BTreeMap::from([("extensions/a/extension.yaml".to_owned(), b"a".to_vec())]),
            extensions: vec!["a".to_owned()],
        }
    }

    #[test]
    fn what_is_baked_comes_in_a_stage_of_its_own_after_the_target() {
        for (target, after) in [
            (ImageTarget::Remote, "RUN sh /usr/local/lib/sindri/bake"),
            (ImageTarget::Local, "USER developer\nCMD [\"bash\", \"-l\"]"),
        ] {
            let build = ImageBuild {
                baked: Some(baked(b"program")),
                ..of(target)
            };
            let files = files(&build);
            let stage = format!("\nFROM {} AS baked\n", target.as_str());
            let (_, stage) = files["Dockerfile"].split_once(&stage).unwrap();
            assert!(stage.trim_end().ends_with(after), "{stage}");
            assert_eq!(files["sindri"], "program");
            assert_eq!(files["project/extensions/a/extension.yaml"], "a");
            let reference = build.reference().unwrap();
            assert_eq!(build.options(&reference).target, "baked");
        }
        assert!(!files(&of(ImageTarget::Remote)).contains_key("sindri"));
    }

    #[test]
    fn the_architecture_is_that_of_the_programs_header() {
        let elf = |bits: u8, machine: u8| {
            let mut header = b"\x7fELF".to_vec();
            header.extend([bits, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, machine, 0]);
            baked(&header).architecture()
        };
        assert_eq!(elf(2, 62), Some("amd64"));
        assert_eq!(elf(2, 183), Some("arm64"));
        assert_eq!(elf(1, 62), None);
        assert_eq!(elf(2, 3), None);
        assert_eq!(baked(b"#!/bin/sh").architecture(), None);
        assert_eq!(baked(b"\x7fELF\x02\x01").architecture(), None);
    }

    #[test]
    fn the_dockerfile_says_which_base() {
        assert_eq!(ImageBuild::default_base(), "debian:bookworm");
    }
}
