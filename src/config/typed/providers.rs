//! `providers`: what only one provider knows, for each of them.

use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value as Json;

use super::cloud::{E2b, Fly, Kubernetes};
use super::cluster::Cluster;
use super::devpod::Devpod;
use super::docker::{Docker, Local};
use super::rented::{Northflank, Runpod};
use super::section::{Definitions, Typed, section};
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span};
use crate::config::{LocalCluster, ProviderSettings};
use crate::resource::ProviderKind;

section! {
    /// What only one provider knows; the sections of providers that aren't used are checked too.
    Providers in "providers" {
        /// This host.
        "local" => local: Option<Arc<Of<Local>>> = None;
        /// A Docker Engine.
        "docker" => docker: Option<Arc<Of<Docker>>> = None;
        /// Fly.io.
        "fly" => fly: Option<Arc<Of<Fly>>> = None;
        /// A Kubernetes cluster.
        "kubernetes" => kubernetes: Option<Arc<Of<Kubernetes>>> = None;
        /// E2B sandboxes.
        "e2b" => e2b: Option<Arc<Of<E2b>>> = None;
        /// DevPod workspaces.
        "devpod" => devpod: Option<Arc<Of<Devpod>>> = None;
        /// RunPod pods.
        "runpod" => runpod: Option<Arc<Of<Runpod>>> = None;
        /// Northflank services.
        "northflank" => northflank: Option<Arc<Of<Northflank>>> = None;
        /// A local Kubernetes cluster for tests and trials.
        "k8s" => k8s: Option<Arc<ClusterOf>> = None;
    }
}

impl Providers {
    /// What is written for a provider, else its defaults as `empty` gives them.
    pub(in crate::config) fn choose(
        &self,
        kind: ProviderKind,
        empty: &Arc<Node>,
        reading: &mut Reading<'_>,
    ) -> Option<Choice> {
        fn pick<T: Settle + 'static>(
            written: Option<&Arc<Of<T>>>,
            empty: &Arc<Node>,
            reading: &mut Reading<'_>,
        ) -> Option<Choice> {
            match written {
                Some(of) => of.choice.clone(),
                None => Arc::<Of<T>>::decode(empty, reading)?.choice.clone(),
            }
        }
        match kind {
            ProviderKind::Local => pick(self.local.as_ref(), empty, reading),
            ProviderKind::Docker => pick(self.docker.as_ref(), empty, reading),
            ProviderKind::Fly => pick(self.fly.as_ref(), empty, reading),
            ProviderKind::Kubernetes => pick(self.kubernetes.as_ref(), empty, reading),
            ProviderKind::E2b => pick(self.e2b.as_ref(), empty, reading),
            ProviderKind::Devpod => pick(self.devpod.as_ref(), empty, reading),
            ProviderKind::Runpod => pick(self.runpod.as_ref(), empty, reading),
            ProviderKind::Northflank => pick(self.northflank.as_ref(), empty, reading),
        }
    }
}

/// A provider's settings, and the GPU they ask for by the provider's own name.
#[derive(Clone, Debug)]
pub(in crate::config) struct Choice {
    pub(in crate::config) settings: Arc<ProviderSettings>,
    pub(in crate::config) gpu: Option<GpuChoice>,
}

impl Choice {
    pub(super) fn of(settings: ProviderSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            gpu: None,
        }
    }
}

/// A GPU kind written explicitly.
#[derive(Clone, Debug)]
pub(in crate::config) struct GpuChoice {
    pub(in crate::config) kind: String,
    pub(in crate::config) count: Option<u32>,
    pub(in crate::config) span: Span,
}

/// A section that becomes the settings of a provider.
pub(in crate::config) trait Settle: Typed {
    /// What the section means; none once what is wrong was reported.
    fn settle(self, reading: &mut Reading<'_>) -> Option<Choice>;
}

/// A provider's section, settled; it was written even where nothing could be made of it.
#[derive(Debug)]
pub(in crate::config) struct Of<T> {
    choice: Option<Choice>,
    section: PhantomData<T>,
}

impl<T: Settle> Typed for Of<T> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let section = T::decode(node, reading);
        Some(Self {
            choice: section.and_then(|section| section.settle(reading)),
            section: PhantomData,
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }
}

/// The local cluster, settled.
#[derive(Debug)]
pub(in crate::config) struct ClusterOf(pub(in crate::config) LocalCluster);

impl Typed for ClusterOf {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let section = Cluster::decode(node, reading)?;
        Some(Self(section.settle(reading)))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        Cluster::schema(definitions)
    }
}
