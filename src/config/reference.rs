//! The reference of every field, as Markdown; made of the schema, so that it can't fall behind.

use std::fmt::Write;

use serde_json::Value;

use super::schema::without_nulls;

/// One table a section, in the order in which the file mentions them.
pub fn reference() -> String {
    let schema = without_nulls();
    let mut text = String::new();
    let mut queue = vec![("sindri.yaml".to_owned(), schema.clone())];
    let mut done: Vec<String> = Vec::new();
    while !queue.is_empty() {
        let (title, section) = queue.remove(0);
        // Writing to a String can't fail.
        let _ = writeln!(text, "### {title}\n\n{}\n", said(&section["description"]));
        let _ = writeln!(text, "| field | takes | default | |\n|---|---|---|---|");
        let required: Vec<&str> = section["required"]
            .as_array()
            .map(|keys| keys.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut below = Vec::new();
        for (key, field) in section["properties"].as_object().into_iter().flatten() {
            let (takes, definition) = takes(field);
            let default = match &field["default"] {
                Value::Null if required.contains(&key.as_str()) => "**required**".to_owned(),
                Value::Null => String::new(),
                default => format!("`{}`", default.to_string().trim_matches('"')),
            };
            let about = said(&field["description"]).replace('|', "\\|");
            let _ = writeln!(text, "| `{key}` | {takes} | {default} | {about} |");
            if let Some((name, suffix)) = definition
                && !done.contains(&name)
                && !about.starts_with("Another spelling")
            {
                let path = format!("{key}{suffix}");
                let path = match title.strip_prefix("sindri.yaml") {
                    Some(_) => path,
                    None => format!("{}.{path}", title.trim_matches('`')),
                };
                below.push((format!("`{path}`"), schema["definitions"][&name].clone()));
                done.push(name);
            }
        }
        text.push('\n');
        below.append(&mut queue);
        queue = below;
    }
    text
}

fn said(text: &Value) -> &str {
    text.as_str().unwrap_or_default()
}

/// What a field takes, in words, and the definition it points to with the way there.
fn takes(field: &Value) -> (String, Option<(String, &'static str)>) {
    let reference = |value: &Value| {
        let target = value["$ref"]
            .as_str()
            .or(value["allOf"][0]["$ref"].as_str());
        target
            .and_then(|text| text.rsplit('/').next())
            .map(str::to_owned)
    };
    if let Some(name) = reference(field) {
        return ("mapping".to_owned(), Some((name, "")));
    }
    if let Some(name) = reference(&field["items"]) {
        return ("list of mappings".to_owned(), Some((name, "[]")));
    }
    let either = field["items"]["oneOf"].as_array();
    if let Some(name) = either.and_then(|either| either.iter().find_map(reference)) {
        return ("list of texts or mappings".to_owned(), Some((name, "[]")));
    }
    if let Some(name) = reference(&field["additionalProperties"]) {
        return ("mapping by name".to_owned(), Some((name, ".<name>")));
    }
    if let Some(words) = field["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("`{}`", said(word)))
            .collect();
        return (words.join(", "), None);
    }
    let simple = |value: &Value| match (value["type"].as_str(), value["pattern"].as_str()) {
        (Some("string"), Some(pattern)) if pattern.contains("GiB") => "size".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some("boolean"), _) => "`true`, `false`".to_owned(),
        (Some("integer"), _) => format!("{} to {}", value["minimum"], value["maximum"]),
        (Some("number"), _) => "number".to_owned(),
        (Some("object"), _) => "mapping of texts".to_owned(),
        _ => "text or number".to_owned(),
    };
    if field["type"] == "array" {
        return (format!("list of {}", simple(&field["items"])), None);
    }
    if let Some(either) = field["oneOf"].as_array() {
        let either: Vec<String> = either.iter().map(simple).collect();
        return (either.join(", or a "), None);
    }
    (simple(field), None)
}
