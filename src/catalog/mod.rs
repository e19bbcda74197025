//! Extension and profile manifests, compatibility, dependency resolution.

mod capability;
mod check;
mod choose;
mod conform;
mod derive;
mod domains;
mod embed;
mod embedded;
mod finding;
mod ground;
mod known;
mod library;
mod lint;
mod lock;
mod lower;
mod manifest;
mod manifests;
mod node;
mod outlook;
mod quick;
mod read;
mod renamed;
mod resolve;
mod said;
mod search;
mod select;
mod shelf;
mod step;
mod support;
mod text;

#[cfg(test)]
mod tests;

pub use capability::{Auth, Capabilities, Hook, HookRun, Hooks, InitCommand, Mcp};
pub use check::compatibility;
pub use derive::{Derived, derive};
pub use ground::{GPUS_ELSEWHERE, Ground, Lack, Network, Room, no_gpus};
pub use library::{Catalog, Profile};
pub use lint::lint;
pub use lock::{Lock, LockChange, Locked, Moving, Origin, Pin, Pinned, Relock, Set, origin};
pub use manifest::{
    Category, Compatibility, Configure, Deprecation, GpuNeed, Manifest, Need, Remove, RemoveStep,
    Requirements, Service, SoftDependency, Support, Template, TemplateMode, Upgrade, UpgradeScript,
    Variable, VariableScope,
};
pub use manifests::Manifests;
pub use outlook::{Expected, Install, LeftOut, Outlook};
pub use read::{MANIFEST_FILE, extension_schema, profile_schema};
pub use resolve::{Pick, Resolution, Resolved, Wanted, resolve, today};
pub use search::search;
pub use select::{Incompatible, Selection, select};
pub use shelf::{Folder, Folders, ProfileFile, Shelf};
pub use step::{
    Action, AptRepository, Arch, Check, Checksums, Distro, Download, DownloadSource, Extract,
    RpmPackages, RpmRepository, Step,
};
pub use support::{Totals, Verdict};
