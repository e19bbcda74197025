//! `providers.k8s`: a local cluster, made for tests and trials.

use super::scalar::{At, Loose, Port, Whole};
use super::section::section;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::{LocalCluster, LocalClusterKind, LocalRegistry};

section! {
    /// A local Kubernetes cluster for tests and trials.
    Cluster in "providers.k8s" {
        /// What makes it.
        "provider" => provider: LocalClusterKind = LocalClusterKind::default();
        /// Its name.
        "clusterName" => name: String = "sindri-local".to_owned();
        /// The Kubernetes version, such as `v1.31.0`; the tool's default where absent.
        "version" => version: Option<Loose> = None;
        /// How many nodes.
        "nodes" => nodes: Whole<1, 10> = Whole(1);
        /// What only kind knows.
        "kind" => kind: Option<KindFields> = None;
        /// What only k3d knows.
        "k3d" => k3d: Option<K3dFields> = None;
    }
}

section! {
    /// What only kind knows.
    KindFields in "providers.k8s.kind" {
        /// The node image.
        "image" => image: Option<String> = None;
        /// A configuration file of kind's own, relative to this file.
        "configFile" => config_file: Option<String> = None;
    }
}

section! {
    /// What only k3d knows.
    K3dFields in "providers.k8s.k3d" {
        /// The node image.
        "image" => image: Option<String> = None;
        /// A registry beside the cluster.
        "registry" => registry: Option<At<RegistryFields>> = None;
    }
}

section! {
    /// A registry beside the cluster.
    RegistryFields in "providers.k8s.k3d.registry" {
        /// Whether there is one; without `true` the other fields have no effect.
        "enabled" => enabled: Option<bool> = None;
        /// Its name.
        "name" => name: String = "k3d-registry".to_owned();
        /// The host's port.
        "port" => port: Port<1> = Port(5000);
    }
}

impl Cluster {
    /// What the section means.
    pub(super) fn settle(self, reading: &mut Reading<'_>) -> LocalCluster {
        let (kind, k3d) = (self.kind, self.k3d);
        let (image, config_file, registry) = match self.provider {
            LocalClusterKind::Kind => {
                let kind = kind.map(|kind| (kind.image, kind.config_file));
                let (image, config_file) = kind.unwrap_or_default();
                (image, config_file, None)
            }
            LocalClusterKind::K3d => {
                let k3d = k3d.map(|k3d| (k3d.image, k3d.registry));
                let (image, registry) = k3d.unwrap_or_default();
                if let Some(At { value, span }) = &registry
                    && value.enabled.is_none()
                {
                    let summary = "`registry` has no effect without `enabled: true`";
                    reading.warning(*span, code::NO_EFFECT, summary, "add `enabled: true`");
                }
                let registry = registry
                    .filter(|at| at.value.enabled.unwrap_or(false))
                    .map(|at| LocalRegistry {
                        name: at.value.name,
                        port: at.value.port.0,
                    });
                (image, None, registry)
            }
        };
        LocalCluster {
            provider: self.provider,
            cluster_name: self.name,
            version: self.version.map(|version| version.0),
            nodes: self.nodes.0,
            image,
            config_file,
            registry,
        }
    }
}
