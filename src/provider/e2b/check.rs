//! Checks of what is wanted: what E2B can't do is said before anything is made.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::inside::settings;
use super::template::{self, Found};
use super::{E2b, request};
use crate::address::Address;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::{Observation, Seen};
use crate::provider::{ProviderError, Query};
use crate::resource::{E2bSettings, MachineSpec, Size};

/// How long a sandbox may run at a stretch on the smallest plan, in seconds.
const BASE: u32 = 3600;

/// The least memory a sandbox may have, in MiB.
const LEAST: u64 = 128;

type Observed = BTreeMap<Address, Observation>;

/// Checks every machine that is wanted; templates are looked up once each, and only for machines
/// that aren't there yet.
pub(super) async fn check(e2b: &E2b, query: &Query, observed: &Observed) -> Diagnostics {
    let mut findings = Vec::new();
    let mut templates: BTreeMap<String, Result<Option<Found>, ProviderError>> = BTreeMap::new();
    for question in query.questions.iter().filter(|question| question.wanted) {
        let Ok((machine, settings)) = settings(&question.spec) else {
            continue;
        };
        let address = &question.address;
        let seen = match observed.get(address) {
            Some(Observation::Present(seen)) => Some(&**seen),
            Some(Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_))
            | None => None,
        };
        findings.extend(of_words(address, machine, settings, seen));
        if seen.is_some() || settings.builds() {
            continue;
        }
        let alias = request::alias_of(machine, settings);
        if !templates.contains_key(&alias) {
            templates.insert(alias.clone(), template::find(e2b, &alias).await);
        }
        match templates.get(&alias) {
            Some(Ok(Some(found))) => findings.extend(of_size(address, machine, &alias, found)),
            Some(Ok(None)) => {
                let missing = template::missing(&alias).diagnose();
                findings.extend(missing.into_iter().map(|one| one.on(address.clone())));
            }
            Some(Err(error)) => {
                let failed = error.diagnose();
                findings.extend(failed.into_iter().map(|one| one.on(address.clone())));
            }
            None => {}
        }
    }
    findings
}

/// What can be said without asking anybody.
fn of_words(
    address: &Address,
    machine: &MachineSpec,
    settings: &E2bSettings,
    seen: Option<&Seen>,
) -> Diagnostics {
    let mut findings = Vec::new();
    let error = |code, text: String, help: &str| {
        Diagnostic::error(Code::new(code), text)
            .on(address.clone())
            .help(help)
    };
    for domain in settings.blocked_domains.iter().filter(|one| !is_range(one)) {
        findings.push(error(
            "e2b::blocked-domain",
            format!("E2B can't block `{domain}`: it blocks addresses, and no names"),
            "write addresses such as `203.0.113.0/24`, or name what may be reached in \
             `allowedDomains`",
        ));
    }
    for label in settings.metadata.keys() {
        if label.starts_with("dev.sindri.") {
            findings.push(error(
                "e2b::reserved-label",
                format!("the label `{label}` is one of sindri's own"),
                "give it another name in `providers.e2b.metadata`",
            ));
        }
    }
    if let Some(memory) = machine.memory
        && (memory < Size::mib(LEAST) || memory.as_bytes() % Size::mib(1).as_bytes() != 0)
    {
        findings.push(error(
            "e2b::memory",
            format!("E2B has no sandbox with {memory} of memory"),
            "ask for whole MB, 128 or more",
        ));
    }
    if settings.timeout > BASE && seen.is_none() {
        findings.push(
            Diagnostic::warning(
                Code::new("e2b::long-life"),
                format!(
                    "a timeout of {} seconds is more than the 3600 that E2B's Base plan allows",
                    settings.timeout
                ),
            )
            .on(address.clone())
            .help("Pro allows 86400; work in the machine puts its end off by itself"),
        );
    }
    findings
}

/// Whether E2B can block it: an address, or a range of them.
fn is_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
    address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128)
}

/// Whether a template that stands has what is asked for.
fn of_size(address: &Address, machine: &MachineSpec, alias: &str, found: &Found) -> Diagnostics {
    let Some(latest) = &found.latest else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut differs = |what: &str, has: String, asked: String| {
        findings.push(
            Diagnostic::error(
                Code::new("e2b::template-size"),
                format!("the template `{alias}` has {has}, and `resources.{what}` says {asked}"),
            )
            .on(address.clone())
            .help("a sandbox has what its template has: say the same, or leave it out"),
        );
    };
    if let Some(cpus) = machine.cpus.filter(|cpus| *cpus != latest.cpu_count) {
        differs(
            "cpus",
            format!("{} processors", latest.cpu_count),
            cpus.to_string(),
        );
    }
    let has = Size::mib(latest.memory);
    if let Some(memory) = machine.memory.filter(|memory| *memory != has) {
        differs("memory", format!("{has} of memory"), memory.to_string());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_can_be_blocked() {
        for text in ["203.0.113.7", "203.0.113.0/24", "2001:db8::/32"] {
            assert!(is_range(text), "{text}");
        }
        for text in ["example.com", "*.example.com", "203.0.113.0/x", "1.2.3"] {
            assert!(!is_range(text), "{text}");
        }
    }
}
