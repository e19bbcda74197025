//! Which of an extension's tools an installation is about.

use crate::catalog::{Check, Manifest, Step};

/// The tools of an extension that shall be there, and what belongs to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    manifest: &'a Manifest,
    /// Empty: all.
    tools: &'a [String],
}

impl<'a> Choice<'a> {
    /// The tools named, or all where none is.
    pub(super) fn of(manifest: &'a Manifest, tools: &'a [String]) -> Self {
        Self { manifest, tools }
    }

    /// Whether a tool shall be there.
    pub(super) fn has(&self, tool: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|one| one == tool)
    }

    /// The steps that bring them, each with its number in the manifest, from 1.
    pub(super) fn steps(self) -> impl Iterator<Item = (usize, &'a Step)> {
        let all = (1..).zip(&self.manifest.steps);
        all.filter(move |(_, step)| self.has(&step.tool))
    }

    /// The validations that prove them, each with its number in the manifest, from 0. One that
    /// proves no tool of the manifest's proves the extension as a whole.
    pub(super) fn checks(self) -> impl Iterator<Item = (usize, &'a Check)> {
        let known = move |check: &Check| {
            let mut steps = self.manifest.steps.iter();
            steps.any(|step| step.tool == check.tool)
        };
        let all = self.manifest.validate.iter().enumerate();
        all.filter(move |(_, check)| self.has(&check.tool) || !known(check))
    }
}
