//! A job's folder: the runner, a script for each step, the extension's files.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::choice::Choice;
use super::quote::{add, quote, words};
use super::step::{self, Body, Unbuilt};
use super::survey::There;
use super::titles::Titles;
use super::{Job, Persistence, Purpose, configure, drop, outbound, remembered, removal, service};
use crate::catalog::{Action, Check, Distro, Hook, Manifest, RemoveStep, Step};
use crate::digest::Digest;
use crate::provider::MachineRef;
use crate::resource::{ProviderKind, Settings, Spec};

pub(super) const BASE: &str = include_str!("shell/base.sh");
const RUN: &str = include_str!("shell/run.sh");
const NETWORK: &str = include_str!("shell/network.sh");

/// The step that writes the configuration.
pub(super) const CONFIGURE: &str = "configure";
/// The step that runs before all others.
pub(super) const BEFORE: &str = "pre-install";
/// The step that runs when everything is in place.
pub(super) const AFTER: &str = "post-install";
/// The step that starts the service.
pub(super) const SERVICE: &str = "service";
/// The step that removes the version before.
pub(super) const REMOVED: &str = "removed";
/// The step that takes away what only the version before brought.
pub(super) const DROPPED: &str = "dropped";
/// The same, for what is in use until the new version has come.
pub(super) const OUTDATED: &str = "outdated";
/// The upgrade's own script.
pub(super) const UPGRADE: &str = "upgrade";
/// What these may take, in seconds.
pub(super) const TAKING_AWAY: u64 = 900;

/// What a script of ours must know of the machine it runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    provider: ProviderKind,
    host_packages: bool,
    /// Whether the machine is a directory of the host's.
    within_host: bool,
}

impl Place {
    pub(super) fn of(machine: &MachineRef) -> Self {
        let mut place = Self {
            provider: ProviderKind::Docker,
            host_packages: true,
            within_host: false,
        };
        if let Spec::Machine(spec) = &*machine.spec {
            place.provider = spec.provider;
            if let Settings::Local(local) = &spec.settings {
                place.host_packages = local.reaches_host();
                place.within_host = !local.whole_host;
            }
        }
        place
    }

    /// Who the machine belongs to.
    pub(super) fn provider(self) -> ProviderKind {
        self.provider
    }

    /// The start of every script: the facts it works with, then the functions.
    pub(super) fn header(self) -> String {
        let place = if self.within_host { "home" } else { "machine" };
        format!(
            "place={place}\nexport SINDRI_PROVIDER={} SINDRI_HOST_PACKAGES={}\n{BASE}",
            self.provider,
            u8::from(self.host_packages)
        )
    }
}

/// A job's folder, as it is put into the machine.
#[derive(Debug)]
pub(super) struct Bundle {
    /// The folder's name: extension and content.
    pub(super) name: String,
    /// What identifies the root file system the job is for.
    pub(super) incarnation: String,
    /// What its steps are called.
    pub(super) titles: Titles,
    files: BTreeMap<String, Arc<[u8]>>,
}

impl Bundle {
    /// The folder of an installation.
    pub(super) fn install(
        job: &Job,
        place: Place,
        persistence: Persistence,
        there: &There,
    ) -> Result<Self, (String, Unbuilt)> {
        let found = there.all;
        let manifest = &job.manifest;
        let mut bundle = Self::new(name(job), job);
        let mut plan = String::new();
        bundle.remember(job)?;
        for step in drop::steps(job) {
            let seconds = step.seconds;
            let (id, lock) = (step.id, step.lock.unwrap_or("-"));
            add(
                &mut plan,
                &format!("step {id} {seconds} core once {lock}\n"),
            );
            bundle.titles.around(&id, &step.what, "remove");
            bundle.add(&format!("steps/{id}"), step.text);
        }
        let in_place = bundle.replace(&mut plan, job)?;
        let hooks = &manifest.capabilities.hooks;
        if !found {
            bundle.hook(&mut plan, BEFORE, hooks.pre_install.as_ref(), manifest)?;
        }
        for (number, step) in job.choice().steps() {
            if there.tools.contains(&step.tool) {
                let ours = u8::from(there.ours.contains(&step.tool));
                let (id, method) = (number.to_string(), step.action.method());
                bundle.titles.tool(&id, &step.tool, method);
                add(&mut plan, &format!("there {number} {ours}\n"));
            } else if job.runs(&step.tool, found)
                && !(in_place && matches!(step.action, Action::Script { .. }))
            {
                let body =
                    step::body(manifest, &step.action).map_err(|why| (step.tool.clone(), why))?;
                let id = number.to_string();
                plan.push_str(&call(&id, step, &body, manifest.continue_on_error));
                bundle.titles.tool(&id, &step.tool, step.action.method());
                bundle.add(&format!("steps/{id}"), body.text);
            }
        }
        if job.purpose == Purpose::Upgrade {
            bundle.taking_away(&mut plan, OUTDATED, remembered::outdated());
        }
        if let Some(text) = configure::script(manifest) {
            add(&mut plan, &format!("step {CONFIGURE} 120 core once -\n"));
            bundle.titles.around(CONFIGURE, "configuration", CONFIGURE);
            bundle.add(&format!("steps/{CONFIGURE}"), text);
        }
        if !found {
            bundle.hook(&mut plan, AFTER, hooks.post_install.as_ref(), manifest)?;
        }
        if let Some(wanted) = service::wanted(manifest) {
            let seconds = service::seconds(wanted);
            add(
                &mut plan,
                &format!("step {SERVICE} {seconds} core once -\n"),
            );
            bundle.titles.around(SERVICE, SERVICE, SERVICE);
            let renew = matches!(job.purpose, Purpose::Upgrade | Purpose::Reinstall);
            bundle.add(&format!("steps/{SERVICE}"), service::step(manifest, renew));
            bundle.add(service::SCRIPT, service::script(manifest, wanted, place));
            bundle.add(service::STARTER, service::BOOT.to_owned());
        }
        bundle.runner(place, persistence, job, &plan, true);
        Ok(bundle)
    }

    /// The folder of a removal.
    pub(super) fn remove(
        job: &Job,
        place: Place,
        persistence: Persistence,
    ) -> Result<Self, (String, Unbuilt)> {
        let manifest = &job.manifest;
        let mut bundle = Self::new(format!("{}-remove", manifest.name), job);
        let mut plan = String::new();
        for (index, step) in removal::steps(manifest)?.into_iter().enumerate() {
            let id = (index + 1).to_string();
            let (seconds, lock) = (step.seconds, step.lock.unwrap_or("-"));
            bundle.titles.around(&id, "removal", "remove");
            add(
                &mut plan,
                &format!("step {id} {seconds} core once {lock}\n"),
            );
            bundle.add(&format!("steps/{id}"), step.text);
        }
        bundle.runner(place, persistence, job, &plan, false);
        Ok(bundle)
    }

    fn new(name: String, job: &Job) -> Self {
        let incarnation = job.incarnation.as_deref().unwrap_or("-").to_owned();
        let mut bundle = Self {
            name,
            files: BTreeMap::new(),
            titles: Titles::default(),
            incarnation: incarnation.clone(),
        };
        bundle.add("incarnation", incarnation);
        bundle.add("functions", NETWORK.to_owned());
        for (path, text) in outbound::files(&job.outbound) {
            bundle.add(&path, text);
        }
        for (path, content) in job.manifest.files.iter() {
            bundle
                .files
                .insert(format!("files/{path}"), Arc::clone(content));
        }
        bundle
    }

    /// Adds how the machine gets rid of all this again, for whoever does it later.
    fn remember(&mut self, job: &Job) -> Result<(), (String, Unbuilt)> {
        let manifest = &job.manifest;
        let mut keep = String::new();
        for (number, step) in job.choice().steps() {
            for item in remembered::items(manifest, step) {
                keep.push_str(&item.key);
                keep.push('\n');
                self.add(&format!("undo/{number}/{}", item.key), item.undo);
            }
        }
        self.add("keep", keep);
        for (index, step) in removal::own(manifest)?.into_iter().enumerate() {
            self.add(&format!("removal/steps/{index:02}"), step.text);
        }
        let scripts = |step: &RemoveStep| matches!(step, RemoveStep::Script { .. });
        if manifest.remove.steps.iter().any(scripts) {
            for (path, content) in manifest.files.iter() {
                let path = format!("removal/files/{path}");
                self.files.insert(path, Arc::clone(content));
            }
        }
        Ok(())
    }

    /// Adds what becomes of the version that stands, and tells whether a script of the new one brings
    /// it up to date in place.
    fn replace(&mut self, plan: &mut String, job: &Job) -> Result<bool, (String, Unbuilt)> {
        let manifest = &job.manifest;
        match &job.purpose {
            Purpose::Install | Purpose::Retry(_) | Purpose::Heal(_) => Ok(false),
            Purpose::Reinstall => {
                let text = format!(
                    "({})\n{}{}{}",
                    service::removal(manifest).trim_end(),
                    remembered::AS_KEPT,
                    remembered::everything(),
                    remembered::READY
                );
                self.taking_away(plan, REMOVED, text);
                Ok(false)
            }
            Purpose::Upgrade => {
                let mut text = remembered::dropped(manifest);
                if service::wanted(manifest).is_none() {
                    text.insert_str(0, &format!("({})\n", service::removal(manifest).trim_end()));
                }
                self.taking_away(plan, DROPPED, text);
                let Some(script) = manifest.upgrade.in_place() else {
                    return Ok(false);
                };
                let text =
                    step::upgrade(manifest, script).map_err(|why| (UPGRADE.to_owned(), why))?;
                let seconds = script.timeout.as_secs().max(1);
                add(plan, &format!("step {UPGRADE} {seconds} core once -\n"));
                self.titles.around(UPGRADE, "upgrade", UPGRADE);
                self.add(&format!("steps/{UPGRADE}"), text);
                Ok(true)
            }
        }
    }

    fn taking_away(&mut self, plan: &mut String, id: &str, text: String) {
        add(plan, &format!("step {id} {TAKING_AWAY} core once apt\n"));
        let what = if id == REMOVED {
            "removal of the version before"
        } else {
            "removal of what only the version before had"
        };
        self.titles.around(id, what, "remove");
        self.add(&format!("steps/{id}"), text);
    }

    /// Adds the step of a hook, where there is one.
    fn hook(
        &mut self,
        plan: &mut String,
        id: &str,
        hook: Option<&Hook>,
        manifest: &Manifest,
    ) -> Result<(), (String, Unbuilt)> {
        let Some(hook) = hook else {
            return Ok(());
        };
        let text = step::hook(manifest, hook).map_err(|why| (id.to_owned(), why))?;
        self.titles.around(id, &format!("{id} hook"), "hook");
        let seconds = hook.timeout.as_secs().max(1);
        add(plan, &format!("step {id} {seconds} core once -\n"));
        self.add(&format!("steps/{id}"), text);
        Ok(())
    }

    fn add(&mut self, path: &str, text: String) {
        self.files
            .insert(path.to_owned(), Arc::from(text.into_bytes()));
    }

    fn runner(
        &mut self,
        place: Place,
        persistence: Persistence,
        job: &Job,
        plan: &str,
        brings: bool,
    ) {
        let manifest = &job.manifest;
        let checks = if brings {
            checks(job.choice(), "")
        } else {
            String::new()
        };
        let renew = if matches!(job.purpose, Purpose::Heal(_)) {
            "1"
        } else {
            ""
        };
        let text = format!(
            "{}extension={}\nattempts={}\nbackoff={}\nurgency={}\nbrings={}\nrenew={renew}\n{NETWORK}\n{RUN}\nchecks() {{\n:\n{checks}}}\nbegin\n{plan}finish\n",
            place.header(),
            manifest.name,
            persistence.attempts,
            persistence.backoff.as_millis(),
            job.urgency.as_secs(),
            if brings { "1" } else { "" },
        );
        self.add("run", text);
        self.add("titles", self.titles.to_text());
        let about = serde_json::json!({
            "extension": manifest.name,
            "version": manifest.version,
            "content": manifest.content,
        });
        self.add("about", about.to_string());
    }

    /// A file of the folder.
    #[cfg(test)]
    pub(super) fn text(&self, path: &str) -> String {
        String::from_utf8_lossy(&self.files[path]).into_owned()
    }

    /// The folder as a tar archive.
    pub(super) fn archive(&self) -> std::io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(if path == "run" || path.starts_with("files/") {
                0o755
            } else {
                0o644
            });
            archive.append_data(&mut header, path, &content[..])?;
        }
        archive.into_inner()
    }
}

/// The runner's line for one step.
fn call(id: &str, step: &Step, body: &Body, goes_on: bool) -> String {
    let weight = if step.core || !goes_on {
        "core"
    } else {
        "part"
    };
    let kind = if body.network { "network" } else { "script" };
    let mut line = format!(
        "step {id} {} {weight} {kind} {}",
        step.timeout.as_secs().max(1),
        body.lock.unwrap_or("-")
    );
    for distro in step.distros.iter().copied().map(Distro::as_str) {
        add(&mut line, &format!(" {distro}"));
    }
    line.push('\n');
    line
}

/// What a job's folder is called: the extension, then what it would run and what would be there.
fn name(job: &Job) -> String {
    let manifest = &job.manifest;
    let short = if job.tools.is_empty() && job.drop.is_empty() {
        manifest.content.short().to_owned()
    } else {
        let what = (&manifest.content, &job.tools, &job.drop);
        Digest::of(&what).short().to_owned()
    };
    format!("{}-{short}", manifest.name)
}

/// Lines that run validations side by side, four at a time.
pub(super) fn checks(choice: Choice<'_>, prefix: &str) -> String {
    let all: Vec<(usize, &Check)> = choice.checks().collect();
    let mut text = String::new();
    for four in all.chunks(4) {
        for (number, check) in four {
            add(
                &mut text,
                &format!(
                    "check {prefix}{number} {} {} {} &\n",
                    check.timeout.as_secs().max(1),
                    quote(&check.name),
                    words(&check.args)
                ),
            );
        }
        text.push_str("wait\n");
    }
    text
}
