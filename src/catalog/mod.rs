//! Extension and profile manifests, compatibility, dependency resolution.

mod manifest;
mod shelf;
mod step;

pub use manifest::{
    Category, Compatibility, Configure, Deprecation, GpuNeed, Manifest, Remove, RemoveStep,
    Requirements, Service, Support, Template, TemplateMode, UpgradeStrategy, Variable,
    VariableScope,
};
pub use shelf::{Folder, Folders, ProfileFile, Shelf};
pub use step::{
    Action, AptRepository, Arch, Check, Distro, Download, DownloadSource, Extract, RpmPackages,
    RpmRepository, Step,
};
