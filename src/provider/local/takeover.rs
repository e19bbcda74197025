//! Taking over: an object of ours that the state forgot, or a directory that somebody made.
//!
//! A directory of somebody's becomes a volume, or the home of a machine: it is moved to where those
//! lie, and moved back if the rest fails. A machine's marker is written last, a volume's first; a
//! kill in between leaves nothing that counts as an object, and the next try goes on from there.

use std::io;
use std::path::{Path, PathBuf};

use super::create::{links_of, made, marker_of, settled};
use super::error;
use super::ground::Ground;
use super::marker::{Marker, Reading};
use super::mount;
use super::observe::{self, asked};
use super::place::{Place, Shelf};
use crate::diagnostic::Code;
use crate::plan::{Observation, Seen};
use crate::provider::{Class, Made, Owned, ProviderError, Sought, TakeRequest};
use crate::resource::{Attributes, Power, Spec};
use crate::state::Lineage;
use crate::sys::files::{self, Entry, Nearby};

/// What a named directory is.
enum Named {
    /// An object of this lineage, whatever address it was made at.
    Ours(Place, Box<Marker>),
    /// Somebody's directory.
    Theirs(PathBuf),
    /// One whose move was cut short: it lies where it shall already.
    Moved,
}

/// Looks at what a person named.
pub(super) fn find(root: &Path, sought: &Sought) -> Result<Seen, ProviderError> {
    let (shelf, name) = shelf_of(&sought.spec)?;
    let target = Place::named(shelf, root, &sought.lineage, name)?;
    match named(shelf, &target, sought)? {
        Named::Ours(place, marker) => {
            let found = observe::look(
                &Nearby::default(),
                shelf,
                &place,
                &sought.lineage,
                &marker.address,
            );
            match found {
                Observation::Present(seen) => Ok(*seen),
                Observation::Unreadable(why) => Err(unfit(why)),
                Observation::Absent | Observation::Ended(_) => Err(absent(&place.directory)),
            }
        }
        Named::Theirs(_) | Named::Moved => {
            // It becomes all that is wanted of it: nothing is known of it that could differ.
            let mut attributes = Marker::attributes_of(&sought.spec);
            attributes.set("name", name);
            Ok(Seen {
                id: sought.id.clone(),
                operation: None,
                attributes,
                power: match sought.spec.as_ref() {
                    Spec::Machine(spec) => Some(settled(spec.power)),
                    Spec::Network(_)
                    | Spec::Image(_)
                    | Spec::Gpu(_)
                    | Spec::Volume(_)
                    | Spec::Secret(_)
                    | Spec::Extension(_) => None,
                },
                incarnation: None,
                outputs: Attributes::default(),
                broken: Vec::new(),
            })
        }
    }
}

/// Takes over what a person named.
pub(super) fn take(ground: &Ground, request: &TakeRequest) -> Result<Made, ProviderError> {
    let root = &ground.root;
    let sought = request.sought();
    let (shelf, name) = shelf_of(&sought.spec)?;
    let target = Place::named(shelf, root, &sought.lineage, name)?;
    let fail = |source| error::file_system("taking over", &target.directory, source);
    match named(shelf, &target, &sought)? {
        Named::Ours(place, marker) => {
            let next = Marker {
                address: sought.address.clone(),
                ..*marker
            };
            next.rewrite(&place).map_err(fail)?;
            Ok(made(&place, &next))
        }
        Named::Theirs(from) => match shelf {
            Shelf::Volumes => volume(&target, request, Some(&from)),
            Shelf::Machines => machine(ground, &target, request, Some(&from)),
        },
        Named::Moved => match shelf {
            Shelf::Volumes => volume(&target, request, None),
            Shelf::Machines => machine(ground, &target, request, None),
        },
    }
}

/// Everything that carries a lineage.
pub(super) fn owned(root: &Path, lineage: &Lineage) -> Vec<Owned> {
    let mut found = Vec::new();
    for shelf in [Shelf::Machines, Shelf::Volumes] {
        let parent = shelf.of(root, lineage);
        let names = files::list(&parent).unwrap_or_default();
        for name in names.iter().filter_map(|name| name.to_str()) {
            if !super::place::is_fit(name) {
                continue;
            }
            let place = Place::within(shelf, &parent, name);
            if let Reading::Found(marker) = Marker::read(&place)
                && marker.lineage == *lineage
                && files::entry(&place.directory).is_ok_and(|entry| entry == Entry::Directory)
            {
                found.push(Owned {
                    address: marker.address,
                    id: place.id(),
                });
            }
        }
    }
    found
}

fn shelf_of(spec: &Spec) -> Result<(Shelf, &str), ProviderError> {
    asked(spec).ok_or_else(|| error::not_held(spec.kind().as_str()))
}

fn named(shelf: Shelf, target: &Place, sought: &Sought) -> Result<Named, ProviderError> {
    let path = Path::new(sought.id.as_str());
    if !path.is_absolute() {
        return Err(unfit(format!("`{}` is no absolute path", path.display()))
            .help("name the directory by its whole path"));
    }
    if let Some(place) = Place::recorded(shelf, &sought.lineage, &sought.id)
        && let Reading::Found(marker) = Marker::read(&place)
        && marker.lineage == sought.lineage
    {
        return Ok(Named::Ours(place, marker));
    }
    match files::entry(path) {
        Ok(Entry::Directory) => {}
        Ok(Entry::Absent) if is_cut_short(shelf, target) => return Ok(Named::Moved),
        Ok(Entry::Absent) => {
            let moved = imported_from(shelf, target, sought);
            return moved.ok_or_else(|| absent(path));
        }
        Ok(Entry::Link(_) | Entry::File) => {
            return Err(unfit(format!("`{}` is no directory", path.display()))
                .help("name a directory; a link is not followed"));
        }
        Err(source) => return Err(error::file_system("looking", path, source)),
    }
    if let Some(whose) = marked(path) {
        return Err(ProviderError::new(
            Class::Conflict,
            Code::new("local::not-ours"),
            format!(
                "`{}` belongs to another state, of lineage {whose}",
                path.display()
            ),
        )
        .help("let that project forget it first, with `sindri state rm`"));
    }
    if target.directory.starts_with(path) {
        return Err(unfit(format!(
            "`{}` holds the directories of sindri itself",
            path.display()
        )));
    }
    Ok(Named::Theirs(path.to_owned()))
}

/// The object that a directory became before, which the state forgot since.
fn imported_from(shelf: Shelf, target: &Place, sought: &Sought) -> Option<Named> {
    let parent = target.directory.parent()?;
    let names = files::list(parent).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| name.to_str())
        .filter(|name| super::place::is_fit(name))
        .map(|name| Place::within(shelf, parent, name))
        .find_map(|place| match Marker::read(&place) {
            Reading::Found(marker)
                if marker.lineage == sought.lineage
                    && marker.imported.as_deref() == Some(sought.id.as_str()) =>
            {
                Some(Named::Ours(place, marker))
            }
            Reading::Found(_) | Reading::Absent | Reading::Broken(_) => None,
        })
}

/// The lineage of an object that lies at a path.
fn marked(path: &Path) -> Option<Lineage> {
    let places = [Shelf::Machines, Shelf::Volumes]
        .into_iter()
        .filter_map(|shelf| {
            let name = path.file_name()?.to_str()?;
            Some(Place::within(shelf, path.parent()?, name))
        });
    for place in places {
        if let Reading::Found(marker) = Marker::read(&place) {
            return Some(marker.lineage);
        }
    }
    None
}

/// Whether a move to a place was made, and what follows it wasn't.
fn is_cut_short(shelf: Shelf, target: &Place) -> bool {
    let is_there = |path: &Path| files::entry(path).is_ok_and(|entry| entry == Entry::Directory);
    match shelf {
        Shelf::Machines => {
            is_there(&target.directory.join("home"))
                && matches!(Marker::read(target), Reading::Absent)
        }
        Shelf::Volumes => false,
    }
}

fn volume(
    target: &Place,
    request: &TakeRequest,
    from: Option<&Path>,
) -> Result<Made, ProviderError> {
    let marker = Marker {
        imported: Some(request.id.to_string()),
        ..marker_of(&request.wanted)
    };
    let Some(from) = from else {
        return Ok(made(target, &marker));
    };
    vacant(target)?;
    let fail = |source| error::file_system("taking over", &target.directory, source);
    if let Some(parent) = target.directory.parent() {
        files::create_private_dir_all(parent).map_err(fail)?;
    }
    marker.rewrite(target).map_err(fail)?;
    if let Err(error) = files::rename_new(from, &target.directory) {
        files::remove_file(&target.marker()).map_err(fail)?;
        return Err(immovable(from, &target.directory, error));
    }
    Ok(made(target, &marker))
}

fn machine(
    ground: &Ground,
    target: &Place,
    request: &TakeRequest,
    from: Option<&Path>,
) -> Result<Made, ProviderError> {
    let wanted = &request.wanted;
    let Spec::Machine(spec) = wanted.spec.as_ref() else {
        return Err(error::not_held(wanted.spec.kind().as_str()));
    };
    let marker = Marker {
        power: Some(match spec.power {
            Power::Stopped => Power::Stopped,
            Power::Running | Power::Provider => Power::Running,
        }),
        links: links_of(ground, target, wanted, spec)?,
        imported: Some(request.id.to_string()),
        ..marker_of(wanted)
    };
    if let Some(link) = marker.links.iter().find(|link| link.place == "home") {
        return Err(if link.leads_to_own_home() {
            unfit("its home is your own".to_owned())
                .help("leave out `providers.local.wholeHost`: a directory becomes a machine's home")
        } else {
            unfit("its home is a volume".to_owned())
                .help("import the directory as that volume instead")
        });
    }
    let fail = |source| error::file_system("taking over", &target.directory, source);
    let home = target.directory.join("home");
    if let Some(from) = from {
        // One that broke off left its directory empty.
        if !files::list(&target.directory).is_ok_and(|names| names.is_empty()) {
            vacant(target)?;
        }
        files::create_private_dir_all(&target.directory).map_err(fail)?;
        if let Err(error) = files::rename_new(from, &home) {
            files::remove_tree(&target.directory).map_err(fail)?;
            return Err(immovable(from, &home, error));
        }
    }
    let linked: io::Result<()> = marker
        .links
        .iter()
        .try_for_each(|link| mount::make(&target.directory, link));
    if let Err(error) = linked.and_then(|()| marker.rewrite(target)) {
        if let Some(from) = from {
            for link in &marker.links {
                mount::unmake(&target.directory, link).map_err(fail)?;
            }
            files::rename_new(&home, from).map_err(fail)?;
            files::remove_tree(&target.directory).map_err(fail)?;
        }
        return Err(fail(error));
    }
    Ok(made(target, &marker))
}

fn vacant(target: &Place) -> Result<(), ProviderError> {
    match files::entry(&target.directory) {
        Ok(Entry::Absent) => Ok(()),
        Ok(Entry::Directory | Entry::Link(_) | Entry::File) => {
            Err(error::name_taken(&target.directory))
        }
        Err(source) => Err(error::file_system("looking", &target.directory, source)),
    }
}

fn immovable(from: &Path, to: &Path, source: io::Error) -> ProviderError {
    let help = match source.kind() {
        io::ErrorKind::CrossesDevices => {
            "it lies on another file system: copy it yourself to one with the data directory, or \
             set SINDRI_DATA_DIR to a directory beside it"
        }
        _ => "see that both directories can be written",
    };
    let (from, to) = (from.display(), to.display());
    ProviderError::new(
        Class::Failed,
        Code::new("local::immovable"),
        format!("`{from}` can't be moved to `{to}`"),
    )
    .help(help)
    .source(source)
}

fn absent(path: &Path) -> ProviderError {
    ProviderError::new(
        Class::NotFound,
        Code::new("local::not-found"),
        format!("there is no directory `{}`", path.display()),
    )
    .help("name an existing directory; `sindri adopt` lists what belongs to this state")
}

fn unfit(why: String) -> ProviderError {
    ProviderError::new(Class::Invalid, Code::new("local::not-importable"), why)
}
