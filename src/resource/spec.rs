//! A resource's specification, whatever its kind.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Attributes, ExtensionSpec, GpuSpec, ImageSpec, MachineSpec, NetworkSpec, Policy, ProviderKind,
    SecretSpec, VolumeSpec,
};
use crate::address::{Kind, Name, NameRule};

/// What is wanted of one resource, or was wanted when it was last made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Spec {
    /// A network.
    Network(NetworkSpec),
    /// An image pin.
    Image(ImageSpec),
    /// A GPU pin.
    Gpu(GpuSpec),
    /// A volume.
    Volume(VolumeSpec),
    /// A machine.
    Machine(Box<MachineSpec>),
    /// A secret's delivery.
    Secret(SecretSpec),
    /// An extension.
    Extension(ExtensionSpec),
}

impl Spec {
    /// The version of the specification's own schema, recorded with each object.
    pub const SCHEMA: u32 = 1;

    /// The kind of resource it specifies.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Network(_) => Kind::Network,
            Self::Image(_) => Kind::Image,
            Self::Gpu(_) => Kind::Gpu,
            Self::Volume(_) => Kind::Volume,
            Self::Machine(_) => Kind::Machine,
            Self::Secret(_) => Kind::Secret,
            Self::Extension(_) => Kind::Extension,
        }
    }

    /// The specification of an extension, where it is one's.
    pub fn extension(&self) -> Option<&ExtensionSpec> {
        match self {
            Self::Extension(spec) => Some(spec),
            Self::Network(_)
            | Self::Image(_)
            | Self::Gpu(_)
            | Self::Volume(_)
            | Self::Machine(_)
            | Self::Secret(_) => None,
        }
    }

    /// The provider, where the resource names one itself; what lives inside a machine doesn't.
    pub fn provider(&self) -> Option<ProviderKind> {
        match self {
            Self::Network(s) => Some(s.provider),
            Self::Image(s) => Some(s.provider),
            Self::Gpu(s) => Some(s.provider),
            Self::Volume(s) => Some(s.provider),
            Self::Machine(s) => Some(s.provider),
            Self::Secret(_) | Self::Extension(_) => None,
        }
    }

    /// The specification flattened to paths and values.
    pub fn attributes(&self) -> Attributes {
        // Serialising plain structs with text keys can't fail; an empty object would only show
        // every field as unset.
        let value = match self {
            Self::Network(s) => serde_json::to_value(s),
            Self::Image(s) => serde_json::to_value(s),
            Self::Gpu(s) => serde_json::to_value(s),
            Self::Volume(s) => serde_json::to_value(s),
            Self::Machine(s) => serde_json::to_value(s).map(|mut value| {
                lift_settings(&mut value);
                value
            }),
            Self::Secret(s) => serde_json::to_value(s),
            Self::Extension(s) => serde_json::to_value(s),
        };
        Attributes::flatten(
            value.unwrap_or_default(),
            &["local", "docker", "e2b", "fly"],
        )
    }

    /// The same with another value of the field at a path, null to unset it; none where the field
    /// can't have this value.
    pub fn with(&self, path: &str, value: &serde_json::Value) -> Option<Self> {
        let mut whole = serde_json::to_value(self).ok()?;
        let fields = whole
            .as_object_mut()?
            .values_mut()
            .next()?
            .as_object_mut()?;
        let (fields, name) = match path.split_once('.') {
            None => (fields, path),
            Some((group, inner)) => {
                let settings = fields.get_mut("settings")?.as_object_mut()?;
                (settings.get_mut(group)?.as_object_mut()?, inner)
            }
        };
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.to_owned(), value.clone());
        }
        serde_json::from_value(whole).ok()
    }

    /// What a change of the field at a path means.
    pub fn policy(&self, path: &str) -> Policy {
        let table = match self {
            Self::Network(_) => NetworkSpec::POLICIES,
            Self::Image(_) => ImageSpec::POLICIES,
            Self::Gpu(_) => GpuSpec::POLICIES,
            Self::Volume(_) => VolumeSpec::POLICIES,
            Self::Machine(_) => MachineSpec::POLICIES,
            Self::Secret(_) => SecretSpec::POLICIES,
            Self::Extension(_) => ExtensionSpec::POLICIES,
        };
        let found = match (self, path.split_once('.')) {
            (Self::Machine(machine), Some((_, inner))) => machine
                .settings
                .policies()
                .iter()
                .find(|field| field.path == inner),
            _ => table.iter().find(|field| field.path == path),
        };
        // A path of another provider's settings can only appear with a change of provider.
        found.map_or(Policy::Replace, |field| field.policy)
    }
}

/// Moves `settings: {docker: {…}}` up to `docker: {…}`, so that paths read as in `sindri.yaml`.
fn lift_settings(value: &mut serde_json::Value) {
    if let Some(members) = value.as_object_mut()
        && let Some(serde_json::Value::Object(settings)) = members.remove("settings")
    {
        members.extend(settings);
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D, rule: NameRule) -> Result<Name, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    Name::parse(rule, &text).map_err(serde::de::Error::custom)
}

pub(super) fn volume_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    name(deserializer, NameRule::Volume)
}

pub(super) fn scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Name>, D::Error> {
    name(deserializer, NameRule::Label).map(Some)
}

pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Name>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts
        .iter()
        .map(|text| Name::parse(NameRule::Extension, text).map_err(serde::de::Error::custom))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{DockerSettings, Power, Settings, Size};

    fn machine() -> Spec {
        Spec::Machine(Box::new(MachineSpec {
            provider: ProviderKind::Docker,
            name: "dev".into(),
            image: Some("debian:12".into()),
            cpus: Some(2),
            memory: Some(Size::gib(4)),
            gpu: None,
            network: None,
            mounts: Vec::new(),
            power: Power::Running,
            settings: Settings::Docker(DockerSettings::default()),
        }))
    }

    #[test]
    fn a_machine_flattens_to_the_paths_of_its_file() {
        let attributes = machine().attributes();
        assert_eq!(attributes.get("memory").unwrap(), "4GB");
        assert_eq!(attributes.get("docker.restart").unwrap(), "unless-stopped");
        assert!(attributes.get("gpu").is_none());
    }

    #[test]
    fn every_attribute_has_a_policy_of_its_own() {
        let spec = machine();
        assert_eq!(spec.policy("memory"), Policy::WhereAble);
        assert_eq!(spec.policy("docker.restart"), Policy::InPlace);
        assert_eq!(spec.policy("docker.ports"), Policy::Replace);
    }

    #[test]
    fn every_field_can_be_set_to_what_it_has_and_no_field_to_nonsense() {
        let spec = machine();
        for (path, value) in spec.attributes().0 {
            assert_eq!(spec.with(&path, &value).as_ref(), Some(&spec), "{path}");
        }
        let more = spec.with("memory", &"8GB".into()).unwrap();
        assert_eq!(more.attributes().get("memory").unwrap(), "8GB");
        let always = spec.with("docker.restart", &"always".into()).unwrap();
        assert_eq!(always.attributes().get("docker.restart").unwrap(), "always");
        let unset = spec.with("memory", &serde_json::Value::Null).unwrap();
        assert!(unset.attributes().get("memory").is_none());
        assert!(spec.with("memory", &"plenty".into()).is_none());
        assert!(spec.with("local.hostPackages", &true.into()).is_none());
    }

    #[test]
    fn a_spec_survives_its_json() {
        let spec = machine();
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&text).unwrap(), spec);
    }
}
