//! The small file that tells whose an object is.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::address::Address;
use crate::resource::{Attributes, Power, Spec};
use crate::state::{Lineage, OperationId};
use crate::sys::files::{self, Nearby};

/// No marker is larger.
const MOST: u64 = 1 << 20;
/// The format written today.
const FORMAT: u32 = 1;

/// Whose an object is and what it was made to be.
///
/// Read at every refresh, so it is small and flat. People may read it; who edits it makes drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// The format of this file.
    pub(super) format: u32,
    /// Whose it is.
    pub(super) lineage: Lineage,
    /// The resource it stands for.
    pub(super) address: Address,
    /// The operation that made it.
    pub(super) operation: OperationId,
    /// How many objects the address has had, this one included.
    pub(super) generation: u64,
    /// What it was last made to be; power isn't among it.
    pub(super) attributes: Attributes,
    /// Whether a machine runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) power: Option<Power>,
    /// A machine's mounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<Link>,
    /// The path of the directory that became it, where it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) imported: Option<String>,
    /// How often a machine's home was found missing and made anew.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) lost_homes: u64,
}

/// One mount as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    /// The volume's name at the machine.
    pub(super) volume: String,
    /// The path as specified.
    pub(super) path: String,
    /// Where the link lies, relative to the machine's directory.
    pub(super) place: String,
    /// The volume's content.
    pub(super) target: String,
}

impl Link {
    /// The home of a machine that is the whole host: it leads to the person's own.
    pub(super) fn to_own_home(home: &Path) -> Self {
        Self {
            volume: String::new(),
            path: "~".to_owned(),
            place: "home".to_owned(),
            target: home.to_string_lossy().into_owned(),
        }
    }

    /// Whether it leads to the person's own home, and to no volume.
    pub(super) fn leads_to_own_home(&self) -> bool {
        self.volume.is_empty()
    }
}

/// What a look at a marker tells.
#[derive(Debug)]
pub(super) enum Reading {
    /// There is none.
    Absent,
    /// It can't be read, or isn't one of ours; why.
    Broken(String),
    /// This.
    Found(Box<Marker>),
}

impl Marker {
    pub(super) fn new(
        lineage: &Lineage,
        address: &Address,
        operation: &OperationId,
        generation: u64,
        spec: &Spec,
    ) -> Self {
        Self {
            format: FORMAT,
            lineage: lineage.clone(),
            address: address.clone(),
            operation: operation.clone(),
            generation,
            attributes: Self::attributes_of(spec),
            power: None,
            links: Vec::new(),
            imported: None,
            lost_homes: 0,
        }
    }

    /// What a specification says, but for the power.
    pub(super) fn attributes_of(spec: &Spec) -> Attributes {
        let mut attributes = spec.attributes();
        attributes.0.remove("power");
        attributes
    }

    /// Whether it marks the object of this lineage at this address.
    pub(super) fn is_of(&self, lineage: &Lineage, address: &Address) -> bool {
        self.lineage == *lineage && self.address == *address
    }

    /// The identity of a machine's root, which ends with its home.
    pub(super) fn incarnation(&self) -> String {
        match self.lost_homes {
            0 => self.operation.to_string(),
            lost => format!("{}.{lost}", self.operation),
        }
    }

    /// Reads the marker of a place.
    pub(super) fn read(place: &Place) -> Reading {
        Self::read_near(&Nearby::default(), place)
    }

    /// Reads the marker of a place that lies in an open directory.
    pub(super) fn read_near(nearby: &Nearby, place: &Place) -> Reading {
        let bytes = match nearby.read_small(&place.marker(), MOST) {
            Ok(bytes) => bytes,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Reading::Absent,
                    _ => Reading::Broken(broken(&place.marker(), &error)),
                };
            }
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(marker) if marker.format == FORMAT => Reading::Found(Box::new(marker)),
            Ok(marker) => {
                let why = format!("its format {} isn't known here", marker.format);
                Reading::Broken(broken(&place.marker(), &why))
            }
            Err(error) => Reading::Broken(broken(&place.marker(), &error)),
        }
    }

    /// The bytes of the file.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Replaces the marker of a place.
    pub(super) fn rewrite(&self, place: &Place) -> io::Result<()> {
        files::write_by_way_of(&place.next_marker(), &place.marker(), &self.bytes()?, 0o600)
    }
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("`{}` can't be read: {why}", path.display())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
