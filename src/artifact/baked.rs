//! The configuration by which extensions are installed while an image is built.

use std::sync::Arc;

use crate::config::{
    Config, Extensions, Lifecycle, Machine, OnIncompatible, ProviderSettings, Transitions,
};
use crate::resource::{LocalSettings, ProviderKind};

/// A machine of a configuration as one on `local` that is the whole host: what an image is while it
/// is built.
///
/// What the machine has elsewhere and an image can't have (volumes, secrets, GPUs) is left out, as is
/// what can't be installed on `local`.
pub fn baked(config: &Config, machine: &Machine) -> Config {
    let inside = Machine {
        name: machine.name.clone(),
        real_name: machine.name.to_string(),
        provider: ProviderKind::Local,
        distro: machine.distro,
        image: None,
        build: None,
        cpus: None,
        memory: None,
        gpu: None,
        volumes: Arc::default(),
        extensions: Arc::new(Extensions {
            auto_install: true,
            on_incompatible: OnIncompatible::Skip,
            ..(*machine.extensions).clone()
        }),
        secrets: Arc::default(),
        settings: Arc::new(ProviderSettings::Local(LocalSettings {
            host_packages: true,
            whole_host: true,
        })),
        lifecycle: Lifecycle::default(),
        stands_by: None,
        depends_on: Arc::default(),
        ca_certificates: Arc::clone(&machine.ca_certificates),
        outbound: Arc::clone(&machine.outbound),
        place: None,
    };
    Config {
        name: machine.name.clone(),
        name_place: None,
        version: config.version,
        machines: vec![inside],
        local_cluster: None,
        state: None,
        key_file: None,
        transitions: Transitions::default(),
        source: config.source.clone(),
    }
}
