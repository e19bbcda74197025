//! Every document people have: the seeds' snippets, each field of v3, templates, what `show` says.

use include_dir::{Dir, include_dir};

use super::{complete, line, meaning, read_text};
use crate::address::{Name, NameRule};
use crate::config::{TemplateOptions, reference, schema, show, template};
use crate::diagnostic::Severity;
use crate::resource::ProviderKind;

static SEEDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/config/testdata/seed-snippets");
static V3: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/config/testdata/v3");

fn texts(dir: &'static Dir<'static>) -> Vec<(String, String)> {
    let texts: Vec<(String, String)> = dir
        .files()
        .map(|file| {
            let text = file.contents_utf8().unwrap();
            (file.path().display().to_string(), complete(text))
        })
        .collect();
    assert!(!texts.is_empty());
    texts
}

fn all() -> Vec<(String, String)> {
    let mut all = texts(&SEEDS);
    all.extend(texts(&V3));
    all
}

#[test]
fn every_document_reads_without_a_finding() {
    for (name, text) in all() {
        let (config, findings) = read_text(&text);
        let told: Vec<String> = findings.iter().map(line).collect();
        assert!(config.is_some() && told.is_empty(), "{name}: {told:#?}");
    }
}

#[test]
fn every_document_satisfies_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, text) in all() {
        let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

/// A key without a value is a key left out, to the reader and to editors alike.
#[test]
fn reader_and_schema_agree_on_empty_keys() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let shared = &schema["properties"];
    let deployment = &schema["definitions"]["Deployment"]["properties"];
    let secret = &schema["definitions"]["SecretFields"]["properties"];
    let sections = [
        (
            shared,
            "version: \"4.0\"\nname: dev\ndeployment:\n  provider: local\n",
            "",
        ),
        (
            deployment,
            "version: \"4.0\"\nname: dev\ndeployment:\n  provider: local\n",
            "  ",
        ),
        (
            secret,
            "version: \"4.0\"\nname: dev\ndeployment:\n  provider: local\nsecrets:\n  - name: A\n    source: env\n",
            "    ",
        ),
    ];
    for (properties, before, indent) in sections {
        let keys = properties.as_object().unwrap().keys();
        let free = keys.filter(|key| !before.contains(&format!("{key}:")));
        for key in free {
            let text = format!("{before}{indent}{key}:\n");
            let (_, findings) = read_text(&text);
            let read = findings
                .iter()
                .all(|found| found.severity != Severity::Error);
            let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(validator.is_valid(&value), read, "{text}");
        }
    }
}

#[test]
fn what_is_shown_means_the_same() {
    for (name, text) in all() {
        let first = show(&meaning(&text));
        let again = serde_yaml::to_string(&first).unwrap();
        let (config, findings) = read_text(&again);
        let told: Vec<String> = findings.iter().map(line).collect();
        let config = config.unwrap_or_else(|| panic!("{name}: {told:#?}\n{again}"));
        assert_eq!(show(&config), first, "{name}");
    }
}

#[test]
fn a_template_is_valid_for_every_provider() {
    let name = |text| Name::parse(NameRule::Label, text).unwrap();
    for provider in ProviderKind::ALL {
        for profile in [None, Some(name("minimal"))] {
            let text = template(&TemplateOptions {
                name: name("dev"),
                provider,
                profile: profile.clone(),
                schema: TemplateOptions::SCHEMA.to_owned(),
            });
            assert!(text.starts_with("# yaml-language-server: $schema=.sindri/"));
            let (config, findings) = read_text(&text);
            let told: Vec<String> = findings.iter().map(line).collect();
            assert!(told.is_empty(), "{provider}: {told:#?}\n{text}");
            let machine = &config.unwrap().machines[0];
            assert_eq!(machine.provider, provider);
            assert_eq!(machine.extensions.profile.is_some(), profile.is_some());
            // What a comment offers must work once the comment sign is taken away.
            for offered in uncommented(&text) {
                let (_, findings) = read_text(&offered);
                let errors: Vec<String> = findings
                    .iter()
                    .filter(|finding| finding.severity == Severity::Error)
                    .map(line)
                    .collect();
                assert!(errors.is_empty(), "{provider}: {errors:#?}\n{offered}");
            }
        }
    }
}

/// The template with each commented block in turn made real.
fn uncommented(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_offer = |line: &str| {
        let rest = line.trim_start().strip_prefix("# ").unwrap_or_default();
        rest.trim_start().split_once(':').is_some_and(|(key, _)| {
            !key.contains(' ') && key != "yaml-language-server" || key.starts_with("- ")
        })
    };
    let mut variants = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if !is_offer(lines[at]) {
            at += 1;
            continue;
        }
        let end = lines[at..].iter().position(|line| !is_offer(line));
        let end = end.map_or(lines.len(), |length| at + length);
        let made = lines.iter().enumerate().filter_map(|(number, line)| {
            if (at..end).contains(&number) {
                return Some(line.replacen("# ", "", 1));
            }
            // An empty list gives way to the profile offered beside it.
            let gives_way = line.contains("active: []") && lines[at].contains("profile:");
            (!gives_way).then(|| (*line).to_owned())
        });
        variants.push(made.collect::<Vec<_>>().join("\n"));
        at = end;
    }
    variants
}

#[test]
fn generated_files_are_up_to_date() {
    let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let page = "docs/configuration.md";
    let begin = "<!-- generated: fields -->\n";
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let written = std::fs::read_to_string(root.join(page)).unwrap();
    let (before, _) = written
        .split_once(begin)
        .expect("the marker is in the page");
    let reference = format!("{before}{begin}\n{}", reference());
    for (path, wanted) in [
        ("docs/schema/sindri.schema.json", schema),
        (page, reference),
    ] {
        let path = root.join(path);
        if option_env("SINDRI_BLESS") {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == wanted,
            "{} is stale: run with SINDRI_BLESS=1",
            path.display()
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test's own switch, not the program's"
)]
fn option_env(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
