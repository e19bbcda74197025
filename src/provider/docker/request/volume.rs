//! The requests that make volumes.

use bollard::models::VolumeCreateRequest;

use crate::provider::CreateRequest;
use crate::provider::docker::label;
use crate::resource::VolumeSpec;

/// A volume that belongs to one machine alone: made and deleted with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider::docker) enum Part {
    /// The machine's secrets, which outlive a restart as a tmpfs would not.
    Secrets,
    /// The images of an Engine inside the machine.
    Engine,
}

impl Part {
    /// All of them.
    pub(in crate::provider::docker) const ALL: [Self; 2] = [Self::Secrets, Self::Engine];

    /// The word its label and its volume's name carry.
    pub(in crate::provider::docker) fn as_str(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Engine => "engine",
        }
    }

    /// The real name of a machine's part.
    pub(in crate::provider::docker) fn volume_of(self, machine: &str) -> String {
        format!("{machine}-{}", self.as_str())
    }

    /// Where it appears in the machine.
    pub(in crate::provider::docker) fn path(self) -> &'static str {
        match self {
            Self::Secrets => "/run/secrets",
            Self::Engine => "/var/lib/docker",
        }
    }
}

/// The body that makes a volume.
pub(in crate::provider::docker) fn body(
    request: &CreateRequest,
    volume: &VolumeSpec,
) -> VolumeCreateRequest {
    VolumeCreateRequest {
        name: Some(volume.name.clone()),
        driver: Some("local".to_owned()),
        labels: Some(label::of(request)),
        ..Default::default()
    }
}

/// The body that makes a volume for the requested machine alone.
pub(in crate::provider::docker) fn part_body(
    request: &CreateRequest,
    machine: &str,
    part: Part,
) -> VolumeCreateRequest {
    VolumeCreateRequest {
        name: Some(part.volume_of(machine)),
        driver: Some("local".to_owned()),
        labels: Some(label::of_part(request, part.as_str())),
        ..Default::default()
    }
}
