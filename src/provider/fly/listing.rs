//! An organization's machines and volumes, read in pages whatever their number.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::organization;
use super::wire::{App, Machine, Page, Volume};
use super::{Fly, request};
use crate::provider::ProviderError;

/// How many pages there may be: more would be a server that goes round in circles.
const PAGES: usize = 1000;

/// Everything of some organizations.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Machines, by their ids.
    pub(super) machines: BTreeMap<String, Machine>,
    /// Volumes by their ids, but for those that are as good as gone.
    pub(super) volumes: BTreeMap<String, Volume>,
    /// What couldn't be read, by its id.
    pub(super) broken: BTreeMap<String, String>,
    /// Regions that didn't answer.
    pub(super) silent: Vec<String>,
}

/// Lists the machines and the volumes of organizations.
pub(super) async fn list(fly: &Fly, organizations: &[String]) -> Result<Listing, ProviderError> {
    let mut listing = Listing::default();
    for organization in organizations {
        let machines = pages(fly, |cursor| organization::machines(organization, cursor));
        let volumes = pages(fly, |cursor| organization::volumes(organization, cursor));
        // Of two that fail the first is told, whichever answered sooner.
        let (machines, volumes) = tokio::join!(machines, volumes);
        for page in machines?.into_iter().chain(volumes?) {
            for value in page.machines {
                keep(value, &mut listing.machines, &mut listing.broken);
            }
            for value in page.volumes {
                keep(value, &mut listing.volumes, &mut listing.broken);
            }
            listing.silent.extend(page.error_regions);
        }
    }
    listing.volumes.retain(|_, volume| !volume.is_gone());
    listing
        .machines
        .retain(|_, machine| !is_gone(&machine.state));
    Ok(listing)
}

/// The apps of an organization, by name.
pub(super) async fn apps(
    fly: &Fly,
    organization: &str,
) -> Result<BTreeMap<String, App>, ProviderError> {
    let pages = pages(fly, |cursor| request::app::list(organization, cursor)).await?;
    let apps = pages.into_iter().flat_map(|page| page.apps);
    let apps = apps.filter_map(|value| serde_json::from_value::<App>(value).ok());
    Ok(apps.map(|app| (app.name.clone(), app)).collect())
}

async fn pages(
    fly: &Fly,
    call: impl Fn(Option<&str>) -> request::Call,
) -> Result<Vec<Page>, ProviderError> {
    let mut pages: Vec<Page> = Vec::new();
    let mut cursor: Option<String> = None;
    while pages.len() < PAGES {
        let page: Page = fly.call(call(cursor.as_deref())).await?;
        let next = page.next_cursor.clone().filter(|next| !next.is_empty());
        pages.push(page);
        if next.is_none() || next == cursor {
            break;
        }
        cursor = next;
    }
    Ok(pages)
}

/// Keeps what can be read; of the rest, why it can't.
fn keep<T: serde::de::DeserializeOwned>(
    value: Value,
    kept: &mut BTreeMap<String, T>,
    broken: &mut BTreeMap<String, String>,
) {
    let Some(id) = value.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    match serde_json::from_value(value) {
        Ok(object) => {
            kept.insert(id, object);
        }
        Err(error) => {
            broken.insert(id, error.to_string());
        }
    }
}

/// Whether a machine of this state is as good as gone.
pub(super) fn is_gone(state: &str) -> bool {
    ["destroying", "destroyed", "replaced", "migrated"].contains(&state)
}
