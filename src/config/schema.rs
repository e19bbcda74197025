//! The JSON Schema of `sindri.yaml`, for editors; made of the tables the reader uses.

use serde_json::{Value, json};

use super::typed::{Definitions, SharedFields, Top, object};

/// The JSON Schema (draft 7, which every YAML language server reads).
///
/// It says what a file looks like; what fields mean together only reading the file tells.
pub fn schema() -> Value {
    let mut schema = without_nulls();
    let nullable: Vec<String> = definitions(&schema)
        .filter(|(_, definition)| takes_null(definition))
        .map(|(name, _)| format!("#/definitions/{name}"))
        .collect();
    let permit = |section: &mut Value| permit_null(section, &nullable);
    permit(&mut schema);
    let definitions = schema["definitions"].as_object_mut();
    definitions
        .into_iter()
        .flatten()
        .for_each(|(_, one)| permit(one));
    schema
}

fn definitions(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["definitions"].as_object().into_iter().flatten()
}

/// Whether null satisfies a schema that says which types it takes.
fn takes_null(schema: &Value) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.contains(&json!("null")),
        other => *other == "null",
    }
}

/// Lets null stand for a field that is left out, as the reader does, unless it is required.
fn permit_null(section: &mut Value, nullable: &[String]) {
    let required = section["required"].clone();
    let is_required = |key: &str| {
        required
            .as_array()
            .is_some_and(|keys| keys.contains(&json!(key)))
    };
    let null = json!({ "type": "null" });
    for (key, field) in section["properties"].as_object_mut().into_iter().flatten() {
        let Some(field) = field.as_object_mut().filter(|_| !is_required(key)) else {
            continue;
        };
        if let Some(kind) = field.get_mut("type") {
            match kind {
                Value::Array(types) if types.contains(&json!("null")) => {}
                Value::Array(types) => types.push(json!("null")),
                one => *one = json!([one, "null"]),
            }
        }
        if let Some(Value::Array(words)) = field.get_mut("enum") {
            words.push(Value::Null);
        }
        for either in ["oneOf", "anyOf"] {
            if let Some(Value::Array(list)) = field.get_mut(either) {
                list.push(null.clone());
            }
        }
        let reference = field.get("allOf").map(|all| all[0].clone());
        let named = reference.as_ref().and_then(|one| one["$ref"].as_str());
        if let Some(name) = named.filter(|name| !nullable.iter().any(|other| other == name)) {
            let either = vec![json!({ "$ref": name }), null.clone()];
            field.remove("allOf");
            field.insert("anyOf".to_owned(), Value::Array(either));
        }
    }
}

/// As [`schema`], for people: what a field takes when it is given.
pub(super) fn without_nulls() -> Value {
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
