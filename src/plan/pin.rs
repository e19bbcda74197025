//! Image pins: when one moves, and when a machine runs another image than its pin says.

use serde_json::Value;

use super::decide::{Decider, Decision};
use super::ignore::ignored;
use super::{Action, After, Effectuation, FieldChange, Reason, Seen};
use crate::address::Address;
use crate::desired::Wanted;
use crate::resource::Spec;
use crate::state::Object;

impl Decider<'_> {
    /// An image pin is satisfied by its record; it moves when its reference does, or when the
    /// reference points to another image now.
    pub(super) fn image(
        &self,
        address: &Address,
        spec: &Spec,
        object: &Object,
        seen: Option<&Seen>,
    ) -> Decision {
        let pinned = object.attributes.get("imageId");
        let field = |path: &str, before: Option<&Value>, after| FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after,
            effect: Effectuation::InPlace,
        };
        let (was, will) = (object.spec.attributes(), spec.attributes());
        let identified = object.provider.identifies_images();
        let id = identified.then(|| field("imageId", pinned, After::Unknown));
        let mut fields = Vec::from_iter(id);
        if was.get("reference") != will.get("reference") {
            let after = will
                .get("reference")
                .cloned()
                .map_or(After::Unset, After::Known);
            fields.push(field("reference", was.get("reference"), after));
            return Decision {
                action: Action::Update,
                reason: Some(Reason::Changed),
                fields,
            };
        }
        if self.options.replace.contains(address) {
            return Decision {
                action: Action::Update,
                reason: Some(Reason::Requested),
                fields,
            };
        }
        match seen.and_then(|seen| seen.outputs.get("imageId")) {
            Some(now) if pinned.is_some_and(|pinned| pinned != now) => Decision {
                action: Action::Update,
                reason: Some(Reason::ImageMoved),
                fields: vec![field("imageId", pinned, After::Known(now.clone()))],
            },
            _ => Decision::nothing(),
        }
    }

    /// Whether a machine runs another image than its pin says.
    pub(super) fn image_moved(&self, wanted: &Wanted, object: &Object) -> Option<FieldChange> {
        let Address::Machine(name) = &wanted.address else {
            return None;
        };
        if ignored(&wanted.lifecycle, "image") {
            return None;
        }
        let runs = object.attributes.get("imageId")?;
        let pin = Address::Image(name.clone());
        let after = match self.decided.get(&pin)?.action {
            Action::Update | Action::Create | Action::Replace(_) => {
                match self
                    .observed
                    .seen(&pin)
                    .and_then(|s| s.outputs.get("imageId"))
                {
                    Some(now) if !self.options.replace.contains(&pin) => After::Known(now.clone()),
                    _ => After::Unknown,
                }
            }
            Action::NoOp | Action::Delete | Action::Forget | Action::Adopt => {
                let pinned = self.recorded.current(&pin)?.attributes.get("imageId")?;
                After::Known(pinned.clone())
            }
        };
        (after != After::Known(runs.clone())).then(|| FieldChange {
            path: "imageId".to_owned(),
            before: Some(runs.clone()),
            after,
            effect: Effectuation::ForcesReplacement,
        })
    }
}
