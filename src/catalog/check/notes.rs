//! Secrets nobody gives, and extensions on their way out.

use crate::catalog::ground::Ground;
use crate::catalog::manifest::Manifest;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn notes(manifest: &Manifest, ground: &Ground) -> Diagnostics {
    [secrets(manifest, ground), deprecated(manifest)]
        .into_iter()
        .flatten()
        .collect()
}

fn secrets(manifest: &Manifest, ground: &Ground) -> Option<Diagnostic> {
    let given = ground.secrets.as_ref()?;
    let missing: Vec<String> = manifest
        .requirements
        .secrets
        .iter()
        // Version 3 writes them in lower case, and configurations in upper case.
        .map(|name| name.to_ascii_uppercase())
        .filter(|name| !given.contains(name))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let (noun, verb) = match missing.len() {
        1 => ("secret", "isn't given"),
        _ => ("secrets", "aren't given"),
    };
    Some(
        Diagnostic::warning(
            Code::new("catalog::secret-not-given"),
            format!(
                "`{}` uses the {noun} {}, which {verb}",
                manifest.name,
                missing.join(", ")
            ),
        )
        .help("list what you use of it under `secrets`"),
    )
}

fn deprecated(manifest: &Manifest) -> Option<Diagnostic> {
    let deprecation = manifest.deprecation.as_ref()?;
    let mut found = Diagnostic::warning(
        Code::new("catalog::deprecated"),
        format!("`{}` is on its way out", manifest.name),
    );
    if let Some(message) = &deprecation.message {
        found = found.because(message.clone());
    }
    if let Some(successor) = &deprecation.successor {
        found = found.help(format!("use `{successor}` instead"));
    }
    Some(found)
}
