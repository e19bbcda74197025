//! What is asked of a configuration, and whether the catalog knows it.

use crate::address::Name;
use crate::catalog::{self, Catalog, Lock, Wanted};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// What a configuration shall ask for from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditRequest {
    /// These extensions too.
    Install(Vec<Pinned>),
    /// These extensions no longer.
    Remove {
        /// The extensions.
        names: Vec<Name>,
        /// Whether a profile that brings one of them is written out as the list of its others.
        write_out: bool,
    },
    /// This profile.
    Profile {
        /// The profile.
        name: Name,
        /// Whether it takes the place of another one.
        switch: bool,
    },
}

/// An extension, and the version a person counts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its name.
    pub name: Name,
    /// The version it must have.
    pub version: Option<String>,
}

impl EditRequest {
    /// Checks it against the catalog and the lock, and gives every extension the name it has today.
    pub(super) fn settled(
        self,
        catalog: &Catalog,
        lock: Option<&Lock>,
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut notes = Vec::new();
        let settled = match self {
            Self::Install(pins) => {
                let mut wrong = Vec::new();
                let mut settled: Vec<Pinned> = Vec::new();
                for pin in pins {
                    match known(catalog, lock, pin, &mut notes) {
                        Ok(pin) if settled.iter().any(|other| other.name == pin.name) => {}
                        Ok(pin) => settled.push(pin),
                        Err(found) => wrong.extend(found),
                    }
                }
                if !wrong.is_empty() {
                    return Err(wrong);
                }
                Self::Install(settled)
            }
            Self::Remove { names, write_out } => Self::Remove {
                names: names
                    .iter()
                    .map(|name| catalog::today(catalog, name))
                    .collect(),
                write_out,
            },
            Self::Profile { name, switch } => {
                catalog.profile(&name)?;
                Self::Profile { name, switch }
            }
        };
        Ok((settled, notes))
    }
}

/// An extension that is to be installed, if there is such a one in that version.
fn known(
    catalog: &Catalog,
    lock: Option<&Lock>,
    pin: Pinned,
    notes: &mut Diagnostics,
) -> Result<Pinned, Diagnostics> {
    let Pinned {
        name: typed,
        version,
    } = pin;
    let name = catalog::today(catalog, &typed);
    let Some(manifest) = catalog.manifest(&name)? else {
        // The resolver knows what to say of a name that isn't there.
        let asked = Wanted::whole(typed, None);
        return Err(catalog::resolve(catalog, &[asked]).1);
    };
    let locked = |version: &str| lock.is_some_and(|lock| lock.has_version(&name, version));
    if let Some(wanted) = version
        .as_ref()
        .filter(|wanted| **wanted != manifest.version && !locked(wanted))
    {
        let summary = format!(
            "the catalog has `{name}` {}, not {wanted}",
            manifest.version
        );
        let help = format!(
            "leave the version out; or put a manifest of {wanted} in `extensions/{name}/` beside the \
             configuration, which goes before the catalog"
        );
        return Err(vec![
            Diagnostic::error(Code::new("catalog::version"), summary).help(help),
        ]);
    }
    if name != typed {
        notes.push(Diagnostic::advice(
            Code::new("catalog::renamed"),
            format!("`{typed}` is `{name}` today, and that is written"),
        ));
    }
    Ok(Pinned { name, version })
}
