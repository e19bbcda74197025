//! What a person does to a state: nobody is called, only the record changes.

use std::sync::Arc;

use super::integrity::object_violation;
use super::{Event, FoldError, Object, Record, State, Status, Violation};
use crate::address::Address;
use crate::resource::Spec;

impl Event {
    /// Whether a person caused it, with no intent before it.
    pub fn is_by_hand(&self) -> bool {
        match self {
            Self::Begin(_) | Self::Succeeded { .. } | Self::Failed { .. } => false,
            Self::Moved { .. }
            | Self::Forgotten { .. }
            | Self::Tainted { .. }
            | Self::Untainted { .. }
            | Self::Refreshed { .. }
            | Self::Renamed { .. } => true,
        }
    }
}

impl State {
    /// Whether an operation is open at an address.
    pub fn is_open(&self, address: &Address) -> bool {
        self.pending.iter().any(|intent| intent.address == *address)
    }

    /// Applies an event that a person caused; on an error nothing has changed.
    pub(super) fn by_hand(&mut self, event: Event) -> Result<(), FoldError> {
        match event {
            Event::Begin(_) | Event::Succeeded { .. } | Event::Failed { .. } => Ok(()),
            Event::Moved { from, to } => self.rename(&from, to),
            Event::Forgotten { address } => {
                self.idle(&address)?;
                self.recorded(&address)?;
                self.resources.remove(&address);
                Ok(())
            }
            Event::Tainted { address } => self.mark(&address, |status| match status {
                Status::Ready | Status::Partial { .. } | Status::Tainted => Some(Status::Tainted),
                Status::Deleting | Status::Retained => None,
            }),
            Event::Untainted { address } => self.mark(&address, |status| match status {
                Status::Tainted => Some(Status::Ready),
                Status::Ready | Status::Partial { .. } | Status::Deleting | Status::Retained => {
                    None
                }
            }),
            Event::Refreshed { address, object } => {
                self.idle(&address)?;
                if self.recorded(&address)?.current.is_none() {
                    return Err(FoldError::NotRecorded(address));
                }
                if let Some(broken) = object
                    .as_deref()
                    .and_then(|o| object_violation(&address, o))
                {
                    return Err(broken.into());
                }
                self.take(&address, |record| record.current = object.map(Arc::from));
                Ok(())
            }
            Event::Renamed { project } => {
                self.project = project;
                Ok(())
            }
        }
    }

    fn rename(&mut self, from: &Address, to: Address) -> Result<(), FoldError> {
        self.recorded(from)?;
        if from.kind() != to.kind() {
            return Err(Violation::Kind(to).into());
        }
        if self.resources.contains_key(&to) {
            return Err(FoldError::Taken(to));
        }
        self.idle(from)?;
        self.idle(&to)?;
        for record in self.resources.values_mut() {
            for object in record.current.iter_mut().chain(&mut record.deposed) {
                if object.dependencies.contains(from) {
                    let moved = Arc::make_mut(object);
                    rename_in(&mut moved.dependencies, from, &to);
                    rename_in_spec(moved, from, &to);
                }
            }
        }
        for intent in &mut self.pending {
            rename_in(&mut intent.dependencies, from, &to);
        }
        if let Some(mut record) = self.resources.remove(from) {
            for object in record.current.iter_mut().chain(&mut record.deposed) {
                let moved = Arc::make_mut(object);
                // What it was made as is what its labels say, whatever it is called since.
                let made_at = moved.made_at.take().unwrap_or_else(|| from.clone());
                moved.made_at = (made_at != to).then_some(made_at);
            }
            self.resources.insert(to, record);
        }
        Ok(())
    }

    fn mark(
        &mut self,
        address: &Address,
        next: impl FnOnce(&Status) -> Option<Status>,
    ) -> Result<(), FoldError> {
        self.idle(address)?;
        let record = self.recorded(address)?;
        let status = record
            .current
            .as_ref()
            .and_then(|object| next(&object.status));
        let Some(status) = status else {
            return Err(FoldError::Mark(address.clone()));
        };
        self.take(address, |record| {
            if let Some(object) = &mut record.current {
                let marked: &mut Object = Arc::make_mut(object);
                marked.status = status;
            }
        });
        Ok(())
    }

    fn recorded(&self, address: &Address) -> Result<&Record, FoldError> {
        self.resources
            .get(address)
            .ok_or_else(|| FoldError::NotRecorded(address.clone()))
    }

    fn idle(&self, address: &Address) -> Result<(), FoldError> {
        if self.is_open(address) {
            return Err(FoldError::Busy(address.clone()));
        }
        Ok(())
    }
}

/// A machine's specification names its network and its volumes too.
fn rename_in_spec(object: &mut Object, from: &Address, to: &Address) {
    let Spec::Machine(machine) = &*object.spec else {
        return;
    };
    let mut renamed = machine.clone();
    match (from, to) {
        (Address::Network(old), Address::Network(new)) => {
            if renamed.network.as_ref() == Some(old) {
                renamed.network = Some(new.clone());
            }
        }
        (Address::Volume(here, old), Address::Volume(there, new)) if here == there => {
            for mount in renamed
                .mounts
                .iter_mut()
                .filter(|mount| mount.volume == *old)
            {
                mount.volume = new.clone();
            }
        }
        _ => return,
    }
    object.spec = Arc::new(Spec::Machine(renamed));
}

fn rename_in(dependencies: &mut [Address], from: &Address, to: &Address) {
    for on in dependencies {
        if on == from {
            to.clone_into(on);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::sample::{by_hand, history, lineage, object, states};
    use crate::state::{Move, MoveError, OperationId, Serial, moves, violations};

    fn put(state: &mut State, text: &str) {
        let address: Address = text.parse().unwrap();
        let mut made = object(&address, &OperationId::from_label("0a"), 4);
        made.dependencies = vec!["machine.dev".parse().unwrap()];
        state.resources.entry(address).or_default().current = Some(Arc::new(made));
    }

    fn team() -> State {
        let mut state = State::new("dev", lineage());
        for text in [
            "network.dev",
            "image.dev",
            "volume.dev.workspace",
            "machine.dev",
            "machine.dev-2",
            "extension.dev.nodejs",
        ] {
            put(&mut state, text);
        }
        state
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn a_machine_takes_along_what_belongs_to_it_and_what_depends_on_it_follows() {
        let mut state = team();
        let list = moves(&state, &address("machine.dev"), &address("machine.web")).unwrap();
        let texts: Vec<String> = list.iter().map(|one| one.to.to_string()).collect();
        assert_eq!(
            texts,
            [
                "image.web",
                "volume.web.workspace",
                "machine.web",
                "extension.web.nodejs"
            ]
        );
        for one in &list {
            state.apply(one.event()).unwrap();
        }
        assert_eq!(violations(&state), []);
        let other = state.current(&address("machine.dev-2")).unwrap();
        assert_eq!(other.dependencies, [address("machine.web")]);
        let moved = state.current(&address("volume.web.workspace")).unwrap();
        assert_eq!(moved.made_at, Some(address("volume.dev.workspace")));
    }

    #[test]
    fn what_can_not_move_says_why() {
        let mut state = team();
        let refused = |state: &State, from: &str, to: &str| {
            moves(state, &address(from), &address(to)).unwrap_err()
        };
        for (from, to, error) in [
            (
                "machine.no",
                "machine.web",
                MoveError::NotRecorded(address("machine.no")),
            ),
            (
                "machine.dev",
                "machine.dev-2",
                MoveError::Taken(address("machine.dev-2")),
            ),
            (
                "image.dev",
                "image.web",
                MoveError::Bound(address("image.dev")),
            ),
            (
                "machine.dev",
                "volume.dev.x",
                MoveError::OtherKind {
                    from: address("machine.dev"),
                    to: address("volume.dev.x"),
                },
            ),
        ] {
            assert_eq!(refused(&state, from, to), error);
        }
        state.pending.push(crate::state::Intent {
            operation: OperationId::from_label("0b"),
            address: address("volume.dev.workspace"),
            step: crate::state::StepKind::Update,
            spec: None,
            generation: 1,
            dependencies: Vec::new(),
        });
        assert_eq!(
            refused(&state, "machine.dev", "machine.web"),
            MoveError::Open(address("volume.dev.workspace"))
        );
    }

    #[test]
    fn a_mark_is_put_on_and_taken_off() {
        let mut state = team();
        let at = address("machine.dev");
        let status = |state: &State| state.current(&at).unwrap().status.clone();
        let mark = |state: &mut State, taint| {
            let address = at.clone();
            state.apply(if taint {
                Event::Tainted { address }
            } else {
                Event::Untainted { address }
            })
        };
        mark(&mut state, true).unwrap();
        assert_eq!(status(&state), Status::Tainted);
        mark(&mut state, false).unwrap();
        assert_eq!(status(&state), Status::Ready);
        assert_eq!(mark(&mut state, false), Err(FoldError::Mark(at.clone())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_sequence_of_verbs_keeps_the_invariants(
            choices in proptest::collection::vec(any::<u8>(), 1..60),
            verbs in proptest::collection::vec(any::<u8>(), 1..40),
        ) {
            let mut state = states(&history(&choices)).pop().unwrap();
            for verb in verbs {
                // Only those choices that stand for a verb.
                if let Some(event) = by_hand(&state, verb % 51 * 5 + 1) {
                    state.apply(event).unwrap();
                    prop_assert_eq!(violations(&state), Vec::new());
                }
            }
        }

        #[test]
        fn a_move_there_and_back_is_the_identity(
            choices in proptest::collection::vec(any::<u8>(), 1..60),
            which in any::<usize>(),
        ) {
            let mut state = states(&history(&choices)).pop().unwrap();
            // A name that nothing has, so that what depends on it is what moved.
            let new = "machine.elsewhere".parse().unwrap();
            let machines: Vec<Address> = state
                .resources
                .keys()
                .filter(|address| matches!(address, Address::Machine(_)))
                .cloned()
                .collect();
            if let Some(old) = machines.get(which % machines.len().max(1))
                && let Ok(there) = moves(&state, old, &new)
            {
                let before = state.clone();
                for one in &there {
                    state.apply(one.event()).unwrap();
                }
                prop_assert_ne!(&state, &before);
                for one in moves(&state, &new, old).unwrap() {
                    let Move { from, to } = one;
                    state.apply(Event::Moved { from, to }).unwrap();
                }
                prop_assert_eq!(state, before);
            }
        }
    }

    #[test]
    fn serials_are_the_stores_business() {
        let mut state = team();
        state
            .apply(Event::Renamed {
                project: "web".to_owned(),
            })
            .unwrap();
        assert_eq!((state.project.as_str(), state.serial), ("web", Serial(0)));
    }
}
