//! What a plan refuses to do, and what a person can do about it.

use serde_json::Value;

use super::{After, FieldChange};
use crate::address::Address;
use crate::desired::Wanted;
use crate::diagnostic::{Code, Diagnostic};

/// A protected resource is about to be destroyed.
pub(super) fn protected(address: &Address, wanted: &Wanted) -> Diagnostic {
    let mut found = Diagnostic::error(
        Code::new("plan::prevent-destroy"),
        format!("`{address}` is protected, and this plan would destroy it"),
    )
    .on(address.clone())
    .help("take `preventDestroy` off in its `lifecycle`, or leave it out with `--exclude`");
    found.place.clone_from(&wanted.place);
    found
}

/// A field is to change that must not.
pub(super) fn refusal(
    address: &Address,
    wanted: &Wanted,
    field: &FieldChange,
    reason: &str,
) -> Diagnostic {
    let show = |value: Option<&Value>| {
        value.map_or_else(
            || "unset".to_owned(),
            |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned),
        )
    };
    let after = match &field.after {
        After::Known(value) => show(Some(value)),
        After::Unknown => "a value known after apply".to_owned(),
        After::Unset => "unset".to_owned(),
    };
    let mut found = Diagnostic::error(
        Code::new("plan::refused"),
        format!(
            "`{}` of `{address}` can't change from {} to {after}",
            field.path,
            show(field.before.as_ref())
        ),
    )
    .because(reason)
    .on(address.clone())
    .help(format!(
        "put the old value back, or pass `--replace {address}` to make it anew and lose its content"
    ));
    found.place.clone_from(&wanted.place);
    found
}
