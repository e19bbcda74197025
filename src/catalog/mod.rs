//! Extension and profile manifests, compatibility, dependency resolution.

mod capability;
mod compatibility;
mod conform;
mod embed;
mod embedded;
mod finding;
mod known;
mod library;
mod lower;
mod manifest;
mod node;
mod quick;
mod read;
mod resolve;
mod search;
mod shelf;
mod step;
mod support;
mod text;

#[cfg(test)]
mod tests;

pub use capability::{Auth, Capabilities, Hook, HookRun, Hooks, InitCommand, Mcp};
pub use compatibility::{Ground, compatibility};
pub use library::{Catalog, Profile};
pub use manifest::{
    Category, Compatibility, Configure, Deprecation, GpuNeed, Manifest, Need, Remove, RemoveStep,
    Requirements, Service, SoftDependency, Support, Template, TemplateMode, UpgradeStrategy,
    Variable, VariableScope,
};
pub use read::{extension_schema, profile_schema};
pub use resolve::{Resolution, Resolved, Wanted, resolve};
pub use search::search;
pub use shelf::{Folder, Folders, ProfileFile, Shelf};
pub use step::{
    Action, AptRepository, Arch, Check, Checksums, Distro, Download, DownloadSource, Extract,
    RpmPackages, RpmRepository, Step,
};
pub use support::{Totals, Verdict};
