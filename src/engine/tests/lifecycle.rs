//! Lives: any state, any configuration, providers that fail, one command, and perhaps its sudden end.
//!
//! The state keeps every invariant, and one apply on sound providers ends in an empty plan.

use proptest::prelude::*;
use proptest::sample::Index;

use super::ground::{End, Ground, run};
use super::misbehave::{effect, fault};
use crate::desired::sample::{Shape, edit};
use crate::plan::Options;
use crate::provider::Class;
use crate::provider::fake::{Effect, Fault};
use crate::state::invariants;
use crate::sys::Environment;

/// What a person may ask for.
#[derive(Clone, Debug)]
enum Command {
    Apply,
    Destroy {
        volumes: bool,
    },
    Target(Index),
    Exclude(Index),
    Replace(Index),
    /// Asks and plans, and writes nothing.
    Plan,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => Just(Command::Apply),
        2 => any::<bool>().prop_map(|volumes| Command::Destroy { volumes }),
        2 => any::<Index>().prop_map(Command::Target),
        1 => any::<Index>().prop_map(Command::Exclude),
        2 => any::<Index>().prop_map(Command::Replace),
        1 => Just(Command::Plan),
    ]
}

impl Command {
    fn options(&self, ground: &Ground, shape: &Shape) -> Options {
        let asked = ground.asked(shape);
        let wanted = asked.desired.resources();
        let one = |index: &Index| vec![wanted[index.index(wanted.len())].address.clone()];
        let mut options = Options::default();
        match self {
            Self::Apply | Self::Plan => {}
            Self::Destroy { volumes } => {
                options.destroy = true;
                options.delete_volumes = *volumes;
            }
            Self::Target(index) => options.targets = one(index),
            Self::Exclude(index) => options.excludes = one(index),
            Self::Replace(index) => options.replace = one(index),
        }
        options
    }
}

/// A command that fails somewhere on its way.
#[derive(Clone, Debug)]
struct Turn {
    command: Command,
    faults: Vec<Fault>,
    /// After how many commits its process ends, and how.
    end: Option<(usize, End)>,
}

fn turn(faults: std::ops::Range<usize>) -> impl Strategy<Value = Turn> {
    let end = prop_oneof![Just(End::Before), Just(End::After), Just(End::Refused)];
    (
        command(),
        prop::collection::vec(fault(any_effect()).prop_map(plausible), faults),
        prop::option::weighted(0.3, (0..12_usize, end)),
    )
        .prop_map(|(command, faults, end)| Turn {
            command,
            faults,
            end,
        })
}

/// What may become of a call, a defect of its provider included.
fn any_effect() -> impl Strategy<Value = Effect> {
    prop_oneof![9 => effect(), 1 => Just(Effect::Panic)]
}

/// A call that goes through all the same isn't one that says for certain that it didn't.
fn plausible(mut fault: Fault) -> Fault {
    if let Effect::FailAfter(failure) = &mut fault.effect
        && failure.class != Class::Failed
    {
        failure.class = Class::Ambiguous;
    }
    fault
}

impl Turn {
    async fn take(&self, ground: &mut Ground, shape: &Shape) {
        let options = self.command.options(ground, shape);
        let commits = ground.journal.commits;
        ground.journal.end = self.end.map(|(after, end)| (commits + after, end));
        ground
            .fakes
            .change(|world| world.faults.clone_from(&self.faults));
        if matches!(self.command, Command::Plan) {
            ground.plan(shape, &options).await;
        } else {
            ground.round(shape, &options).await;
        }
        ground.fakes.change(|world| world.faults.clear());
        ground.journal.end = None;
    }
}

/// How many lives: ten thousand where the code is optimised, as many as fit where it isn't.
fn lives() -> ProptestConfig {
    if Environment::of_process().get("PROPTEST_CASES").is_some() {
        return ProptestConfig::default();
    }
    ProptestConfig::with_cases(if cfg!(debug_assertions) { 512 } else { 10_000 })
}

proptest! {
    #![proptest_config(lives())]

    #[test]
    fn any_command_leaves_a_sound_state_that_one_apply_completes(
        (before, after) in edit(2, true), first in turn(0..2), second in turn(0..4),
        parallelism in 1_usize..5,
    ) {
        run(async {
            let mut ground = Ground::new();
            ground.parallelism = parallelism;
            for (turn, shape) in [(&first, &before), (&second, &after)] {
                turn.take(&mut ground, shape).await;
                prop_assert_eq!(invariants(&ground.journal.state), Vec::<String>::new());
            }
            let options = Options::default();
            let summary = ground.round(&after, &options).await.unwrap();
            prop_assert!(summary.is_clean(), "{summary:#?}");
            prop_assert!(ground.journal.state.pending.is_empty());
            prop_assert_eq!(invariants(&ground.journal.state), Vec::<String>::new());
            let next = ground.plan(&after, &options).await;
            prop_assert!(next.is_empty() && next.drift.is_empty(), "{:#?}", next.changes);
            prop_assert_eq!(ground.standing(), ground.expected(&after));
            Ok(())
        })?;
    }
}
