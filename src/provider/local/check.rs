//! Checking what is wanted against what is there, before anything is touched.

use std::collections::BTreeMap;
use std::path::Path;

use rustc_hash::FxHashMap;

use super::ground::Ground;
use super::place::{Parents, Place, Shelf};
use super::{error, mount, observe};
use crate::address::Address;
use crate::diagnostic::{Diagnose, Diagnostic, Diagnostics};
use crate::plan::Observation;
use crate::provider::{Query, Question};
use crate::resource::{GpuVendor, Spec};
use crate::sys::files::{self, Entry};

pub(super) fn check(
    ground: &Ground,
    query: &Query,
    observed: &BTreeMap<Address, Observation>,
) -> Diagnostics {
    let root = &ground.root;
    let mut findings = Diagnostics::new();
    let mut whole: Option<&Address> = None;
    let mut taken: FxHashMap<(Shelf, &str), &Address> = FxHashMap::default();
    let mut missing = false;
    let parents = Parents::of(root, &query.lineage);
    for question in query.questions.iter().filter(|question| question.wanted) {
        if let Spec::Gpu(spec) = question.spec.as_ref() {
            findings.extend(gpu(spec.vendor).map(|finding| finding.on(question.address.clone())));
        }
        let Some((shelf, name)) = observe::asked(&question.spec) else {
            continue;
        };
        let on = |finding: Diagnostic| finding.on(question.address.clone());
        let place = match parents.place(shelf, name) {
            Ok(place) => place,
            Err(error) => {
                findings.extend(error.diagnose().into_iter().map(on));
                continue;
            }
        };
        findings.extend(mounts(&place, question).into_iter().map(on));
        findings.extend(whole_host(ground, question, &mut whole).into_iter().map(on));
        let absent = (observed.get(&question.address)).is_none_or(Observation::is_gone);
        missing |= absent;
        if absent && files::entry(&place.directory).is_ok_and(|entry| entry != Entry::Absent) {
            let finding = error::name_taken(&place.directory);
            findings.extend(finding.diagnose().into_iter().map(on));
        }
        if let Some(other) = taken.insert((shelf, name), &question.address) {
            let summary = format!("`{other}` has the name `{name}` too");
            findings
                .push(on(Diagnostic::error(error::NAME_TAKEN, summary)
                    .help("give one of them another name")));
        }
    }
    if missing && !files::writable(root) {
        let summary = format!("nothing can be made at `{}`", root.display());
        findings.push(
            Diagnostic::error(error::NOT_WRITABLE, summary)
                .help("set SINDRI_DATA_DIR to a directory you may write to"),
        );
    }
    findings
}

/// The device files of which one is there where a driver is; the last is WSL's.
pub(super) fn devices(vendor: GpuVendor) -> [&'static str; 2] {
    match vendor {
        GpuVendor::Nvidia => ["/dev/nvidiactl", "/dev/dxg"],
        GpuVendor::Amd => ["/dev/kfd", "/dev/dxg"],
    }
}

/// Whether this host has a GPU of a vendor at all; how many and which is not looked at.
fn gpu(vendor: GpuVendor) -> Option<Diagnostic> {
    let is_there =
        |device: &str| files::entry(Path::new(device)).is_ok_and(|entry| entry != Entry::Absent);
    let devices = devices(vendor);
    if devices.iter().any(|device| is_there(device)) {
        return None;
    }
    let vendor = match vendor {
        GpuVendor::Nvidia => "NVIDIA",
        GpuVendor::Amd => "AMD",
    };
    let summary = format!("this host has no {vendor} GPU that its kernel knows of");
    Some(
        Diagnostic::error(error::NO_GPU, summary)
            .help(format!(
                "install its driver, so that `{}` appears",
                devices[0]
            ))
            .allowable(),
    )
}

/// What stands against a machine that is the whole host: that there is no home, or another such one.
fn whole_host<'a>(
    ground: &Ground,
    question: &'a Question,
    other: &mut Option<&'a Address>,
) -> Diagnostics {
    let Spec::Machine(spec) = question.spec.as_ref() else {
        return Diagnostics::new();
    };
    match ground.own_home(spec) {
        Ok(None) => Diagnostics::new(),
        Err(error) => error.diagnose(),
        Ok(Some(_)) => match other.replace(&question.address) {
            None => Diagnostics::new(),
            Some(other) => {
                let summary = format!("`{other}` is the whole host already");
                let help = "set `providers.local.wholeHost` of one machine only";
                vec![Diagnostic::error(error::WHOLE_HOST, summary).help(help)]
            }
        },
    }
}

/// Mounts that can't be where they are wanted.
fn mounts(place: &Place, question: &Question) -> Diagnostics {
    match question.spec.as_ref() {
        Spec::Machine(spec) => mount::places(&place.directory, spec)
            .err()
            .map_or_else(Diagnostics::new, |error| error.diagnose()),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => Diagnostics::new(),
    }
}
