//! Where objects lie.

use std::path::{Path, PathBuf};

use super::error;
use crate::provider::ProviderError;
use crate::state::{Lineage, ObjectId};

/// The directories of machines and volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shelf {
    Machines,
    Volumes,
}

impl Shelf {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Volumes => "volumes",
        }
    }

    /// The directory of all objects of this sort and lineage.
    pub(super) fn of(self, root: &Path, lineage: &Lineage) -> PathBuf {
        root.join(lineage.as_str()).join(self.as_str())
    }
}

/// Where one object lies; nothing is said about whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    shelf: Shelf,
    /// The machine, or the volume's content.
    pub(super) directory: PathBuf,
}

impl Place {
    /// The place of an object by its real name.
    pub(super) fn named(
        shelf: Shelf,
        root: &Path,
        lineage: &Lineage,
        name: &str,
    ) -> Result<Self, ProviderError> {
        Parents::of(root, lineage).place(shelf, name)
    }

    /// The place a recorded id stands for, if it can be one of this lineage.
    ///
    /// The root may be another one than today's: the marker found there tells whose it is.
    pub(super) fn recorded(shelf: Shelf, lineage: &Lineage, id: &ObjectId) -> Option<Self> {
        let path = Path::new(id.as_str());
        let name = path.file_name()?.to_str()?;
        let parent = path.parent()?;
        let fits = path.is_absolute()
            && is_fit(name)
            && parent.file_name()? == shelf.as_str()
            && parent.parent()?.file_name()? == lineage.as_str();
        fits.then(|| Self::within(shelf, parent, name))
    }

    /// The place of a machine somebody works in.
    pub(super) fn of_machine(id: &ObjectId) -> Option<Self> {
        let path = Path::new(id.as_str());
        let lineage = path.parent()?.parent()?.file_name()?.to_str()?;
        Self::recorded(Shelf::Machines, &Lineage::parse(lineage)?, id)
    }

    pub(super) fn within(shelf: Shelf, parent: &Path, name: &str) -> Self {
        Self {
            shelf,
            directory: parent.join(name),
        }
    }

    /// The file that tells whose it is.
    pub(super) fn marker(&self) -> PathBuf {
        match self.shelf {
            Shelf::Machines => self.directory.join("machine.json"),
            Shelf::Volumes => self.beside("", ".json"),
        }
    }

    /// The marker while it is being rewritten.
    pub(super) fn next_marker(&self) -> PathBuf {
        match self.shelf {
            Shelf::Machines => self.directory.join(".machine.json.new"),
            Shelf::Volumes => self.beside(".", ".json.new"),
        }
    }

    /// The directory while it is being made.
    pub(super) fn fresh(&self) -> PathBuf {
        self.beside(".", ".new")
    }

    /// The directory while it is being removed.
    pub(super) fn gone(&self) -> PathBuf {
        self.beside(".", ".gone")
    }

    fn beside(&self, before: &str, after: &str) -> PathBuf {
        self.directory
            .with_file_name(format!("{before}{}{after}", self.name()))
    }

    /// The object's id: its directory.
    pub(super) fn id(&self) -> ObjectId {
        ObjectId::new(&self.directory.to_string_lossy())
    }

    /// The object's real name.
    pub(super) fn name(&self) -> &str {
        self.directory
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }
}

/// The directories in which the objects of one lineage lie today.
#[derive(Clone, Debug)]
pub(super) struct Parents {
    machines: PathBuf,
    volumes: PathBuf,
}

impl Parents {
    pub(super) fn of(root: &Path, lineage: &Lineage) -> Self {
        Self {
            machines: Shelf::Machines.of(root, lineage),
            volumes: Shelf::Volumes.of(root, lineage),
        }
    }

    pub(super) fn of_shelf(&self, on: Shelf) -> &Path {
        match on {
            Shelf::Machines => &self.machines,
            Shelf::Volumes => &self.volumes,
        }
    }

    /// The place of an object by its real name.
    pub(super) fn place(&self, on: Shelf, name: &str) -> Result<Place, ProviderError> {
        if is_fit(name) {
            Ok(Place::within(on, self.of_shelf(on), name))
        } else {
            Err(error::bad_name(name))
        }
    }

    /// The real name of an object recorded where it would be made today.
    pub(super) fn name<'a>(&self, on: Shelf, id: &'a ObjectId) -> Option<&'a str> {
        let rest = id.as_str().strip_prefix(self.of_shelf(on).to_str()?)?;
        rest.strip_prefix('/').filter(|name| is_fit(name))
    }

    /// The place of a recorded id that lies where it would be made today; the usual case, and known
    /// without taking paths apart.
    pub(super) fn recorded(&self, on: Shelf, id: &ObjectId) -> Option<Place> {
        let name = self.name(on, id)?;
        Some(Place::within(on, self.of_shelf(on), name))
    }
}

/// Whether a name stays in its directory and clashes with none of our own files.
pub(super) fn is_fit(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.len() <= 128
        && name.bytes().all(fine)
        && name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
        && Path::new(name).extension().is_none_or(|end| end != "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_their_directory_are_refused() {
        for name in [
            "", ".", "..", "a/b", "../a", ".hidden", "a.json", "a b", "a\0", "é",
        ] {
            assert!(!is_fit(name), "{name:?} was accepted");
        }
        assert!(!is_fit(&"a".repeat(129)));
        for name in ["dev", "dev.workspace", "Dev_1-x"] {
            assert!(is_fit(name), "{name} was refused");
        }
    }

    #[test]
    fn an_id_of_another_lineage_or_shape_is_nobodys_place() {
        let lineage = Lineage::from_random([1; 16]);
        let place = |text: &str| Place::recorded(Shelf::Machines, &lineage, &ObjectId::new(text));
        let own = format!("/data/{lineage}/machines/dev");
        assert!(place(&own).is_some());
        assert!(place("/").is_none());
        assert!(place("/etc").is_none());
        assert!(place(&format!("/data/{lineage}/machines/..")).is_none());
        assert!(place(&format!("/data/{lineage}/volumes/dev")).is_none());
        assert!(
            place(&format!(
                "/data/{}/machines/dev",
                Lineage::from_random([2; 16])
            ))
            .is_none()
        );
        assert!(place(&format!("data/{lineage}/machines/dev")).is_none());
    }
}
