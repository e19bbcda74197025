//! What was renamed in the state or imported: it keeps its real name until it is made anew for
//! another reason.

use std::sync::Arc;

use super::Action;
use crate::resource::{MachineSpec, NetworkSpec, Spec, VolumeSpec};
use crate::state::Object;

/// The wanted specification under the real name that a renamed object has.
pub(super) fn keep_name(spec: Arc<Spec>, recorded: Option<&Object>) -> Arc<Spec> {
    let Some(object) = recorded.filter(|object| object.keeps_its_name()) else {
        return spec;
    };
    let kept = match (&*spec, &*object.spec) {
        (Spec::Machine(wanted), Spec::Machine(was)) if wanted.name != was.name => {
            Spec::Machine(Box::new(MachineSpec {
                name: was.name.clone(),
                ..(**wanted).clone()
            }))
        }
        (Spec::Volume(wanted), Spec::Volume(was)) if wanted.name != was.name => {
            Spec::Volume(VolumeSpec {
                name: was.name.clone(),
                ..wanted.clone()
            })
        }
        (Spec::Network(wanted), Spec::Network(was)) if wanted.name != was.name => {
            Spec::Network(NetworkSpec {
                name: was.name.clone(),
                ..wanted.clone()
            })
        }
        _ => return spec,
    };
    Arc::new(kept)
}

/// What a decision makes of it: a new object takes the name that is wanted.
pub(super) fn settle_name(kept: Arc<Spec>, wanted: &Arc<Spec>, action: Action) -> Arc<Spec> {
    match action {
        Action::Create | Action::Replace(_) => match (&*kept, &**wanted) {
            (Spec::Machine(kept), Spec::Machine(wanted)) if kept.name != wanted.name => {
                Arc::new(Spec::Machine(Box::new(MachineSpec {
                    name: wanted.name.clone(),
                    ..(**kept).clone()
                })))
            }
            (Spec::Volume(_) | Spec::Network(_), _) => Arc::clone(wanted),
            _ => kept,
        },
        Action::NoOp | Action::Update | Action::Delete | Action::Forget | Action::Adopt => kept,
    }
}
