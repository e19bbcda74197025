//! `moved`, `removed` and `import`: what becomes of what is recorded, or stands already.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::scalar::{At, Loose, wrong};
use super::section::{Definitions, Typed, section, shorten};
use crate::address::Address;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Value};

section! {
    /// A resource that has another address now.
    MovedFields in "moved" {
        /// The address it had.
        "from" => from: Option<At<AddressText>> = None, required;
        /// The address it has.
        "to" => to: Option<At<AddressText>> = None, required;
    }
}

section! {
    /// A resource that is no longer managed.
    RemovedFields in "removed" {
        /// The address it had; a machine stands for everything that belongs to it.
        "from" => from: Option<At<AddressText>> = None, required;
        /// Whether it is destroyed, or left as it stands.
        "destroy" => destroy: bool = false;
    }
}

section! {
    /// An object that stands already and is to be managed.
    ImportFields in "import" {
        /// The resource it shall be.
        "to" => to: Option<At<AddressText>> = None, required;
        /// Its id at the provider; on `local` the path of a directory.
        "id" => id: Option<At<Loose>> = None, required;
    }
}

/// An address, such as `machine.dev`.
#[derive(Clone, Debug)]
pub(in crate::config) struct AddressText(pub(in crate::config) Address);

impl Typed for AddressText {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Scalar { .. }) {
            let help = "an address reads like `machine.dev` or `volume.dev.workspace`";
            wrong(node, "an address", help, reading);
            return None;
        }
        let text = Loose::decode(node, reading)?.0;
        match text.parse() {
            Ok(address) => Some(Self(address)),
            Err(error) => {
                let error: crate::address::AddressError = error;
                let summary = format!("`{}` is not an address", shorten(&text));
                reading.error(node.span, code::INVALID_VALUE, summary, error.help());
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({
            "type": "string",
            "pattern": "^(network|image|gpu|machine|volume|secret|extension)\\.[A-Za-z0-9_.-]+$",
        })
    }
}
