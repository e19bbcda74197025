//! What this host can and can't do.

use crate::plan::Capabilities;

/// What the `local` provider can and can't do; known without asking.
pub const CAPABILITIES: Capabilities = Capabilities {
    in_place: &[
        "cpus",
        "memory",
        "mounts",
        "power",
        "size",
        "local.hostPackages",
    ],
    create_before_destroy: false,
    not_enforced: &[
        (
            "cpus",
            "processes of a `local` machine use every processor of this host",
        ),
        (
            "memory",
            "processes of a `local` machine share the memory of this host",
        ),
        (
            "gpu",
            "processes of a `local` machine see every GPU of this host",
        ),
        (
            "size",
            "a `local` volume is a directory and grows as far as the disk does",
        ),
    ],
};
