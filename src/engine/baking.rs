//! What is installed in an image while it is built: checked before anything is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::project::{Project, load_bytes};
use crate::address::{Address, Name};
use crate::catalog::{MANIFEST_FILE, Moving};
use crate::config::{ChosenTool, Config, ExtensionRef, Extensions, Overrides, show_yaml};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::Spec;
use crate::sys::Environment;

/// The file of the authorities that are trusted.
const AUTHORITIES: &str = "authorities.pem";

/// A project that installs a machine's extensions where it is applied, with nothing else needed.
#[derive(Clone, Debug)]
pub struct Baking {
    /// What is installed, dependencies included.
    pub extensions: Vec<Name>,
    /// The project's files, by their paths in its directory.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What was found; none of it forbids the installation.
    pub findings: Diagnostics,
}

/// Makes a project of a configuration of one machine that an image is for while it is built.
///
/// The extensions are those that the lock beside the person's configuration names. Refused where there
/// are none, or where they can't be installed.
pub fn baking(
    path: &Path,
    mut whole: Config,
    environment: &Environment,
) -> Result<Baking, Diagnostics> {
    let project = load(path, &whole, environment)?;
    let findings = of_an_image(project.findings.clone());
    if findings.iter().any(Diagnostic::is_error) {
        return Err(findings);
    }
    let machine = whole.name.clone();
    let wanted = wanted(&project, &machine);
    if wanted.is_empty() {
        let summary = format!("machine `{machine}` has no extensions that an image can have");
        let found = Diagnostic::error(Code::new("image::no-extensions"), summary)
            .help("name others under `extensions`, or build without --bake");
        return Err(findings.into_iter().chain([found]).collect());
    }
    let extensions = wanted.iter().map(|one| one.name.clone()).collect();
    let mut files = folders(&project);
    for inside in &mut whole.machines {
        // All that is needed lies beside it: no profile, no folder of the person's.
        inside.extensions = Arc::new(Extensions {
            profile: None,
            names: wanted.clone(),
            ..(*inside.extensions).clone()
        });
        inside.ca_certificates = Arc::default();
        let outbound = project.outbound.get(&inside.name);
        if let Some(outbound) = outbound.filter(|outbound| !outbound.authorities.is_empty()) {
            inside.ca_certificates = Arc::from([AUTHORITIES.to_owned()]);
            files.insert(
                AUTHORITIES.to_owned(),
                outbound.authorities.concat().into_bytes(),
            );
        }
    }
    // Checksums that only a publisher knows are those that were listed first.
    let lock = project.lockfile.after.render();
    files.insert("sindri.lock".to_owned(), lock.into_bytes());
    files.insert("sindri.yaml".to_owned(), show_yaml(&whole).into_bytes());
    Ok(Baking {
        extensions,
        files,
        findings,
    })
}

/// Reads it as if it stood in the person's file.
fn load(path: &Path, config: &Config, environment: &Environment) -> Result<Project, Diagnostics> {
    let text = show_yaml(config);
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let (overrides, moving) = (Overrides::default(), Moving::Nothing);
    load_bytes(
        path,
        &shown,
        text.as_bytes(),
        overrides,
        &moving,
        environment,
    )
    .map_err(of_an_image)
}

/// Findings about a machine as they are about an image: that it has no secrets is so of each, and
/// places in a file that nobody wrote lead nowhere.
fn of_an_image(mut findings: Diagnostics) -> Diagnostics {
    findings.retain(|found| found.code.as_str() != "catalog::secret-not-given");
    for found in &mut findings {
        found.place = None;
        if found.code.as_str() == "catalog::incompatible" {
            found.help =
                Some("`sindri apply` installs it, where the machine can have it".to_owned());
        }
    }
    findings
}

/// Every extension that the machine gets, dependencies included, with the tools of it that are meant.
fn wanted(project: &Project, machine: &Name) -> Vec<ExtensionRef> {
    let resources = project.desired.resources().iter();
    let extensions = resources.filter_map(|wanted| match (&wanted.address, &*wanted.spec) {
        (Address::Extension(of, name), Spec::Extension(spec)) if of == machine => {
            let tools = spec.tools.iter().map(|name| ChosenTool {
                name: name.clone(),
                place: None,
            });
            let tools: Vec<ChosenTool> = tools.collect();
            Some(ExtensionRef {
                name: name.clone(),
                tools: (!tools.is_empty()).then_some(tools),
                place: None,
            })
        }
        _ => None,
    });
    extensions.collect()
}

/// The folders of extensions, as they stand beside a configuration.
fn folders(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for manifest in project.manifests.iter() {
        let folder = &manifest.folder;
        let path = |file: &str| format!("extensions/{}/{file}", manifest.name);
        files.insert(path(MANIFEST_FILE), folder.manifest.to_vec());
        let others = folder.files.iter();
        files.extend(others.map(|(file, bytes)| (path(file), bytes.to_vec())));
    }
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::digest::Digest;

    const CONFIG: &str = "version: \"4.0\"\nname: dev\nproviders: {local: {wholeHost: true}}\nextensions: {active: [greeter]}\n";
    const MANIFEST: &str = "metadata: {name: greeter, version: 1.0.0, description: Greets, category: productivity, dependencies: [python]}\ninstall: {method: script, script: {path: install.sh}}\nvalidate: {commands: [{name: greet}]}\n";

    fn config(text: &str) -> Config {
        let (config, found) =
            crate::config::read_bytes("sindri.yaml", text.as_bytes(), Overrides::default());
        config.unwrap_or_else(|| panic!("{found:?}"))
    }

    fn of(directory: &Path, text: &str) -> Result<Baking, Diagnostics> {
        let path = directory.join("sindri.yaml");
        baking(&path, config(text), &Environment::default())
    }

    #[test]
    fn the_project_stands_alone_and_asks_for_the_same() {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("extensions/greeter");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("extension.yaml"), MANIFEST).unwrap();
        fs::write(folder.join("install.sh"), "true\n").unwrap();
        let made = of(room.path(), CONFIG).unwrap();
        let names: Vec<&str> = made.extensions.iter().map(Name::as_str).collect();
        assert_eq!(names, ["python", "greeter"]);

        let alone = tempfile::tempdir().unwrap();
        for (path, content) in &made.files {
            let path = alone.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let text = String::from_utf8(made.files["sindri.yaml"].clone()).unwrap();
        let project = load(
            &alone.path().join("sindri.yaml"),
            &config(&text),
            &Environment::default(),
        );
        let project = project.unwrap();
        assert!(!project.findings.iter().any(Diagnostic::is_error));
        assert_eq!(project.manifests.iter().count(), 2);
        let lock = Digest::of_bytes(&made.files["sindri.lock"]);
        assert_eq!(project.lockfile.digest, Some(lock));
        let before = project.lockfile.before.unwrap();
        for pin in ["greeter", "python"] {
            assert!(before.render().contains(pin));
        }
    }

    #[test]
    fn without_extensions_there_is_nothing_to_be_made() {
        let room = tempfile::tempdir().unwrap();
        let text = CONFIG.replace("[greeter]", "[]");
        let found = of(room.path(), &text).unwrap_err();
        assert_eq!(found[0].code.as_str(), "image::no-extensions");
    }
}
