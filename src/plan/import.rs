//! Deciding an import: what is taken over, and what of it isn't as wanted.

use super::decide::{Decider, Decision};
use super::diff::{self, Difference};
use super::refusal;
use super::{Action, Effectuation, FieldChange, Reason, Seen};
use crate::desired::Wanted;
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::{Attributes, Spec};
use crate::state::{Object, ObjectId, OperationId, Status};
use std::sync::Arc;

impl Decider<'_> {
    /// The wanted specification under the real name that an object to be imported has.
    pub(super) fn imported_name(
        &self,
        wanted: &Wanted,
        spec: Arc<Spec>,
        recorded: Option<&Object>,
    ) -> Arc<Spec> {
        if recorded.is_some() || self.transitions.import(&wanted.address).is_none() {
            return spec;
        }
        let seen = self.observed.seen(&wanted.address);
        let name = seen.and_then(|seen| seen.attributes.get("name"));
        let named = name.and_then(|name| spec.with("name", name));
        named.map_or(spec, Arc::new)
    }

    /// An object of ours that isn't recorded becomes the resource as it is; the next apply changes
    /// what differs.
    pub(super) fn found_ours(
        &mut self,
        wanted: &Wanted,
        spec: &Arc<Spec>,
        seen: &Seen,
    ) -> Decision {
        if let Some(found) = self.differing(wanted, spec, seen) {
            self.warn_of_forcing("adopted", wanted, &found.fields);
        }
        Decision::new(Action::Adopt, Reason::FoundOurs)
    }

    /// An object that a person named becomes the resource; what can change in place does so at
    /// once, the rest with the next apply.
    pub(super) fn import(
        &mut self,
        wanted: &Wanted,
        spec: &Arc<Spec>,
        seen: &Seen,
        id: &str,
    ) -> Decision {
        let imported = Reason::Imported {
            id: ObjectId::new(id),
        };
        let mut decision = Decision::new(Action::Adopt, imported);
        let Some(found) = self.differing(wanted, spec, seen) else {
            return decision;
        };
        for (field, reason) in &found.refused {
            self.checks
                .push(refusal::refusal(&wanted.address, wanted, field, reason));
        }
        self.warn_of_forcing("imported", wanted, &found.fields);
        decision.fields = found.fields;
        decision
    }

    /// How an object that is taken over differs from what is wanted; none of what no provider holds.
    fn differing(&self, wanted: &Wanted, spec: &Arc<Spec>, seen: &Seen) -> Option<Difference> {
        let provider = spec.provider()?;
        let taken = Object {
            id: seen.id.clone(),
            provider,
            operation: OperationId::from_label(""),
            made_at: None,
            generation: 1,
            spec: Arc::clone(spec),
            schema: Spec::SCHEMA,
            attributes: Attributes::default(),
            dependencies: wanted.dependencies.clone(),
            status: Status::Ready,
            incarnation: None,
        };
        let capabilities = self.capabilities(provider);
        let lifecycle = &wanted.lifecycle;
        Some(diff::difference(
            spec,
            &taken,
            Some(seen),
            capabilities,
            lifecycle,
        ))
    }

    /// Warns of fields that the apply after this one makes the object anew for.
    fn warn_of_forcing(&mut self, taken: &str, wanted: &Wanted, fields: &[FieldChange]) {
        let forcing: Vec<&str> = fields
            .iter()
            .filter(|field| field.effect == Effectuation::ForcesReplacement)
            .map(|field| field.path.as_str())
            .collect();
        if forcing.is_empty() {
            return;
        }
        let mut warning = Diagnostic::warning(
            Code::new("plan::import-differs"),
            format!(
                "`{}` is {taken} as it is, but differs in {}, which can't change in place",
                wanted.address,
                forcing.join(", ")
            ),
        )
        .on(wanted.address.clone())
        .help("write into the configuration what stands, or the apply after this one replaces it");
        warning.place.clone_from(&wanted.place);
        self.checks.push(warning);
    }
}
