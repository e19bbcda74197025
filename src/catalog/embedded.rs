//! The shelf embedded in the binary: `extensions/` and `profiles/` of the source tree.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};
use rustc_hash::FxHashMap;

use super::read::MANIFEST_FILE;
use super::shelf::{Folder, ProfileFile, Shelf};
use crate::address::{Name, NameRule};
use crate::diagnostic::Diagnostics;

static EXTENSIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/extensions");
static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");

/// The folders of extensions by name: `Dir` searches all of its paths for each.
static BY_NAME: LazyLock<FxHashMap<&str, &Dir<'_>>> = LazyLock::new(|| {
    let named = EXTENSIONS
        .dirs()
        .map(|dir| Some((dir.path().to_str()?, dir)));
    named.flatten().collect()
});

/// What the binary carries.
pub(super) struct Embedded;

impl Shelf for Embedded {
    fn folder(&self, name: &Name) -> Result<Option<Folder>, Diagnostics> {
        let Some(dir) = BY_NAME.get(name.as_str()) else {
            return Ok(None);
        };
        let mut files = BTreeMap::new();
        collect(dir, name.as_str(), &mut files);
        Ok(files.remove(MANIFEST_FILE).map(|manifest| Folder {
            shown: Arc::from(format!("extensions/{name}")),
            manifest,
            files: Arc::new(files),
        }))
    }

    fn names(&self) -> Vec<Name> {
        EXTENSIONS
            .dirs()
            .filter_map(|dir| named(dir.path().to_str()?))
            .collect()
    }

    fn profile(&self, name: &Name) -> Result<Option<ProfileFile>, Diagnostics> {
        let file = format!("{name}.yaml");
        Ok(PROFILES.get_file(&file).map(|found| ProfileFile {
            shown: Arc::from(format!("profiles/{file}")),
            text: Arc::from(found.contents()),
        }))
    }

    fn profile_names(&self) -> Vec<Name> {
        PROFILES
            .files()
            .filter_map(|file| named(file.path().to_str()?.strip_suffix(".yaml")?))
            .collect()
    }
}

fn named(text: &str) -> Option<Name> {
    Name::parse(NameRule::Extension, text).ok()
}

fn collect(dir: &Dir<'_>, root: &str, files: &mut BTreeMap<String, Arc<[u8]>>) {
    for file in dir.files() {
        let path = file
            .path()
            .strip_prefix(root)
            .ok()
            .and_then(|path| path.to_str());
        if let Some(path) = path {
            files.insert(path.to_owned(), Arc::from(file.contents()));
        }
    }
    for below in dir.dirs() {
        collect(below, root, files);
    }
}
