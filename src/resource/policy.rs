//! What a change of a field means, written next to the field.

/// What a change of one field asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Always changed in place.
    InPlace,
    /// In place where the provider's capabilities name the field, else a replacement.
    WhereAble,
    /// Always a replacement.
    Replace,
    /// Put back as [`Policy::WhereAble`] when only somebody else changed it; a new wanted value is
    /// a replacement.
    Restore,
    /// Larger: in place where the provider is able or doesn't enforce the field, else refused;
    /// smaller: refused. Neither may lose data.
    Grow,
    /// Never changed; the reason is what the person reads.
    Refuse(&'static str),
    /// Bookkeeping: no change at all.
    Ignore,
}

/// The policy of one field, by its path in the resource's JSON.
#[derive(Clone, Copy, Debug)]
pub struct FieldPolicy {
    /// The path, such as `memory` or `docker.ports`.
    pub path: &'static str,
    /// What a change of it means.
    pub policy: Policy,
}

/// Declares a resource's specification with the change policy beside each field.
///
/// Each field reads `name ("jsonPath"): Type => Policy`; fields that are `None` or empty are left
/// out of the JSON, so that an omitted field and a default one are one and the same.
macro_rules! spec {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$fmeta:meta])* $field:ident ($key:literal): $type:ty => $policy:expr ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub struct $name {
            $( $(#[$fmeta])* #[serde(rename = $key)] pub $field: $type, )*
        }

        impl $name {
            /// The change policy of every field.
            pub const POLICIES: &'static [$crate::resource::FieldPolicy] = &[
                $( $crate::resource::FieldPolicy { path: $key, policy: $policy }, )*
            ];
        }
    };
}

pub(crate) use spec;
