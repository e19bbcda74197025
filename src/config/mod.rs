//! `sindri.yaml`: what was typed, and what it means; the only reader of it.

mod cloud;
mod code;
mod devpod;
mod edit;
mod fleet;
mod image;
mod machine;
mod model;
mod parse;
mod ports;
mod read;
mod reading;
mod reference;
mod schema;
mod show;
mod standby;
mod template;
mod transition;
mod tree;
mod typed;

pub use cloud::{
    AutoScaling, CloudType, CpuKind, E2bSettings, FlySettings, HealthCheck, HealthProbe, Ingress,
    KubernetesSettings, NorthflankPort, NorthflankProtocol, NorthflankSettings, RunpodSettings,
};
pub use devpod::{
    DevpodAws, DevpodAzure, DevpodBackend, DevpodDigitalOcean, DevpodDocker, DevpodGcp,
    DevpodKubernetes, DevpodSettings, DevpodSsh, GcpDisk,
};
pub use edit::{Asking, Edited, EditedEntry, Scope, Wish, edit};
pub use machine::HOME;
pub use model::{
    Build, ChosenTool, Config, Distro, ExtensionRef, Extensions, Gpu, GpuTier, Image, ImageChoice,
    ImageStrategy, Lifecycle, LocalCluster, LocalClusterKind, LocalRegistry, Machine, MachineSize,
    ObjectProtocol, OnIncompatible, ProviderSettings, Secret, StateStore, Verification, Version,
    Volume,
};
pub use parse::SIZE_MAX;
pub use read::{Overrides, read, read_bytes, read_key_file, read_state};
pub use reference::reference;
pub use schema::schema;
pub use show::{show, show_yaml};
pub use template::{TemplateOptions, template};
pub use transition::{Import, Moved, Removed, Transitions};

#[cfg(test)]
mod tests;
