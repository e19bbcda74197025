//! The blocks that say what to install, by method.

use super::super::text::{
    AptText, BinaryText, CargoText, MiseText, NpmText, PipText, RpmText, ScriptText,
};

/// The blocks of one place: of `install`, or of one of its steps.
#[derive(Default)]
pub(super) struct Blocks {
    pub(super) apt: Option<AptText>,
    pub(super) dnf: Option<RpmText>,
    pub(super) zypper: Option<RpmText>,
    pub(super) mise: Option<MiseText>,
    pub(super) npm: Option<NpmText>,
    pub(super) pip: Option<PipText>,
    pub(super) cargo: Option<CargoText>,
    pub(super) binary: Option<BinaryText>,
    pub(super) script: Option<ScriptText>,
}

impl Blocks {
    pub(super) fn drop_named(&mut self, name: &str) {
        match name {
            "apt" => self.apt = None,
            "dnf" => self.dnf = None,
            "zypper" => self.zypper = None,
            "mise" => self.mise = None,
            "npm" => self.npm = None,
            "pip" => self.pip = None,
            "cargo" => self.cargo = None,
            "binary" => self.binary = None,
            _ => self.script = None,
        }
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        [
            ("apt", self.apt.is_some()),
            ("dnf", self.dnf.is_some()),
            ("zypper", self.zypper.is_some()),
            ("mise", self.mise.is_some()),
            ("npm", self.npm.is_some()),
            ("pip", self.pip.is_some()),
            ("cargo", self.cargo.is_some()),
            ("binary", self.binary.is_some()),
            ("script", self.script.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, there)| there.then_some(name))
        .collect()
    }
}
