//! The template a sandbox is made from: one that stands, or one built of image, processors and
//! memory.

use std::time::Duration;

use super::error::fail;
use super::wire::{Alias, Build, Registered, Stage, Version, Versions};
use super::{E2b, request};
use crate::provider::{Class, Progress, ProviderError};
use crate::resource::{E2bSettings, MachineSpec};

/// How often a build is asked how far it is.
const BETWEEN: Duration = Duration::from_millis(1500);

/// How long a build may say nothing new.
const SILENCE: Duration = Duration::from_mins(20);

/// A template as its name leads to it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its id.
    pub(super) id: String,
    /// Its latest build that can be used; none where nothing was ever built.
    pub(super) latest: Option<Version>,
}

/// Looks a template up by its name; none where there is none.
pub(super) async fn find(e2b: &E2b, alias: &str) -> Result<Option<Found>, ProviderError> {
    let found: Alias = match e2b.answer(&request::find_alias(alias)).await {
        Ok(found) => found,
        Err(error) if error.class == Class::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let versions: Versions = match e2b.answer(&request::versions(&found.template)).await {
        Ok(versions) => versions,
        // A public template of another team tells nothing of itself.
        Err(error) if matches!(error.class, Class::NotFound | Class::Denied) => {
            return Ok(Some(Found {
                id: found.template,
                latest: None,
            }));
        }
        Err(error) => return Err(error),
    };
    let ready = versions.builds.into_iter();
    let ready = ready.filter(|build| build.status == Stage::Ready);
    Ok(Some(Found {
        id: found.template,
        latest: ready.max_by(|one, other| one.created_at.cmp(&other.created_at)),
    }))
}

/// The template's id, once it can be used.
///
/// Machines that are alike share one look and one build a run; one that somebody else has begun meanwhile is found
/// under the same name and does no harm.
pub(super) async fn ready(
    e2b: &E2b,
    machine: &MachineSpec,
    settings: &E2bSettings,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<String, ProviderError> {
    let alias = request::alias_of(machine, settings);
    let slot = e2b.template(&alias);
    let mut known = slot.lock().await;
    if let Some(id) = &*known {
        return Ok(id.clone());
    }
    let id = find_or_build(e2b, machine, settings, &alias, progress).await?;
    *known = Some(id.clone());
    Ok(id)
}

async fn find_or_build(
    e2b: &E2b,
    machine: &MachineSpec,
    settings: &E2bSettings,
    alias: &str,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<String, ProviderError> {
    let anew = settings.build_on_deploy || !settings.reuse_template;
    if !anew {
        let found = find(e2b, alias).await?;
        let usable = found.filter(|found| found.latest.is_some() || !settings.builds());
        if let Some(found) = usable {
            return Ok(found.id);
        }
        if !settings.builds() {
            return Err(missing(alias));
        }
    }
    build(e2b, machine, settings, alias, anew, progress).await
}

/// There is no template of a name that a person wrote.
pub(super) fn missing(alias: &str) -> ProviderError {
    fail(
        Class::Invalid,
        "e2b::template-missing",
        format!("there is no template `{alias}` that this key may use"),
    )
    .help(
        "leave `providers.e2b.templateAlias` out, and sindri builds one from `deployment.image`; \
         or set `reuseTemplate: false`, and it builds this one",
    )
}

async fn build(
    e2b: &E2b,
    machine: &MachineSpec,
    settings: &E2bSettings,
    alias: &str,
    anew: bool,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<String, ProviderError> {
    let Some(image) = &machine.image else {
        return Err(missing(alias));
    };
    let say = |text: String| progress(Progress { text, share: None });
    say(format!("building template `{alias}` from {image}"));
    let team = settings.team.as_deref();
    let Registered { template, build } = e2b
        .answer(&request::new_template(alias, machine, team))
        .await?;
    e2b.send(&request::begin_build(&template, &build, image, anew))
        .await?;
    let (mut lines, mut quiet) = (0, Duration::ZERO);
    loop {
        let state: Build = e2b
            .answer(&request::build_status(&template, &build, lines))
            .await?;
        if let Some(last) = state.log_entries.last() {
            lines += state.log_entries.len();
            quiet = Duration::ZERO;
            let said = last.message.lines().next().unwrap_or_default().trim();
            say(format!("template `{alias}`: {said}"));
        }
        match state.status {
            Stage::Ready => return Ok(template),
            Stage::Error => return Err(broken(alias, image, &state)),
            Stage::Waiting | Stage::Building if quiet < SILENCE => {}
            Stage::Waiting | Stage::Building => {
                return Err(fail(
                    Class::Failed,
                    "e2b::template-stuck",
                    format!("the build of template `{alias}` has said nothing for {SILENCE:?}"),
                )
                .help("E2B's dashboard shows its log; the next apply looks for it again"));
            }
        }
        tokio::time::sleep(BETWEEN).await;
        quiet += BETWEEN;
    }
}

fn broken(alias: &str, image: &str, build: &Build) -> ProviderError {
    let reason = build.reason.as_ref();
    let why = reason.map_or_else(
        || "E2B gives no reason".to_owned(),
        |reason| match &reason.step {
            Some(step) => format!("{} (at {step})", reason.message),
            None => reason.message.clone(),
        },
    );
    fail(
        Class::Failed,
        "e2b::template-failed",
        format!("the template `{alias}` can't be built from `{image}`: {why}"),
    )
    .help("E2B fetches the image itself: it must be public, for x86-64, and Debian or Ubuntu")
}
