//! What every machine goes through, whatever its provider.

use super::catalog::{Check, checks, line, wrong};
use super::desk::{Desk, SECRET};

/// A machine with extensions, and what must always work in it.
pub(super) struct Life {
    pub(super) desk: Desk,
    checks: Vec<Check>,
}

impl Life {
    pub(super) fn new(desk: Desk, extensions: &[&str]) -> Self {
        Self {
            desk,
            checks: checks(extensions),
        }
    }

    /// Every validation of every extension succeeds in a session, and the secret is there.
    #[track_caller]
    pub(super) fn all_works(&self, secrets: &str) {
        let told = self.desk.inside(&line(&self.checks));
        let wrong = wrong(&self.checks, &told);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let secret = format!("cat {secrets}/API_TOKEN && echo && echo \"$API_TOKEN\"");
        assert_eq!(self.desk.inside(&secret), format!("{SECRET}\n{SECRET}\n"));
        // What an extension's configuration sets is set in sessions.
        assert!(
            self.desk
                .inside("echo $WORKSPACE_PROJECTS")
                .contains("/workspace/projects")
        );
    }

    /// Nothing is left to do, and nothing inside is broken.
    #[track_caller]
    pub(super) fn all_rests(&self) {
        self.desk
            .run(&["plan", "--detailed-exitcode"])
            .code(0)
            .says("No changes.");
        self.desk
            .run(&["drift", "--deep"])
            .code(0)
            .says("No drift.");
    }

    /// A file in the workspace's volume, and a project that an extension's command makes there.
    pub(super) fn keep_files(&self) {
        self.desk
            .inside("echo kept >~/workspace/kept && workspace new demo");
    }

    /// Both are there.
    #[track_caller]
    pub(super) fn files_are_kept(&self) {
        assert_eq!(
            self.desk.inside("cat ~/workspace/kept && workspace list"),
            "kept\ndemo\n"
        );
    }

    /// What somebody breaks by hand is found, named, and healed; nothing else is touched.
    #[track_caller]
    pub(super) fn breaks_and_heals(&self, breaking: &str, broken: &[(&str, &str)]) {
        let desk = &self.desk;
        desk.inside(breaking);
        // Nobody looked inside.
        desk.run(&["drift"]).code(0);
        let mut shown = desk.run(&["drift", "--deep"]).code(2);
        for (extension, command) in broken {
            shown = shown
                .says(&format!("extension.{}.{extension}", desk.name))
                .says(command);
        }
        let healed = desk.apply(&["--deep"]).code(0);
        let count = broken.len();
        healed.says(&format!(
            "Resources: 0 added, {count} changed, 0 destroyed."
        ));
        desk.run(&["drift", "--deep"]).code(0);
    }

    /// Extensions that the configuration no longer names go, with their tools.
    #[track_caller]
    pub(super) fn lets_go(&self, gone: &[&str], tools: &[&str]) {
        let desk = &self.desk;
        let mut planned = desk.run(&["plan", "--detailed-exitcode"]).code(2);
        for extension in gone {
            let address = format!("extension.{}.{extension} will be destroyed", desk.name);
            planned = planned.says(&address);
        }
        let count = gone.len();
        planned.says(&format!("Plan: 0 to add, 0 to change, {count} to destroy."));
        desk.apply(&[]).code(0);
        for tool in tools {
            desk.inside(&format!("if command -v {tool}; then exit 1; fi"));
        }
        desk.run(&["plan", "--detailed-exitcode"]).code(0);
    }
}
