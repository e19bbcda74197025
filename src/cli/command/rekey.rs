//! `sindri state rekey`: encrypt the state, give it another key, or decrypt it.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;

use super::acting::{Claim, hold};
use crate::address::Address;
use crate::cli::args::{Common, Wait};
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session};
use crate::config::Overrides;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Exit};
use crate::digest::FingerprintKey;
use crate::engine;
use crate::resource::{SecretSpec, Spec};
use crate::secret::Value;
use crate::state::{Object, State};
use crate::store::{Opening, Rekeyed};

#[derive(Args, Debug)]
pub(crate) struct RekeyArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Leave the state in plaintext from now on
    #[arg(long)]
    pub(crate) decrypt: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

pub(crate) fn run(session: &mut Session, args: &RekeyArgs) -> Outcome {
    let claim = Claim::new("state rekey", session.lock_timeout(&args.wait)?);
    let mut screen = Screen::new(session);
    let mut locked = hold(session, &mut screen, claim.to(Opening::Rekeying))?;
    if locked.is_new() {
        return Err(vec![
            Diagnostic::error(Code::new("state::none"), "nothing is recorded here")
                .help("with a key given, the first `sindri apply` begins an encrypted state"),
        ]);
    }
    let values = values(session);
    let missing = missing(locked.state(), &values);
    let old = locked.fingerprint_key().clone();
    let renew = |state: &mut State, key: &FingerprintKey| renew(state, &old, key, &values);
    let renewed = missing.is_empty() && locked.state().pending.is_empty();
    let sealing = session.sealing().clone();
    let world = session.world().clone();
    let (done, dropped) = locked
        .rekey(&sealing, &world, args.decrypt, renewed.then_some(&renew))
        .map_err(|error| error.diagnose())?;
    answer(session, done, (renewed, dropped), &missing)
}

fn answer(
    session: &mut Session,
    done: Rekeyed,
    (renewed, dropped): (bool, usize),
    missing: &[Address],
) -> Outcome {
    let (word, text) = match done {
        Rekeyed::Encrypted => ("encrypted", "The state is encrypted now."),
        Rekeyed::Rotated => (
            "rotated",
            "The state is encrypted with the key given now; nothing is left under another.",
        ),
        Rekeyed::Decrypted => ("decrypted", "The state is in plaintext now."),
    };
    if session.is_json() {
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let answer = serde_json::json!({
            "state": word,
            "fingerprint_key": if renewed { "renewed" } else { "kept" },
            "missing": missing,
            "versions_dropped": dropped,
        });
        session.answer(&(answer.to_string() + "\n"))?;
        return Ok(Exit::Done);
    }
    session.answer(&format!("{text}\n"))?;
    if dropped > 0 {
        let versions = if dropped == 1 {
            "1 earlier version was".to_owned()
        } else {
            format!("{dropped} earlier versions were")
        };
        session.answer(&format!("{versions} dropped: no key given opens them.\n"))?;
    }
    if renewed {
        session.answer("Secrets have new fingerprints, under a new fingerprint key.\n")?;
    } else {
        let mut found = Diagnostic::advice(
            Code::new("state::fingerprints-kept"),
            "the fingerprint key stays the same",
        )
        .help("make their values available and run `sindri state rekey` again");
        for address in missing {
            found = found.because(format!("`{address}` has no value here"));
        }
        if missing.is_empty() {
            found = found
                .because("an operation is open")
                .help("run `sindri apply`, then `sindri state rekey` again");
        }
        session.warn(&[found]);
    }
    Ok(Exit::Done)
}

/// The values of secrets, as far as they are available; none without a configuration.
fn values(session: &Session) -> BTreeMap<Address, Value> {
    let Ok(mut project) = session.project(Overrides::default()) else {
        return BTreeMap::new();
    };
    let environment = &session.world().environment;
    engine::resolve(&mut project.desired, environment, &project.directory, None).0
}

/// The recorded secrets with a fingerprint and without a value.
fn missing(state: &State, values: &BTreeMap<Address, Value>) -> Vec<Address> {
    let fingerprinted =
        |object: &Arc<Object>| secret(object).is_some_and(|s| s.fingerprint.is_some());
    state
        .resources
        .iter()
        .filter(|(_, record)| {
            record
                .current
                .iter()
                .chain(&record.deposed)
                .any(fingerprinted)
        })
        .map(|(address, _)| address.clone())
        .filter(|address| !values.contains_key(address))
        .collect()
}

fn secret(object: &Object) -> Option<&SecretSpec> {
    match &*object.spec {
        Spec::Secret(spec) => Some(spec),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Machine(_)
        | Spec::Extension(_) => None,
    }
}

/// Gives every recorded secret whose value is still the delivered one its fingerprint under the new
/// key; another keeps what it has, which no value matches any more, and is delivered anew.
fn renew(
    state: &mut State,
    old: &FingerprintKey,
    new: &FingerprintKey,
    values: &BTreeMap<Address, Value>,
) {
    for (address, record) in &mut state.resources {
        let Some(value) = values.get(address) else {
            continue;
        };
        let name = address.leaf();
        let delivered = Some(value.fingerprint(old, name.as_str()));
        for object in record.current.iter_mut().chain(&mut record.deposed) {
            let Some(spec) = secret(object).filter(|spec| spec.fingerprint == delivered) else {
                continue;
            };
            let spec = SecretSpec {
                fingerprint: Some(value.fingerprint(new, name.as_str())),
                ..spec.clone()
            };
            Arc::make_mut(object).spec = Arc::new(Spec::Secret(spec));
        }
    }
}
