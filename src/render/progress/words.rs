//! What a step is called before, while and after it runs.

use crate::state::StepKind;

/// While it runs: `Creating`.
pub(super) fn running(step: StepKind) -> &'static str {
    match step {
        StepKind::Create => "Creating",
        StepKind::Update => "Modifying",
        StepKind::Destroy => "Destroying",
        StepKind::Adopt => "Adopting",
        StepKind::Forget => "Forgetting",
        StepKind::Retain => "Keeping",
    }
}

/// What it is: `Creation`, as in `Creation complete after 3s`.
pub(super) fn noun(step: StepKind) -> &'static str {
    match step {
        StepKind::Create => "Creation",
        StepKind::Update => "Modification",
        StepKind::Destroy => "Destruction",
        StepKind::Adopt => "Adoption",
        StepKind::Forget => "Removal from the state",
        StepKind::Retain => "Retention",
    }
}

/// For machines: Terraform's word where it has one.
pub(super) fn action(step: StepKind) -> &'static str {
    match step {
        StepKind::Create => "create",
        StepKind::Update => "update",
        StepKind::Destroy => "delete",
        StepKind::Adopt => "adopt",
        StepKind::Forget => "forget",
        StepKind::Retain => "retain",
    }
}
