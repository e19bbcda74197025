//! `sindri doctor`: what this host has and needs.

use crate::cli::args::DoctorArgs;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::config::Overrides;
use crate::diagnostic::Exit;
use crate::doctor::{self, Finding, Verdict};
use crate::engine::Readers;
use crate::resource::ProviderKind;

pub(crate) fn run(session: &mut Session, args: &DoctorArgs) -> Outcome {
    let kinds = match args.provider {
        Some(kind) => vec![kind],
        None => kinds(session),
    };
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let world = session.world().clone();
    let findings = runtime.block_on(doctor::examine(&world, readers, &kinds));
    let broken = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Broken);
    let text = if session.is_json() {
        serde_json::json!({ "healthy": !broken, "findings": findings }).to_string() + "\n"
    } else {
        human(&findings)
    };
    session.answer(&text)?;
    Ok(if broken { Exit::Error } else { Exit::Done })
}

/// The providers of the configuration; the ones that need no account where there is none.
fn kinds(session: &Session) -> Vec<ProviderKind> {
    let mut kinds: Vec<ProviderKind> = match session.project(Overrides::default()) {
        Ok(project) => project
            .config
            .machines
            .iter()
            .map(|machine| machine.provider)
            .collect(),
        Err(_) => ProviderKind::ALL
            .into_iter()
            .filter(|kind| kind.is_beside())
            .collect(),
    };
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn human(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut heading = None;
    for finding in findings {
        if heading != Some(finding.provider) {
            heading = Some(finding.provider);
            if !text.is_empty() {
                text.push('\n');
            }
            if let Some(provider) = finding.provider {
                text.push_str(provider.as_str());
                text.push('\n');
            }
        }
        let mark = match finding.verdict {
            Verdict::Good => "ok",
            Verdict::Lacking => "lacking",
            Verdict::Broken => "broken",
        };
        text.push_str(&format_line(mark, &finding.subject, &finding.detail));
        if let Some(help) = &finding.help {
            text.push_str(&format_line("", "", &format!("help: {help}")));
        }
    }
    text.push_str(&conclusion(findings));
    text
}

/// The last line: whether anything needs mending.
fn conclusion(findings: &[Finding]) -> String {
    let count = |verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    };
    match (count(Verdict::Broken), count(Verdict::Lacking)) {
        (0, 0) => "\nEverything needed is there.\n".to_owned(),
        (0, lacking) => format!("\nUsable; {lacking} lacking.\n"),
        (broken, lacking) => {
            format!("\nNot usable as it is: {broken} broken, {lacking} lacking.\n")
        }
    }
}

fn format_line(mark: &str, subject: &str, detail: &str) -> String {
    format!("  {mark:<8} {subject:<16} {detail}\n")
}
