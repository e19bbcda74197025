//! Imports: the objects that a person named are looked at, each by its id.

use std::collections::BTreeSet;

use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::{Observation, Observed};
use crate::provider::{Owned, Sought};
use crate::resource::ProviderKind;
use crate::state::{ObjectId, State};

use super::Readers;

/// Puts what is to be imported among what was seen; what can't be is an error that says why.
///
/// What is recorded already was imported before.
pub(super) async fn look_up(
    readers: &dyn Readers,
    desired: &Desired,
    recorded: &State,
    observed: &mut Observed,
) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for import in &desired.transitions.imports {
        let Some(wanted) = desired.get(&import.to) else {
            continue;
        };
        let Some(provider) = wanted.spec.provider() else {
            continue;
        };
        // Of an import that broke off, what can be seen is settled; what can't is still to be taken.
        let settles = recorded.is_open(&import.to)
            && (observed.get(&import.to)).is_some_and(|observation| !observation.is_gone());
        if recorded.current(&import.to).is_some() || settles {
            continue;
        }
        let sought = Sought {
            lineage: recorded.lineage.clone(),
            address: import.to.clone(),
            spec: wanted.spec.clone(),
            id: ObjectId::new(&import.id),
        };
        let found = match readers.reader(provider) {
            Ok(reader) => reader.find(&sought).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(seen) => {
                let seen = Observation::Present(Box::new(seen));
                observed.objects.insert(import.to.clone(), seen);
            }
            Err(error) => {
                let mut found = Diagnostic::error(
                    Code::new("import::refused"),
                    format!("`{}` can't be imported as `{}`", import.id, import.to),
                )
                .on(import.to.clone());
                for cause in error.diagnose() {
                    found = found.because(cause.summary);
                    found.causes.extend(cause.causes);
                    found.help = cause.help.or(found.help);
                }
                found.place.clone_from(&import.place);
                findings.push(found);
                // Nothing is made in its place while the person thinks about it.
                let why = Observation::Unreadable("its import was refused".to_owned());
                observed.objects.insert(import.to.clone(), why);
            }
        }
    }
    findings
}

/// Why imports need to ask the providers.
pub(super) fn unasked(desired: &Desired, recorded: &State) -> Diagnostics {
    let open = desired.transitions.imports.iter();
    open.filter(|import| recorded.current(&import.to).is_none())
        .map(|import| {
            let mut found = Diagnostic::error(
                Code::new("import::unasked"),
                format!(
                    "`{}` can't be imported without asking its provider",
                    import.to
                ),
            )
            .on(import.to.clone())
            .help("leave out `--refresh=false`");
            found.place.clone_from(&import.place);
            found
        })
        .collect()
}

/// Objects that carry this lineage and aren't recorded, by provider and address; findings where
/// one couldn't be asked.
pub async fn strays(
    readers: &dyn Readers,
    kinds: &BTreeSet<ProviderKind>,
    recorded: &State,
) -> (Vec<(ProviderKind, Owned)>, Diagnostics) {
    let known: BTreeSet<(ProviderKind, &ObjectId)> = recorded
        .resources
        .values()
        .flat_map(|record| record.current.iter().chain(&record.deposed))
        .map(|object| (object.provider, &object.id))
        .collect();
    let (mut found, mut findings) = (Vec::new(), Diagnostics::new());
    for kind in kinds {
        let owned = match readers.reader(*kind) {
            Ok(reader) => reader.owned(&recorded.lineage).await,
            Err(error) => Err(error),
        };
        match owned {
            Ok(owned) => found.extend(
                owned
                    .into_iter()
                    .filter(|one| !known.contains(&(*kind, &one.id)))
                    .map(|one| (*kind, one)),
            ),
            Err(error) => findings.extend(error.diagnose()),
        }
    }
    found.sort();
    (found, findings)
}
