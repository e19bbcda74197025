//! The promises of document and journal, over random histories.

use std::sync::Arc;

use proptest::prelude::*;

use super::sample::{history, lineage, object, states};
use super::*;
use crate::address::Address;

fn journal(groups: &[Vec<Event>]) -> Vec<u8> {
    let mut bytes = JournalHeader::new(lineage(), Serial(0))
        .to_line()
        .into_bytes();
    let mut next = Serial(1);
    for group in groups {
        write_group(next, group, &mut bytes).unwrap();
        next = Serial(next.0 + group.len() as u64);
    }
    bytes
}

fn folded(document: &State, journal: &[u8]) -> Result<State, String> {
    let mut state = document.clone();
    let (_, entries, _) = read_journal(journal).map_err(|error| error.to_string())?;
    fold(&mut state, entries).map_err(|error| error.to_string())?;
    Ok(state)
}

fn choices(length: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 1..length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_document_of_any_moment_and_the_journal_make_the_latest_state(choices in choices(60)) {
        let groups = history(&choices);
        let states = states(&groups);
        let journal = journal(&groups);
        for state in &states {
            let document = read_document(&write_document(state).unwrap()).unwrap();
            prop_assert_eq!(&document, state);
            prop_assert_eq!(&folded(&document, &journal).unwrap(), states.last().unwrap());
            prop_assert!(violations(state).is_empty());
        }
    }

    #[test]
    fn what_a_state_admits_it_applies(choices in choices(60), wrong in any::<u8>()) {
        let mut events: Vec<Event> = history(&choices).concat();
        // Sometimes a history that lacks an event, and so may contradict itself.
        if wrong % 2 == 0 {
            events.remove(usize::from(wrong) % events.len());
        }
        let mut state = State::new("dev", lineage());
        let admitted = state.admits(&events);
        let applied = events.into_iter().try_for_each(|event| state.apply(event));
        prop_assert_eq!(admitted, applied);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_journal_cut_anywhere_is_a_prefix_of_the_history(choices in choices(12)) {
        let groups = history(&choices);
        let states = states(&groups);
        let journal = journal(&groups);
        for at in 0..=journal.len() {
            let state = folded(&states[0], &journal[..at]).unwrap();
            let whole = journal[..at].split(|byte| *byte == b'\n').count() - 1;
            prop_assert_eq!(&state, &states[whole.saturating_sub(1)], "cut at {}", at);
        }
    }

    #[test]
    fn no_byte_of_a_journal_changes_unnoticed(choices in choices(12), flip in 1..=255_u8) {
        let groups = history(&choices);
        let states = states(&groups);
        let journal = journal(&groups);
        for at in 0..journal.len() {
            for flip in [flip, journal[at], journal[at] ^ b'\n'] {
                if flip != 0 {
                    let mut changed = journal.clone();
                    changed[at] ^= flip;
                    let read = folded(&states[0], &changed);
                    prop_assert!(read.is_err(), "byte {} ^ {:#x} went unnoticed", at, flip);
                }
            }
        }
    }

    #[test]
    fn room_after_the_last_line_holds_nothing(choices in choices(40), room in 2..64_usize, torn in 0..400_usize) {
        let groups = history(&choices);
        let states = states(&groups);
        let whole = journal(&groups);
        let mut roomy = whole.clone();
        roomy.resize(whole.len() + room, 0);
        let (_, _, sound) = read_journal(&roomy).unwrap();
        prop_assert_eq!(sound, whole.len());
        prop_assert_eq!(&folded(&states[0], &roomy).unwrap(), &states[states.len() - 1]);
        // A write that got only so far into the room, its newline last.
        let last = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        let written = last + torn % (whole.len() - last);
        roomy[written..].fill(0);
        let lacks_only_its_newline = written == whole.len() - 1;
        let (_, _, sound) = read_journal(&roomy).unwrap();
        prop_assert_eq!(sound, if lacks_only_its_newline { whole.len() } else { last });
    }

    #[test]
    fn a_block_lost_in_the_last_write_loses_just_that_write(choices in choices(40), block in 0..64_usize) {
        let groups = history(&choices);
        let states = states(&groups);
        let mut journal = journal(&groups);
        let last = journal[..journal.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        let from = last + block * 8 % (journal.len() - last - 2);
        let to = (from + 64).min(journal.len());
        journal[from..to].fill(0);
        let (_, _, sound) = read_journal(&journal).unwrap();
        prop_assert_eq!(sound, last);
        prop_assert_eq!(&folded(&states[0], &journal).unwrap(), &states[states.len() - 2]);
    }
}

fn begin(operation: &OperationId, address: &Address) -> Event {
    Event::Begin(Intent {
        operation: operation.clone(),
        address: address.clone(),
        step: StepKind::Create,
        spec: None,
        generation: 1,
        dependencies: Vec::new(),
    })
}

fn end(operation: &OperationId, address: &Address, effect: Effect) -> Event {
    Event::Succeeded {
        operation: operation.clone(),
        address: address.clone(),
        effect,
    }
}

#[test]
fn events_that_contradict_the_state_are_refused_and_change_nothing() {
    let operation = OperationId::from_label("0a");
    let here: Address = "machine.dev".parse().unwrap();
    let there: Address = "machine.dev-2".parse().unwrap();
    let volume: Address = "volume.dev.workspace".parse().unwrap();
    let mut retained = object(&here, &operation, 4);
    retained.status = Status::Retained;
    let put = |object| Effect::Put(Box::new(object));
    let cases = [
        (
            vec![end(&operation, &here, Effect::Keep)],
            "the journal records the end of operation 0a, which never began",
        ),
        (
            vec![begin(&operation, &here), begin(&operation, &there)],
            "the journal records the beginning of operation 0a twice",
        ),
        (
            vec![
                begin(&operation, &here),
                end(&operation, &there, Effect::Keep),
            ],
            "the journal records the end of operation 0a at `machine.dev-2`, which began at `machine.dev`",
        ),
        (
            vec![
                begin(&operation, &here),
                end(&operation, &here, put(object(&volume, &operation, 4))),
            ],
            "`machine.dev` is recorded with the specification of another kind",
        ),
        (
            vec![
                begin(&operation, &here),
                end(&operation, &here, put(retained)),
            ],
            "`machine.dev` is recorded as retained, which only a volume can be",
        ),
    ];
    for (events, text) in cases {
        let mut state = State::new("dev", lineage());
        assert_eq!(state.admits(&events).unwrap_err().to_string(), text);
        let last = events.len() - 1;
        for event in &events[..last] {
            state.apply(event.clone()).unwrap();
        }
        let before = state.clone();
        let refused = state.apply(events[last].clone()).unwrap_err();
        assert_eq!(refused.to_string(), text);
        assert_eq!(state, before);
    }
}

#[test]
fn an_object_goes_through_its_life() {
    let address: Address = "machine.dev".parse().unwrap();
    let mut state = State::new("dev", lineage());
    let mut run = |number: u8, effect: Effect| {
        let operation = OperationId::from_random([number; 8]);
        state.apply(begin(&operation, &address)).unwrap();
        state.apply(end(&operation, &address, effect)).unwrap();
        state.resources.get(&address).cloned()
    };
    let operation = OperationId::from_label("first");
    let (old, new) = (
        object(&address, &operation, 4),
        object(&address, &operation, 9),
    );
    let put = |object: &Object| Effect::Put(Box::new(object.clone()));
    assert_eq!(
        run(1, put(&old)).unwrap().current,
        Some(Arc::new(old.clone()))
    );
    let deposed = run(2, Effect::Depose).unwrap();
    assert_eq!((deposed.current, deposed.deposed.len()), (None, 1));
    let both = run(3, put(&new)).unwrap();
    assert_eq!(
        (both.current, both.deposed),
        (Some(Arc::new(new)), vec![Arc::new(old)])
    );
    assert_eq!(run(4, Effect::RemoveDeposed).unwrap().deposed, []);
    assert_eq!(run(5, Effect::Remove), None);
    assert!(state.pending.is_empty());
}

/// A volume that another takes the address of is kept, whatever is destroyed later.
#[test]
fn what_a_retaining_step_sets_aside_is_retained() {
    let address: Address = "volume.dev.workspace".parse().unwrap();
    let mut state = State::new("dev", lineage());
    let operation = OperationId::from_label("first");
    let run = |state: &mut State, number: u8, step, effect| {
        let operation = OperationId::from_random([number; 8]);
        let Event::Begin(mut intent) = begin(&operation, &address) else {
            unreachable!()
        };
        intent.step = step;
        state.apply(Event::Begin(intent)).unwrap();
        state.apply(end(&operation, &address, effect)).unwrap();
    };
    let old = object(&address, &operation, 4);
    let put = Effect::Put(Box::new(old));
    run(&mut state, 1, StepKind::Create, put);
    run(&mut state, 2, StepKind::Retain, Effect::Depose);
    let aside = &state.resources[&address].deposed[0];
    assert_eq!(aside.status, Status::Retained);
    run(&mut state, 3, StepKind::Destroy, Effect::RemoveAll);
    assert_eq!(state.resources.get(&address), None);
}

#[test]
fn entries_of_another_moment_are_refused() {
    let groups = history(&[2, 4, 6, 8, 10]);
    let states = states(&groups);
    let mut bytes = JournalHeader::new(lineage(), Serial(3))
        .to_line()
        .into_bytes();
    write_group(Serial(4), &groups[0], &mut bytes).unwrap();
    assert_eq!(
        folded(&states[0], &bytes).unwrap_err(),
        "the journal starts at write 4, but the state ends at write 0"
    );
    write_group(Serial(9), &groups[0], &mut bytes).unwrap();
    assert_eq!(
        read_journal(&bytes).unwrap_err(),
        JournalError::OutOfOrder { line: 3 }
    );
    let newer = br#"{"journal":3,"shape":"unknown here"}
"#;
    assert_eq!(read_journal(newer).unwrap_err(), JournalError::Newer(3));
}
