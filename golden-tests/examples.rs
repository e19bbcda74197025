//! Every example is a test input: it validates, fits the schema, plans, and its JSON agrees.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Examples validate with their extensions, fit the schema editors use, and plan without an Engine.
pub(crate) fn examples() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = match schema(root) {
        Ok(schema) => schema,
        Err(broken) => return vec![broken],
    };
    let examples = folders(&root.join("examples"));
    if examples.len() < 5 {
        return vec![format!("only {} examples are there", examples.len())];
    }
    examples
        .iter()
        .filter_map(|example| {
            let name = example
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let broken = check(example, &schema).err()?;
            Some(format!("examples/{}: {broken}", name.unwrap_or_default()))
        })
        .collect()
}

fn check(example: &Path, schema: &jsonschema::Validator) -> Result<(), String> {
    let file = example.join("sindri.yaml");
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    header(&text)?;
    let value: Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
    if let Some(error) = schema.iter_errors(&value).next() {
        return Err(format!("{error} at `{}`", error.instance_path()));
    }
    // A copy, so that nothing a developer applied in the checkout plays a part.
    let copy = tempfile::tempdir().map_err(|error| error.to_string())?;
    copy_folder(example, copy.path()).map_err(|error| error.to_string())?;
    let validated = sindri(copy.path(), &["config", "validate", "--check-extensions"])?;
    if !validated.stderr.is_empty() {
        return Err(format!("it has findings: {}", text_of(&validated.stderr)));
    }
    let planned = sindri(
        copy.path(),
        &["plan", "--refresh=false", "--format", "json"],
    )?;
    let plan: Value = serde_json::from_slice(&planned.stdout).map_err(|error| error.to_string())?;
    let changes = plan["resource_changes"]
        .as_array()
        .ok_or("a plan without changes")?;
    if changes.is_empty() || plan["errored"] != Value::Bool(false) {
        return Err("its plan makes nothing".to_owned());
    }
    if let Some(odd) = changes.iter().find(|change| {
        let pin = ["sindri_image", "sindri_gpu"]
            .iter()
            .any(|kind| change["type"] == *kind);
        // An optional secret without a value here isn't made.
        let empty = change["type"] == "sindri_secret"
            && change["change"]["actions"] == serde_json::json!(["no-op"]);
        !pin && !empty && change["change"]["actions"] != serde_json::json!(["create"])
    }) {
        return Err(format!("`{}` isn't created", odd["address"]));
    }
    if copy.path().join(".sindri").exists() {
        return Err("looking at it left a state behind".to_owned());
    }
    Ok(())
}

/// The schema's line for editors, then two lines that say what the example shows.
fn header(text: &str) -> Result<(), String> {
    let mut lines = text.lines();
    let editors = lines.next().unwrap_or_default();
    if editors != "# yaml-language-server: $schema=../../docs/schema/sindri.schema.json" {
        return Err("the first line doesn't lead editors to the schema".to_owned());
    }
    if lines.take_while(|line| line.starts_with("# ")).count() != 2 {
        return Err("two lines say what an example shows".to_owned());
    }
    Ok(())
}

pub(crate) fn sindri(directory: &Path, words: &[&str]) -> Result<Output, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sindri"))
        .args(words)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("LANG", "C.UTF-8")
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!(
            "`sindri {}` fails: {}",
            words.join(" "),
            text_of(&output.stderr)
        ));
    }
    Ok(output)
}

fn schema(root: &Path) -> Result<jsonschema::Validator, String> {
    let path = root.join("docs/schema/sindri.schema.json");
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    jsonschema::validator_for(&value).map_err(|error| error.to_string())
}

pub(crate) fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() == ".sindri" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(&target)?;
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
