//! The typed resources, and what a change of each of their fields means.

mod attributes;
mod extension;
mod fly;
mod fly_start;
mod machine;
mod outbound;
mod pin;
mod policy;
mod provider_kind;
mod secret;
mod settings;
mod size;
mod spec;
mod volume;

pub use attributes::Attributes;
pub use extension::{ExtensionSpec, UpgradeStrategy};
pub use fly::{
    FLY_REGIONS, FlyAutostop, FlyCpuKind, FlyGuest, FlySettings, FlySizeError, first_fly_region,
    is_in_fly_region, unknown_fly_regions,
};
pub use machine::{MachineSpec, Mount, Power};
pub use outbound::Outbound;
pub use pin::{GpuSpec, GpuVendor, ImageSpec, PullPolicy};
pub use policy::{FieldPolicy, Policy};
pub use provider_kind::ProviderKind;
pub use secret::{FileTarget, SecretSource, SecretSpec};
pub use settings::{
    Dind, DindMode, DockerNetwork, DockerRuntime, DockerSettings, E2bSettings, LocalSettings,
    PortMapping, Protocol, RestartPolicy, Settings, StorageDriver,
};
pub use size::{Size, SizeError};
pub use spec::Spec;
pub use volume::{NetworkSpec, VolumeSpec};
