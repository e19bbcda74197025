//! `sindri force-unlock`.

use crate::cli::args::ForceUnlockArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Diagnose, Exit};

pub(crate) fn run(session: &mut Session, args: &ForceUnlockArgs) -> Outcome {
    let holder = session
        .store()?
        .force_unlock(&args.id)
        .map_err(|error| error.diagnose())?;
    let text = if session.is_json() {
        serde_json::json!({ "unlocked": holder }).to_string() + "\n"
    } else {
        format!(
            "The lock of `{}` of {} on {} was taken away. If it is still at work, its next write \
             fails.\n",
            holder.operation, holder.who, holder.host
        )
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}
