//! What an Engine holds, one list call a kind.

use bollard::models::{ContainerSummary, ImageSummary, Network, Volume};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder,
};

use super::classify::{Effect, LOOKING, within};
use super::{Docker, label};
use crate::address::Kind;
use crate::provider::ProviderError;
use crate::state::Lineage;

/// What an Engine holds of the kinds that were asked about.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Containers, running or not.
    pub(super) containers: Vec<ContainerSummary>,
    /// Networks.
    pub(super) networks: Vec<Network>,
    /// Volumes.
    pub(super) volumes: Vec<Volume>,
    /// Images.
    pub(super) images: Vec<ImageSummary>,
}

/// Lists the kinds asked about, all at once: a lineage's own, or everything.
pub(super) async fn list(
    docker: &Docker,
    asked: &(dyn Fn(Kind) -> bool + Sync),
    of: Option<&Lineage>,
) -> Result<Listing, ProviderError> {
    let filters = of.map(label::of_lineage).unwrap_or_default();
    let client = docker.client().await?;
    let containers = async {
        if !asked(Kind::Machine) {
            return Ok(Vec::new());
        }
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let call = client.list_containers(Some(options));
        within(Effect::Reads, "list containers", LOOKING, call).await
    };
    let networks = async {
        // A machine's endpoints are told apart by their networks.
        if !asked(Kind::Network) && !asked(Kind::Machine) {
            return Ok(Vec::new());
        }
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let call = client.list_networks(Some(options));
        within(Effect::Reads, "list networks", LOOKING, call).await
    };
    let volumes = async {
        // A machine has volumes of its own, whose names a stranger may have taken.
        let own = of.is_none() && asked(Kind::Machine);
        if !asked(Kind::Volume) && !own {
            return Ok(Vec::new());
        }
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let call = client.list_volumes(Some(options));
        let answer = within(Effect::Reads, "list volumes", LOOKING, call).await?;
        Ok(answer.volumes.unwrap_or_default())
    };
    let images = async {
        if !asked(Kind::Image) {
            return Ok(Vec::new());
        }
        let options = ListImagesOptionsBuilder::new().digests(true).build();
        let call = client.list_images(Some(options));
        within(Effect::Reads, "list images", LOOKING, call).await
    };
    let (containers, networks, volumes, images) =
        tokio::try_join!(containers, networks, volumes, images)?;
    Ok(Listing {
        containers,
        networks,
        volumes,
        images,
    })
}
