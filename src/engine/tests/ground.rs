//! What the tests stand on: a scripted world, a journal in memory, and rounds of plan and apply.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use tokio::sync::watch;

use crate::address::{Address, Kind, Name, NameRule};
use crate::catalog::Manifests;
use crate::desired::Desired;
use crate::desired::sample::Shape;
use crate::diagnostic::Diagnose;
use crate::digest::FingerprintKey;
use crate::engine::{
    Apply, ApplyError, Audience, Context, Event, Journal, OpenOnce, Reach, Scope, Stop, Summary,
    Survey, apply, resolve, survey,
};
use crate::plan::{Options, Plan};
use crate::provider::fake::{Fake, FakeWorldHandle, Scripted};
use crate::provider::{Provider, Reader};
use crate::resource::ProviderKind;
use crate::secret::Redactor;
use crate::state::{self, Lineage, State, violations};
use crate::store::StoreError;
use crate::sys::{Clock, Environment, Random, World};

/// How a process ends in the middle of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Killed before a commit counts: what it begins was never begun.
    Before,
    /// Killed after a commit counts: what it begins was never called.
    After,
    /// The store fails for good: what runs is finished, and nobody can write down how.
    Refused,
}

/// A journal in memory, which checks each commit as a store would.
pub(super) struct Memory {
    pub(super) state: State,
    /// How many commits it has taken.
    pub(super) commits: usize,
    /// At which commit the process ends, and how.
    pub(super) end: Option<(usize, End)>,
}

impl Memory {
    fn blank() -> Self {
        Self {
            state: State::new("team", Lineage::from_random([7; 16])),
            commits: 0,
            end: None,
        }
    }
}

struct Killed;

impl Journal for Memory {
    fn state(&self) -> &State {
        &self.state
    }

    fn commit(&mut self, events: Vec<state::Event>) -> Result<(), StoreError> {
        let now = self
            .end
            .filter(|(at, _)| self.commits >= *at)
            .map(|(_, end)| end);
        match now {
            Some(End::Before) => std::panic::resume_unwind(Box::new(Killed)),
            Some(End::Refused) => return Err(StoreError::NotADirectory("gone".into())),
            Some(End::After) | None => {}
        }
        self.state
            .admits(&events)
            .expect("what is committed follows from what was");
        for event in events {
            self.state
                .apply(event)
                .expect("what is admitted can be applied");
            self.state.serial = self.state.serial.next();
        }
        assert_eq!(violations(&self.state), Vec::new());
        self.commits += 1;
        if now == Some(End::After) {
            std::panic::resume_unwind(Box::new(Killed));
        }
        Ok(())
    }

    fn keep(&mut self, _: &[state::Event]) -> Result<Option<PathBuf>, StoreError> {
        Ok(None)
    }
}

struct Silence;

impl Audience for Silence {
    fn event(&mut self, _: Event) {}

    fn beat(&mut self) {}
}

/// A project's world and journal, from one round to the next.
pub(super) struct Ground {
    pub(super) fakes: FakeWorldHandle,
    pub(super) journal: Memory,
    pub(super) parallelism: usize,
    /// The values of the secrets, by variable.
    pub(super) environment: Environment,
    random: Arc<Random>,
    /// What was asked for so far, by its shape in words: read once, however often.
    asked: Mutex<BTreeMap<String, Arc<Asked>>>,
}

/// What a shape asks for.
pub(super) struct Asked {
    pub(super) desired: Desired,
    manifests: Manifests,
}

impl Ground {
    pub(super) fn new() -> Self {
        let fakes = FakeWorldHandle::default();
        // Whoever follows an installation hears that it is finished and validates.
        let finished = "@sindri check 0 0 0\n@sindri over finished 0\n";
        fakes.answer(Scripted::to("piece=", 0, finished));
        let values =
            (0..4).map(|number| (format!("S{number}"), format!("value-{number}-of-a-secret")));
        Self {
            fakes,
            journal: Memory::blank(),
            parallelism: 4,
            environment: Environment::of(values),
            random: Arc::new(Random::counted()),
            asked: Mutex::default(),
        }
    }

    /// What a shape asks for.
    pub(super) fn asked(&self, shape: &Shape) -> Arc<Asked> {
        let mut asked = self.asked.lock().unwrap();
        let read = asked.entry(format!("{shape:?}")).or_insert_with(|| {
            Arc::new(Asked {
                desired: shape.desired(),
                manifests: shape.manifests().into_values().collect(),
            })
        });
        Arc::clone(read)
    }

    fn providers(&self) -> OpenOnce {
        [ProviderKind::Docker, ProviderKind::Local]
            .into_iter()
            .fold(OpenOnce::default(), |providers, kind| {
                let fake = Arc::new(Fake::new(self.fakes.clone(), kind));
                let capabilities = fake.capabilities();
                let open = move || Ok(Arc::clone(&fake) as Arc<dyn Provider>);
                providers.with(kind, capabilities, Box::new(open))
            })
    }

    fn key() -> FingerprintKey {
        FingerprintKey::new(&[3; 32])
    }

    /// What a shape asks for, its secrets fingerprinted, with their values.
    fn wanted(&self, shape: &Shape) -> (Desired, BTreeMap<Address, crate::secret::Value>) {
        let mut desired = self.asked(shape).desired.clone();
        let nowhere = Path::new("nowhere");
        let (values, found) = resolve(&mut desired, &self.environment, nowhere, Some(&Self::key()));
        assert!(found.is_empty(), "{found:#?}");
        (desired, values)
    }

    async fn survey(&self, desired: &Desired, state: State) -> Survey {
        let reach = Reach {
            scope: Scope::Checked,
            deep: false,
        };
        survey(
            &self.providers(),
            desired,
            &Manifests::default(),
            state,
            Vec::new(),
            reach,
        )
        .await
    }

    /// The plan as a reader makes it: nothing is written.
    pub(super) async fn plan(&self, shape: &Shape, options: &Options) -> Plan {
        let (desired, _) = self.wanted(shape);
        self.survey(&desired, self.journal.state.clone())
            .await
            .plan(&desired, options)
    }

    /// One round as a writing command makes it: settle what is open, plan, apply.
    ///
    /// None where the process ended on the way.
    pub(super) async fn round(&mut self, shape: &Shape, options: &Options) -> Option<Summary> {
        let mut journal = std::mem::replace(&mut self.journal, Memory::blank());
        let ended = AssertUnwindSafe(self.act(&mut journal, shape, options))
            .catch_unwind()
            .await;
        self.journal = journal;
        match ended {
            Ok(Ok(summary)) => Some(summary),
            Ok(Err(broken)) => Some(broken.summary),
            Err(_) => None,
        }
    }

    /// One round on a journal of somebody else's.
    pub(super) async fn act(
        &self,
        journal: &mut dyn Journal,
        shape: &Shape,
        options: &Options,
    ) -> Result<Summary, Box<ApplyError>> {
        let (desired, secrets) = self.wanted(shape);
        let mut survey = self.survey(&desired, journal.state().clone()).await;
        let settled = std::mem::take(&mut survey.recovered);
        if !settled.is_empty() {
            let events = settled.into_iter().map(|one| one.event).collect();
            if let Err(error) = journal.commit(events) {
                return Err(Box::new(ApplyError {
                    summary: Summary::default(),
                    diagnostics: error.diagnose(),
                }));
            }
            survey.state = journal.state().clone();
        }
        let plan = survey.plan(&desired, options);
        assert!(!plan.is_errored(), "{:#?}", plan.checks);
        let context = Context {
            manifests: self.asked(shape).manifests.clone(),
            redactor: Redactor::new(secrets.values()),
            secrets,
            key: Self::key(),
            ..Context::empty(Name::parse(NameRule::Label, "team").unwrap())
        };
        let (_go, stop) = watch::channel(Stop::Go);
        let world = World {
            environment: Arc::new(self.environment.clone()),
            clock: Clock::Fixed("2026-11-20T09:30:00Z".parse().unwrap()),
            random: Arc::clone(&self.random),
        };
        let providers = self.providers();
        let work = Apply {
            plan: &plan,
            observed: &survey.observed,
            providers: &providers,
            context: Arc::new(context),
            parallelism: self.parallelism,
            world: &world,
            stop,
        };
        apply(work, journal, &mut Silence).await
    }

    /// What stands of ours, by address, pins left out: they are decisions, not objects.
    pub(super) fn standing(&self) -> Vec<Address> {
        let world = self.fakes.snapshot();
        let mut standing: Vec<Address> = world
            .objects
            .iter()
            .filter(|object| !object.kind.is_pin())
            .filter_map(|object| object.address.clone())
            .collect();
        standing.sort();
        standing
    }

    /// What should stand: everything wanted, and the volumes kept of what was wanted before.
    pub(super) fn expected(&self, shape: &Shape) -> Vec<Address> {
        let mut expected: Vec<Address> = self
            .asked(shape)
            .desired
            .resources()
            .iter()
            .map(|wanted| wanted.address.clone())
            .filter(|address| !address.kind().is_pin() && !address.lives_inside())
            .collect();
        let kept = self.journal.state.resources.keys();
        expected.extend(
            kept.filter(|address| address.kind() == Kind::Volume)
                .cloned(),
        );
        expected.sort();
        expected.dedup();
        expected
    }
}

/// Runs a test in which time passes only where everybody waits for it.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(test)
}
