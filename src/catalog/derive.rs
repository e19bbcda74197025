//! A profile's variant for one provider, with the reasons for what it leaves out.

use super::ground::Ground;
use super::library::{Catalog, Profile};
use super::outlook::LeftOut;
use super::resolve::today;
use super::select::{Incompatible, select};
use crate::address::{Name, NameRule};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// Columns of a comment.
const WIDTH: usize = 96;

/// A profile written for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// `<profile>-<provider>`.
    pub name: Name,
    /// The file: extensions that can be installed, and why the others aren't there.
    pub text: String,
    /// What it asks for.
    pub kept: Vec<Name>,
    /// What it doesn't.
    pub left_out: Vec<LeftOut>,
}

/// Writes a profile's variant for a provider.
///
/// Extensions that can't be installed there are left out with what depends on them; comments in
/// the file say why, and what to take instead.
pub fn derive(
    catalog: &Catalog,
    profile: &Profile,
    ground: &Ground,
) -> Result<Derived, Diagnostics> {
    let provider = ground.provider;
    let full = format!("{}-{provider}", profile.name);
    let name = Name::parse(NameRule::Extension, &full).map_err(|error| {
        vec![Diagnostic::error(Code::new("catalog::name"), error.to_string()).help(error.help())]
    })?;
    let selection = select(catalog, &profile.extensions, ground, Incompatible::Skip);
    let errors: Diagnostics = selection
        .findings
        .into_iter()
        .filter(Diagnostic::is_error)
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let left_out = selection.outlook.left_out;
    let mut text = String::new();
    comment(
        &mut text,
        "",
        &format!(
            "The profile `{}` for {provider}, as `sindri profile derive` wrote it: edit it as you like.",
            profile.name
        ),
    );
    let description = format!("{}, for {provider}", profile.description);
    text.push_str("description: ");
    text.push_str(&serde_json::Value::from(description).to_string());
    text.push_str("\nextensions:\n");
    let mut kept = Vec::new();
    for wanted in &profile.extensions {
        let now = today(catalog, &wanted.name);
        match left_out.iter().find(|left| left.name == now) {
            Some(left) => said(&mut text, left),
            None if kept.contains(&now) => {}
            None => {
                text.push_str("  - ");
                text.push_str(now.as_str());
                text.push('\n');
                kept.push(now);
            }
        }
    }
    if kept.is_empty() {
        return Err(vec![
            Diagnostic::error(
                Code::new("catalog::nothing-left"),
                format!(
                    "nothing of `{}` can be installed on {provider}",
                    profile.name
                ),
            )
            .help("choose another profile or provider"),
        ]);
    }
    // What came along as a dependency, and is missed by others.
    for left in &left_out {
        if !profile
            .extensions
            .iter()
            .any(|wanted| today(catalog, &wanted.name) == left.name)
        {
            said(&mut text, left);
        }
    }
    Ok(Derived {
        name,
        text,
        kept,
        left_out,
    })
}

fn said(text: &mut String, left: &LeftOut) {
    let mut line = format!("{} is left out: {}", left.name, left.reason);
    if left.through.len() > 1 {
        let chain: Vec<&str> = left.through.iter().map(Name::as_str).collect();
        line = format!("{line} (through {})", chain.join(" -> "));
    }
    comment(text, "  ", &line);
    if let Some(instead) = &left.instead {
        comment(text, "  ", &format!("  Instead: {instead}"));
    }
}

/// Writes a comment, broken at spaces; line ends and control characters of the text are gone.
fn comment(out: &mut String, indent: &str, text: &str) {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let lead = if plain.starts_with("  ") {
        "#   "
    } else {
        "# "
    };
    let mut line = String::new();
    let mut flush = |line: &mut String| {
        out.push_str(indent);
        out.push_str(lead);
        out.push_str(line);
        out.push('\n');
        line.clear();
    };
    for word in plain.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            flush(&mut line);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    flush(&mut line);
}
