//! `sindri connect`: a session in a machine.

use tokio::sync::mpsc;

use super::machine::pick;
use crate::cli::args::ConnectArgs;
use crate::cli::session::{Outcome, Session, runtime};
use crate::cli::terminal::{self, Raw};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Exit};
use crate::provider::{Class, Interactive, MachineRef};
use crate::resource::{Power, Spec};

pub(crate) fn run(session: &mut Session, args: ConnectArgs) -> Outcome {
    let state = session.state()?;
    let (name, object) = pick(state.as_ref(), args.machine.as_deref())?;
    if let Spec::Machine(spec) = &*object.spec
        && spec.power == Power::Stopped
    {
        return Err(vec![
            Diagnostic::error(
                Code::new("machine::stopped"),
                format!("machine `{name}` is stopped"),
            )
            .help(format!("`sindri start {name}` starts it")),
        ]);
    }
    let providers = session.providers();
    let provider = providers
        .provider(object.provider)
        .map_err(|error| error.diagnose())?;
    let runtime = runtime()?;
    let machine = MachineRef::of(&name, &object);
    let interactive = session.terminal().input && session.terminal().output;
    // With a command and no terminal on the input, streams are copied as they are.
    let size = session.terminal().size.filter(|_| interactive);
    let copied = !provider.owns_terminal();
    let raw = match size {
        Some(_) if copied => Raw::enter().ok(),
        Some(_) | None => None,
    };
    let (resize, resized) = mpsc::unbounded_channel();
    let result = runtime.block_on(async {
        if copied && size.is_some() {
            tokio::spawn(watch_size(resize));
        }
        provider
            .connect(
                &machine,
                Interactive {
                    command: args.command,
                    known: object.attributes.clone(),
                    terminal: size,
                    resized,
                    stdin: Box::new(tokio::io::stdin()),
                    stdout: Box::new(tokio::io::stdout()),
                    stderr: Box::new(tokio::io::stderr()),
                },
            )
            .await
    });
    drop(raw);
    // A blocked read of the terminal must not hold the process.
    runtime.shutdown_background();
    let code = result.map_err(|error| {
        if error.class == Class::NotFound {
            return vec![
                Diagnostic::error(
                    Code::new("machine::missing"),
                    format!(
                        "machine `{}` is recorded, but no longer there",
                        machine.name
                    ),
                )
                .help("`sindri plan` shows what is missing; `sindri apply` makes it again"),
            ];
        }
        error.diagnose()
    })?;
    Ok(Exit::Passed(u8::try_from(code).unwrap_or(255)))
}

/// Tells the session when the terminal's size changes.
async fn watch_size(tell: mpsc::UnboundedSender<crate::provider::TerminalSize>) {
    let kind = tokio::signal::unix::SignalKind::window_change();
    let Ok(mut changed) = tokio::signal::unix::signal(kind) else {
        return;
    };
    while changed.recv().await.is_some() {
        if let Some(size) = terminal::size()
            && tell.send(size).is_err()
        {
            return;
        }
    }
}
