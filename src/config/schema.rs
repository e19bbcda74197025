//! The JSON Schema of `sindri.yaml`, for editors; made of the tables the reader uses.

use serde_json::{Value, json};

use super::typed::{Definitions, SharedFields, Top, object};

/// The JSON Schema (draft 7, which every YAML language server reads).
///
/// It says what a file looks like; what fields mean together only reading the file tells.
pub fn schema() -> Value {
    let mut definitions = Definitions::new();
    let about =
        "A development environment, or a fleet of them, for `sindri plan` and `sindri apply`.";
    let mut schema = object(
        about,
        &[Top::FIELDS, SharedFields::FIELDS],
        &mut definitions,
    );
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("sindri.yaml");
    schema["definitions"] = Value::Object(definitions);
    schema
}
