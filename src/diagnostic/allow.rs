//! The one table of findings that a person may overrule.

/// The codes that `--allow` knows, sorted.
pub const ALLOWABLE: [&str; 6] = [
    "catalog::gpu-needed",
    "catalog::incompatible",
    "docker::gpu-runtime-missing",
    "image::unverified",
    "install::needs-host-packages",
    "local::no-gpu",
];
