//! `sindri refresh`: the record is brought to what the providers show.

use serde_json::json;

use super::writing::{locked, record, recorded, undo};
use crate::catalog::Manifests;
use crate::cli::args::RefreshArgs;
use crate::cli::command::acting::settle;
use crate::cli::command::pace::unless_stopped;
use crate::cli::command::question::Question;
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::cli::signals::Heed;
use crate::desired::Desired;
use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Reach, Scope};
use crate::plan::Options;
use crate::render;

pub(crate) fn run(session: &mut Session, args: &RefreshArgs) -> Outcome {
    recorded(session)?;
    let runtime = small_runtime()?;
    let mut locked = locked(session, "refresh", &args.wait)?;
    let providers = session.providers();
    let nothing = Desired::default();
    let reach = Reach {
        scope: Scope::Exists,
        deep: false,
    };
    let manifests = Manifests::default();
    let surveying = engine::survey_to_act(
        providers.readers(),
        &nothing,
        &manifests,
        locked.state().clone(),
        Diagnostics::new(),
        reach,
    );
    let stop = session.heed(Heed::Once, None)?;
    let mut survey = unless_stopped(&runtime, &stop, surveying)?;
    let settled = !survey.recovered.is_empty();
    if settled && !session.is_json() {
        settle(session, &mut survey, &mut locked, &mut Screen::new(session))?;
    } else if settled {
        let events = std::mem::take(&mut survey.recovered);
        record(
            &mut locked,
            events.into_iter().map(|one| one.event).collect(),
        )?;
        survey.state = locked.state().clone();
    }
    let trying = engine::doors(&*providers, &survey.state, &mut survey.observed);
    let found = unless_stopped(&runtime, &stop, trying)?;
    survey.facts.findings.extend(found);
    let drift = survey.plan(&nothing, &Options::default()).drift;
    let events = engine::refreshed(&survey.state, &survey.observed);
    let text = render::drift_list(&drift, &session.style())
        + &render::doors_list(&survey.state, &events, &session.style());
    if !session.is_json() {
        session.answer(&text)?;
    }
    session.warn(&survey.facts.findings);
    let exit = if survey.facts.findings.iter().any(Diagnostic::is_error) {
        Exit::Error
    } else {
        Exit::Done
    };
    if events.is_empty() {
        if settled {
            record(&mut locked, Vec::new())?;
        }
        let text = if session.is_json() {
            json!({ "refreshed": [], "diagnostics": survey.facts.findings }).to_string() + "\n"
        } else {
            "Nothing to write: what could be read is as recorded.\n".to_owned()
        };
        session.answer(&text)?;
        return Ok(exit);
    }
    let question = Question {
        what: "Do you want to record this? What stands isn't touched.",
        instead: "pass --auto-approve",
    };
    if !args.auto_approve && !question.put_alone(session)? {
        session.aside("\nNothing was written.\n");
        return Ok(Exit::Error);
    }
    let before = locked.state().clone();
    let refreshed: Vec<_> = events
        .iter()
        .map(|(address, gone, _)| (address.clone(), *gone))
        .collect();
    record(
        &mut locked,
        events.into_iter().map(|(_, _, event)| event).collect(),
    )?;
    if session.is_json() {
        let rows: Vec<_> = refreshed
            .iter()
            .map(|(address, gone)| json!({ "address": address, "gone": gone }))
            .collect();
        let text = json!({ "refreshed": rows, "diagnostics": survey.facts.findings });
        session.answer(&format!("{text}\n"))?;
    } else {
        let gone = refreshed.iter().filter(|(_, gone)| *gone).count();
        session.answer(&format!(
            "Refreshed: {} updated, {gone} gone.\n",
            refreshed.len() - gone
        ))?;
        if !session.quiet {
            session.aside(&undo(session, &before));
        }
    }
    Ok(exit)
}
