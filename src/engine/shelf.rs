//! The extensions and profiles that stand beside a configuration.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::address::{Name, NameRule};
use crate::catalog::{Folder, MANIFEST_FILE, ProfileFile, Shelf};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::sys::files;

/// The most bytes one file of an extension may have.
const FILE_MAX: u64 = 4 << 20;

/// The most files an extension may have.
const FILES_MAX: usize = 1000;

/// `extensions/` and `profiles/` beside a configuration, which win over the embedded ones.
pub struct DirectoryShelf {
    extensions: PathBuf,
    profiles: PathBuf,
}

impl DirectoryShelf {
    /// A shelf of the extensions in this directory, without profiles.
    pub fn of(extensions: &Path) -> Self {
        Self {
            extensions: extensions.to_owned(),
            profiles: PathBuf::new(),
        }
    }

    /// The shelf beside a configuration in this directory.
    pub fn beside(directory: &Path) -> Self {
        Self {
            extensions: directory.join("extensions"),
            profiles: directory.join("profiles"),
        }
    }
}

impl Shelf for DirectoryShelf {
    fn folder(&self, name: &Name) -> Result<Option<Folder>, Diagnostics> {
        let folder = self.extensions.join(name.as_str());
        let shown = format!("extensions/{name}");
        let manifest = match files::read_limited(&folder.join(MANIFEST_FILE), FILE_MAX) {
            Ok(bytes) => bytes,
            Err(error) if absent(&error) => return Ok(None),
            Err(error) => return Err(unreadable(&format!("{shown}/{MANIFEST_FILE}"), &error)),
        };
        let mut found = BTreeMap::new();
        collect(&folder, "", &mut found).map_err(|error| unreadable(&shown, &error))?;
        Ok(Some(Folder {
            shown: Arc::from(shown),
            manifest: Arc::from(manifest),
            files: Arc::new(found),
        }))
    }

    fn names(&self) -> Vec<Name> {
        listed(&self.extensions, "")
    }

    fn profile(&self, name: &Name) -> Result<Option<ProfileFile>, Diagnostics> {
        let shown = format!("profiles/{name}.yaml");
        match files::read_limited(&self.profiles.join(format!("{name}.yaml")), FILE_MAX) {
            Ok(bytes) => Ok(Some(ProfileFile {
                shown: Arc::from(shown),
                text: Arc::from(bytes),
            })),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unreadable(&shown, &error)),
        }
    }

    fn profile_names(&self) -> Vec<Name> {
        listed(&self.profiles, ".yaml")
    }
}

/// Every regular file below a folder but the manifest, by its path in it; links aren't followed.
fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Arc<[u8]>>) -> io::Result<()> {
    for name in files::list(folder)? {
        let Some(name) = name.to_str().map(str::to_owned) else {
            return Err(io::Error::other("a file's name isn't UTF-8"));
        };
        let path = folder.join(&name);
        let inner = format!("{prefix}{name}");
        if inner == MANIFEST_FILE {
            continue;
        }
        match files::entry(&path)? {
            files::Entry::Directory => collect(&path, &format!("{inner}/"), found)?,
            files::Entry::File => {
                if found.len() >= FILES_MAX {
                    return Err(io::Error::other(format!(
                        "it holds more than {FILES_MAX} files"
                    )));
                }
                found.insert(inner, Arc::from(files::read_limited(&path, FILE_MAX)?));
            }
            files::Entry::Link(_) | files::Entry::Absent => {}
        }
    }
    Ok(())
}

fn listed(directory: &Path, suffix: &str) -> Vec<Name> {
    files::list(directory)
        .unwrap_or_default()
        .iter()
        .filter_map(|name| name.to_str()?.strip_suffix(suffix))
        .filter_map(|name| Name::parse(NameRule::Extension, name).ok())
        .collect()
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn unreadable(shown: &str, error: &io::Error) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("catalog::unreadable"),
            format!("`{shown}` can't be read"),
        )
        .because(error.to_string()),
    ]
}
