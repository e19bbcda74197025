//! What stands in the way of what is wanted, found before anything is touched.

use std::collections::BTreeMap;

use super::id::Id;
use super::seen::{KEPT_AWAKE, is_transient};
use super::wire::Placements;
use super::{Fly, app, machine, observe, request};
use crate::address::Address;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::{Observation, Seen};
use crate::provider::{Class, Query, Question};
use crate::resource::{FlyGuest, MachineSpec, NetworkSpec, Spec};

/// Checks what is wanted against what Fly.io has.
pub(super) async fn check(
    fly: &Fly,
    query: &Query,
    observed: &BTreeMap<Address, Observation>,
) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let mut asked: BTreeMap<String, Option<Diagnostic>> = BTreeMap::new();
    for question in query.questions.iter().filter(|question| question.wanted) {
        let seen = observe::present(observed.get(&question.address));
        let mut found = match (question.spec.as_ref(), seen) {
            (Spec::Network(spec), None) => name(fly, query, spec).await,
            (Spec::Machine(spec), None) => room(fly, query, question, spec, &mut asked).await,
            (Spec::Machine(_), Some(seen)) => {
                let state = seen.outputs.get("state").and_then(|state| state.as_str());
                let mut found = stuck(fly, &seen.id, state.unwrap_or_default()).await;
                found.extend(seen.outputs.get(KEPT_AWAKE).map(|_| kept_awake(seen)));
                found
            }
            (
                Spec::Network(_)
                | Spec::Volume(_)
                | Spec::Image(_)
                | Spec::Gpu(_)
                | Spec::Secret(_)
                | Spec::Extension(_),
                _,
            ) => Diagnostics::new(),
        };
        for finding in &mut found {
            finding
                .address
                .get_or_insert_with(|| question.address.clone());
        }
        findings.append(&mut found);
    }
    findings
}

/// Whether the name of an app that isn't there is free.
async fn name(fly: &Fly, query: &Query, spec: &NetworkSpec) -> Diagnostics {
    match app::look(fly, &spec.name).await {
        Ok(None) => Diagnostics::new(),
        Ok(Some(seen)) => {
            let occupied = app::occupied(fly, &spec.name, &seen, &query.lineage);
            occupied.await.diagnose()
        }
        // Whoever may not look at it isn't the one who has it.
        Err(denied) if denied.code.as_str() == "fly::denied" => {
            app::taken(&spec.name, None).diagnose()
        }
        Err(failed) => failed.diagnose(),
    }
}

/// Whether there is room for a machine; each size and region is asked about once.
async fn room(
    fly: &Fly,
    query: &Query,
    question: &Question,
    spec: &MachineSpec,
    asked: &mut BTreeMap<String, Option<Diagnostic>>,
) -> Diagnostics {
    let Ok(settings) = machine::settings(spec) else {
        return Diagnostics::new();
    };
    if spec.gpu.is_some() {
        return Diagnostics::new();
    }
    let guest = FlyGuest::of(settings.cpu_kind, spec.cpus, spec.memory);
    let disk = query.questions.iter().find_map(|other| {
        let own = other.address.machine() == question.address.machine();
        match other.spec.as_ref() {
            Spec::Volume(volume) if own && other.id.is_none() => volume.size,
            _ => None,
        }
    });
    let key = format!(
        "{:?} {} {guest:?} {disk:?}",
        settings.organization, settings.region
    );
    if let Some(known) = asked.get(&key) {
        return known.clone().into_iter().collect();
    }
    let finding = match fly.organization(settings.organization.as_ref()).await {
        Err(failed) => return failed.diagnose(),
        Ok(organization) => {
            let call =
                request::organization::placements(&organization, &settings.region, guest, disk);
            match fly.call::<Placements>(call).await {
                Ok(room) if room.regions.iter().any(|region| region.count > 0) => None,
                Ok(_) => Some(full(&settings.region, guest)),
                Err(failed) if failed.code.as_str() == "fly::no-capacity" => {
                    Some(full(&settings.region, guest))
                }
                // Only a look ahead: whether there is room shows when the machine is made.
                Err(failed) if failed.class != Class::Denied => None,
                Err(failed) => return failed.diagnose(),
            }
        }
    };
    asked.insert(key, finding.clone());
    finding.into_iter().collect()
}

fn full(region: &str, guest: FlyGuest) -> Diagnostic {
    let mut found = Diagnostic::error(
        Code::new("fly::no-room"),
        format!(
            "Fly.io has no room in `{region}` now for {} {} processors with {}",
            guest.cpus, guest.kind, guest.memory
        ),
    )
    .help("choose another region or a list of them, such as `iad,ord`");
    found.allowable = true;
    found
}

/// A machine that an apply keeps awake, which costs what it costs until somebody ends that.
fn kept_awake(seen: &Seen) -> Diagnostic {
    Diagnostic::warning(
        Code::new("fly::kept-awake"),
        format!(
            "the machine `{}` doesn't fall asleep: an apply keeps it awake while it installs, or was cut off before it ended that",
            seen.id
        ),
    )
    .help("where no apply runs any more, the next one lets it sleep again")
}

/// Whether a machine has been on its way for too long.
async fn stuck(fly: &Fly, id: &crate::state::ObjectId, state: &str) -> Diagnostics {
    if !is_transient(state) {
        return Diagnostics::new();
    }
    let Ok(id) = Id::parse(id) else {
        return Diagnostics::new();
    };
    let Ok(Some(seen)) = observe::machine(fly, &id).await else {
        return Diagnostics::new();
    };
    let most = if seen.state == "updating" { 10 } else { 5 };
    let since = seen
        .updated_at
        .as_deref()
        .and_then(|text| text.parse().ok());
    let minutes = since.map_or(0, |since: jiff::Timestamp| {
        fly.clock.now().duration_since(since).as_mins()
    });
    if !is_transient(&seen.state) || minutes <= most {
        return Diagnostics::new();
    }
    vec![
        Diagnostic::warning(
            Code::new("fly::stuck"),
            format!(
                "the machine `{}` has been `{}` for {minutes} minutes",
                id.object, seen.state
            ),
        )
        .help("Fly.io may have trouble: https://status.flyio.net"),
    ]
}
