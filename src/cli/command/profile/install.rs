//! `sindri profile install`: the configuration edited to ask for a profile, then applied.

use crate::cli::args::ProfileInstallArgs;
use crate::cli::command::browse::parsed;
use crate::cli::command::editing::{self, Editing};
use crate::cli::session::{Outcome, Session};
use crate::engine::{self, EditRequest};

pub(super) fn run(session: &mut Session, args: &ProfileInstallArgs) -> Outcome {
    let catalog = engine::catalog_beside(&engine::directory_of(&session.config));
    let request = EditRequest::Profile {
        name: parsed(&args.name, "profile", &catalog.profile_names())?,
        switch: args.switch,
    };
    let editing = Editing {
        operation: "profile install",
        args: &args.edit,
    };
    editing::run(session, &editing, request)
}
