//! The identity of an object: the app it belongs to and its own id there.

use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::state::ObjectId;

/// A machine's or a volume's id, recorded as `app/id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id {
    /// The app.
    pub(super) app: String,
    /// The id within it.
    pub(super) object: String,
}

impl Id {
    /// One of its parts.
    pub(super) fn new(app: &str, object: &str) -> Self {
        Self {
            app: app.to_owned(),
            object: object.to_owned(),
        }
    }

    /// Reads a recorded id.
    pub(super) fn parse(id: &ObjectId) -> Result<Self, ProviderError> {
        let plain = |text: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            !text.is_empty() && text.bytes().all(fits)
        };
        match id.as_str().split_once('/') {
            Some((app, object)) if plain(app) && plain(object) => Ok(Self::new(app, object)),
            Some(_) | None => Err(ProviderError::new(
                Class::Invalid,
                Code::new("fly::id"),
                format!("`{id}` is no id of an object on Fly.io"),
            )
            .help("write it as `app/id`, such as `my-app/3d8d9e1f`")),
        }
    }

    /// The id as it is recorded.
    pub(super) fn recorded(&self) -> ObjectId {
        ObjectId::new(&format!("{}/{}", self.app, self.object))
    }
}
