//! The one table of findings that a person may overrule.

/// The codes that `--allow` knows, sorted.
pub const ALLOWABLE: [&str; 12] = [
    "catalog::arch-unsupported",
    "catalog::distro-unsupported",
    "catalog::domain-blocked",
    "catalog::gpu-needed",
    "catalog::incompatible",
    "catalog::need-unmet",
    "catalog::tool-not-chosen",
    "docker::gpu-runtime-missing",
    "image::unverified",
    "install::needs-host-packages",
    "local::no-gpu",
    "provider::no-gpu",
];
