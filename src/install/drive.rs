//! Starts a job in a machine and watches it to its end.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bundle::{Bundle, Place};
use super::conclude::conclude;
use super::depot::{self, Pinned};
use super::error::InstallError;
use super::frames::{Frame, Frames};
use super::outcome::Report;
use super::printer::{Printer, plain};
use super::quote::{add, quote, words};
use super::step::Unbuilt;
use super::survey::{self, Survey, Surveyor, There};
use super::transcript::Transcript;
use super::{InstallEvent, Installed, Job, Persistence, Purpose, ledger};
use crate::address::Address;
use crate::provider::{Class, Command, MachineRef, Provider, ProviderError, Stream};
use crate::resource::{ProviderKind, Spec};
use crate::secret::Redactor;

const START: &str = include_str!("shell/start.sh");
const FOLLOW: &str = include_str!("shell/follow.sh");
const KEEP: &str = include_str!("shell/keep.sh");

/// How long one exec follows a job; below the limit that any provider sets for an exec.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a broken connection, or a job that died, is tried again in a row.
const STUBBORN: u32 = 5;

/// Installs one extension in one machine, or picks up the job that an earlier call left there.
///
/// Dropping the future leaves the job running in the machine; the next call finds it.
pub async fn install(
    provider: &dyn Provider,
    machine: &MachineRef,
    job: &Job,
    redactor: &Redactor,
    events: &(dyn Fn(InstallEvent) + Send + Sync),
) -> Result<Installed, InstallError> {
    Installer::new(provider, machine, redactor, events)
        .install(job)
        .await
}

/// Takes one extension out of one machine, with what its installation brought.
pub async fn remove(
    provider: &dyn Provider,
    machine: &MachineRef,
    job: &Job,
    redactor: &Redactor,
    events: &(dyn Fn(InstallEvent) + Send + Sync),
) -> Result<(), InstallError> {
    Installer::new(provider, machine, redactor, events)
        .remove(job)
        .await
}

/// Installs and removes extensions in one machine.
pub struct Installer<'a> {
    provider: &'a dyn Provider,
    machine: &'a MachineRef,
    redactor: &'a Redactor,
    events: &'a (dyn Fn(InstallEvent) + Send + Sync),
    persistence: Persistence,
}

impl<'a> Installer<'a> {
    /// Works in a machine; secrets are kept out of everything it tells.
    pub fn new(
        provider: &'a dyn Provider,
        machine: &'a MachineRef,
        redactor: &'a Redactor,
        events: &'a (dyn Fn(InstallEvent) + Send + Sync),
    ) -> Self {
        Self {
            provider,
            machine,
            redactor,
            events,
            persistence: Persistence::default(),
        }
    }

    /// Sets how often and how soon steps are tried again.
    #[must_use]
    pub fn persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    /// Installs one extension, or picks up the job that an earlier call left.
    pub async fn install(&self, job: &Job) -> Result<Installed, InstallError> {
        let address = self.address(job);
        let place = Place::of(self.machine);
        let bundle = |job: &Job, there: &There| {
            Bundle::install(job, place, self.persistence, there)
                .map_err(|why| unbuilt(&address, why))
        };
        let mut folder = bundle(job, &There::default())?;
        let survey = self.survey(job, place, &folder).await?;
        let mut job = Cow::Borrowed(job);
        if survey.left {
            (self.events)(InstallEvent::PickedUp);
        } else if !survey.there.tools.is_empty() || survey.there.all {
            // An upgrade that is done and wasn't recorded isn't made twice.
            if job.purpose != Purpose::Install {
                job.to_mut().purpose = Purpose::Install;
            }
            folder = bundle(&job, &survey.there)?;
        }
        let job = &*job;
        if survey.open && (survey.left || !survey.there.all) {
            self.hand_over(job, place, &folder, &survey).await;
        }
        let transcript = Mutex::new(Transcript::default());
        let report = self.watch(&address, place, &folder, &transcript).await?;
        let there = &survey.there;
        let end = conclude(job, &address, there.all, &report, self.redactor);
        let keep = matches!(
            end.result,
            Err(InstallError::Step(_) | InstallError::Nothing { .. })
        );
        let log = printed(&transcript).text(job, &end);
        let entry = ledger::installed(&end, &there.ours);
        self.close(job, place, &folder, &entry, keep, Some(log))
            .await?;
        end.result
    }

    /// Takes one extension out of the machine.
    pub async fn remove(&self, job: &Job) -> Result<(), InstallError> {
        let address = self.address(job);
        let place = Place::of(self.machine);
        let folder =
            Bundle::remove(job, place, self.persistence).map_err(|why| unbuilt(&address, why))?;
        let transcript = Mutex::new(Transcript::default());
        let report = self.watch(&address, place, &folder, &transcript).await?;
        let result = report.removed(&address, self.redactor);
        if result.is_ok() {
            self.close(job, place, &folder, &ledger::removed(), false, None)
                .await?;
        }
        result
    }

    fn address(&self, job: &Job) -> Address {
        Address::Extension(self.machine.name.clone(), job.manifest.name.clone())
    }

    fn unreachable(&self, source: ProviderError) -> InstallError {
        InstallError::Machine {
            machine: self.machine.name.to_string(),
            source: Box::new(source),
        }
    }

    /// The start of every script about one job.
    fn prologue(&self, place: Place, folder: &Bundle) -> String {
        format!(
            "{}job=$base/jobs/{}\nincarnation={}\nworkspace={}\n",
            place.header(),
            quote(&folder.name),
            quote(&folder.incarnation),
            quote(workspace(self.machine))
        )
    }

    /// Looks for a job and, where there is none and nothing is recorded, whether the machine has
    /// the extension already.
    async fn survey(
        &self,
        job: &Job,
        place: Place,
        folder: &Bundle,
    ) -> Result<Survey, InstallError> {
        let mut script = self.prologue(place, folder);
        script.push_str("state=$(job_state)\nword state \"$state\"\n");
        let pinned = may_hand_over(job, place);
        if !pinned.is_empty() {
            let sums = pinned.iter().map(|one| one.sum.as_str());
            add(
                &mut script,
                &format!(
                    "keeps\nword arch \"$(uname -m)\"\nfor sum in {}; do [ -f \"$downloads/$sum\" ] || word absent \"$sum\"; done\n",
                    words(sums)
                ),
            );
        }
        script.push_str("[ \"$state\" = none ] || exit 0\n");
        script.push_str(&survey::question(self.machine, job));
        let mut surveyor = Surveyor::default();
        self.exec(&script, None, &mut |frame| surveyor.take(frame))
            .await?;
        Ok(surveyor.end(job, &folder.incarnation))
    }

    /// Hands over what the machine doesn't keep of the downloads. What fails here is no failure: the
    /// machine fetches it itself, and says why where it can't.
    async fn hand_over(&self, job: &Job, place: Place, folder: &Bundle, survey: &Survey) {
        let Some(depot) = &job.depot else {
            return;
        };
        for one in may_hand_over(job, place) {
            if !survey.absent.contains(&one.sum) || !one.fits(&survey.arch) {
                continue;
            }
            let mut held = match depot.take(&one, &job.outbound, self.events).await {
                Ok(held) => held,
                Err(error) => {
                    let why = self.redactor.redact(&with_causes(&error));
                    let line = format!("{} isn't fetched from here: {why}", one.tool);
                    (self.events)(InstallEvent::Output(line));
                    continue;
                }
            };
            (self.events)(InstallEvent::HandingOver {
                tool: one.tool.clone(),
            });
            let mut script = self.prologue(place, folder);
            let size = held.bytes.len();
            add(
                &mut script,
                &format!("sum={}\nsize={size}\n{KEEP}", quote(&one.sum)),
            );
            let bytes = std::mem::take(&mut held.bytes);
            // Without it the machine does as if nobody had offered.
            drop(self.exec(&script, Some(&bytes), &mut |_| {}).await);
        }
    }

    /// Starts the job where it doesn't run, and follows it to its end.
    async fn watch(
        &self,
        address: &Address,
        place: Place,
        folder: &Bundle,
        transcript: &Mutex<Transcript>,
    ) -> Result<Report, InstallError> {
        let broken = |what: &str| InstallError::Job {
            address: address.clone(),
            what: what.to_owned(),
        };
        let archive = folder
            .archive()
            .map_err(|error| broken(&format!("can't be packed: {error}")))?;
        let tell = |event: InstallEvent| {
            printed(transcript).take(&event);
            (self.events)(event);
        };
        let mut printer = Printer::new(folder.titles.clone(), self.redactor, &tell);
        let mut start = true;
        let mut deaths = 0;
        loop {
            let mut script = self.prologue(place, folder);
            let (piece, offset) = printer.place;
            add(
                &mut script,
                &format!(
                    "piece={piece}\noffset={offset}\npatience={}\n{}{FOLLOW}",
                    PATIENCE.as_secs(),
                    if start { START } else { "" },
                ),
            );
            let mut report = Report::default();
            let mut end = End::default();
            self.exec(&script, start.then_some(&archive), &mut |frame| {
                take(frame, &mut printer, &mut report, &mut end);
            })
            .await?;
            if let Some(tool) = end.lacks {
                return Err(InstallError::Lacks {
                    machine: self.machine.name.to_string(),
                    tool,
                });
            }
            if let Some(what) = end.cannot {
                return Err(broken(&format!("can't be put into the machine: {what}")));
            }
            match end.over.as_deref() {
                Some("finished") => {
                    printer.flush();
                    return Ok(report);
                }
                Some("more") => {
                    start = false;
                    deaths = 0;
                }
                // Dead, gone, or cut short: what is left of it goes on.
                _ => {
                    deaths += 1;
                    if deaths > STUBBORN {
                        return Err(broken("ended without a result, again and again"));
                    }
                    start = true;
                    tokio::time::sleep(Duration::from_millis(100) * deaths).await;
                }
            }
        }
    }

    /// Writes the ledger and clears the job's folder away; what a failed job has done is kept, so
    /// that the next one goes on from there.
    async fn close(
        &self,
        job: &Job,
        place: Place,
        folder: &Bundle,
        entry: &(&'static str, serde_json::Value),
        keep: bool,
        log: Option<String>,
    ) -> Result<(), InstallError> {
        let mut script = self.prologue(place, folder);
        let name = &job.manifest.name;
        if log.is_some() {
            // A disk that is full costs the log, and nothing else.
            add(
                &mut script,
                &format!(
                    "(umask 077; mkdir -p \"$base/logs\" && {{ cat && printf '{{\"at\":\"%s\"}}\\n' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"; }} >\"$base/logs/{name}.new\" && mv -f \"$base/logs/{name}.new\" \"$base/logs/{name}.jsonl\") 2>/dev/null || rm -f \"$base/logs/{name}.new\"\n"
                ),
            );
        } else {
            add(&mut script, &format!("rm -f \"$base/logs/{name}.jsonl\"\n"));
        }
        script.push_str(&ledger::append(
            self.machine,
            job,
            &folder.incarnation,
            entry,
        ));
        if keep {
            script.push_str("rm -rf \"$job/result\" \"$job/out\" \"$job/tails\" \"$job/work\"\n");
        } else {
            // Jobs of other contents of this extension are of no use any more.
            add(
                &mut script,
                &format!(
                    "mv \"$job\" \"$job.gone.$$\" && rm -rf \"$job\".gone.*\nfor old in \"$base/jobs/{}-\"????????????; do\n  [ -d \"$old\" ] && ! alive \"$old/pid\" && rm -rf \"$old\"\ndone\n",
                    job.manifest.name
                ),
            );
        }
        script.push_str("exit 0\n");
        let log = log.map(String::into_bytes);
        self.exec(&script, log.as_ref(), &mut |_| {}).await
    }

    /// Runs a script of ours; where the provider says that trying again may help, it is tried
    /// again: every script may be repeated.
    async fn exec(
        &self,
        script: &str,
        stdin: Option<&Vec<u8>>,
        take: &mut (dyn FnMut(Frame) + Send),
    ) -> Result<(), InstallError> {
        let command = Command {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            stdin: stdin.cloned(),
            timeout: Some(PATIENCE * 6),
            secrets: true,
            ..Command::default()
        };
        let mut turn = 0;
        loop {
            let mut frames = Frames::default();
            let mut sink = |stream: Stream, bytes: &[u8]| {
                if stream == Stream::Stdout {
                    for frame in frames.push(bytes) {
                        take(frame);
                    }
                }
            };
            let Err(error) = self.provider.exec(self.machine, &command, &mut sink).await else {
                return Ok(());
            };
            turn += 1;
            let wait = match error.class {
                Class::Throttled(wait) => wait,
                Class::Retryable | Class::Unreachable | Class::Ambiguous => {
                    Duration::from_millis(250) * 2u32.pow(turn)
                }
                Class::Conflict
                | Class::NotFound
                | Class::Denied
                | Class::Invalid
                | Class::Failed => return Err(self.unreachable(error)),
            };
            if turn >= STUBBORN {
                return Err(self.unreachable(error));
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// The transcript; a panic of whoever held it leaves it as good as it was.
fn printed(transcript: &Mutex<Transcript>) -> MutexGuard<'_, Transcript> {
    transcript.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a follow ended.
#[derive(Default)]
struct End {
    over: Option<String>,
    lacks: Option<String>,
    cannot: Option<String>,
}

fn take(frame: Frame, printer: &mut Printer<'_>, report: &mut Report, end: &mut End) {
    let rest = frame.words.get(1).cloned();
    match frame.words.first().map(String::as_str) {
        Some("output") => {
            let number = |at: usize| frame.words.get(at).and_then(|word| word.parse().ok());
            if let (Some(piece), Some(offset)) = (number(1), number(2)) {
                printer.take(piece, offset, &frame.body);
            }
        }
        Some("fresh") => printer.restart(),
        Some("over") => end.over = rest,
        Some("lacks") => end.lacks = rest,
        Some("cannot") => {
            end.cannot = rest.map(|what| plain(what.as_bytes()));
        }
        _ => report.take(frame),
    }
}

/// Where a machine's workspace is mounted; empty where it has none, and on `local`, whose volumes
/// lie below the home already.
fn workspace(machine: &MachineRef) -> &str {
    match &*machine.spec {
        Spec::Machine(spec) if spec.provider != ProviderKind::Local => spec
            .mounts
            .iter()
            .find(|mount| mount.volume.as_str() == "workspace")
            .map_or("", |mount| mount.path.as_str()),
        Spec::Machine(_)
        | Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => "",
    }
}

/// The downloads that this side may hand over.
fn may_hand_over(job: &Job, place: Place) -> Vec<Pinned> {
    if job.depot.is_some() && place.provider().is_beside() {
        depot::pinned(job)
    } else {
        Vec::new()
    }
}

/// An error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        add(&mut text, &format!(": {one}"));
        cause = one.source();
    }
    text
}

fn unbuilt(address: &Address, (tool, why): (String, Unbuilt)) -> InstallError {
    InstallError::Unbuilt {
        address: address.clone(),
        reason: why.describe(&tool),
    }
}
