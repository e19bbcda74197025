//! Networks: made once for a state, deleted when nothing is in them.

use bollard::models::Network;
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::classify::{ACTING, Effect, LOOKING, optional, within};
use super::label::{self, Claim};
use super::{Docker, ownership, request};
use crate::diagnostic::Code;
use crate::provider::{Class, CreateRequest, DeleteRequest, Made, ProviderError};
use crate::resource::{Attributes, NetworkSpec};
use crate::state::ObjectId;

/// Makes the network, or finds the one this operation made already.
///
/// An Engine accepts several networks of one name, so names are looked up before.
pub(super) async fn create(
    docker: &Docker,
    wanted: &CreateRequest,
    network: &NetworkSpec,
) -> Result<Made, ProviderError> {
    if let Some(id) = standing(docker, wanted, &network.name).await? {
        return Ok(made(&id));
    }
    let client = docker.client().await?;
    let body = request::network::body(wanted, network);
    let making = within(
        Effect::Acts,
        "make a network",
        ACTING,
        client.create_network(body),
    );
    match making.await {
        Ok(answer) => Ok(made(&answer.id)),
        Err(error) => match standing(docker, wanted, &network.name).await {
            Ok(Some(id)) => Ok(made(&id)),
            Ok(None) if error.code.as_str() == "docker::engine-error" => {
                Err(ownership::settled(error))
            }
            Ok(None) | Err(_) => Err(error),
        },
    }
}

/// The network of this name, if this operation made it; anybody else's is an error.
async fn standing(
    docker: &Docker,
    wanted: &CreateRequest,
    name: &str,
) -> Result<Option<String>, ProviderError> {
    let client = docker.client().await?;
    let filters = std::collections::HashMap::from([("name", vec![name.to_owned()])]);
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let listing = client.list_networks(Some(options));
    let networks = within(Effect::Reads, "list networks", LOOKING, listing).await?;
    // The filter matches parts of names.
    let same: Vec<&Network> = networks
        .iter()
        .filter(|network| network.name.as_deref() == Some(name))
        .collect();
    let claims = |network: &Network| label::claim(network.labels.as_ref(), wanted);
    if let Some(ours) = same.iter().find(|n| claims(n) == Claim::Operation) {
        return Ok(ours.id.clone());
    }
    match same.first() {
        Some(taken) => Err(ownership::taken("network", name, claims(taken))),
        None => Ok(None),
    }
}

fn made(id: &str) -> Made {
    Made {
        id: ObjectId::new(id),
        attributes: Attributes::default(),
        incarnation: None,
    }
}

/// Deletes the network; one that is gone already is a success.
pub(super) async fn delete(docker: &Docker, unwanted: &DeleteRequest) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let id = unwanted.current.id.as_str();
    let look = client.inspect_network(id, None);
    let Some(seen) = optional(within(Effect::Reads, "look at a network", LOOKING, look).await)?
    else {
        return Ok(());
    };
    ownership::may_touch(seen.labels.as_ref(), &unwanted.lineage, "network", id)?;
    let inside: Vec<&str> = seen
        .containers
        .iter()
        .flatten()
        .filter_map(|(_, endpoint)| endpoint.name.as_deref())
        .collect();
    if !inside.is_empty() {
        return Err(in_use(seen.name.as_deref().unwrap_or(id), &inside));
    }
    let removing = client.remove_network(id);
    optional(within(Effect::Acts, "delete a network", ACTING, removing).await).map(|_| ())
}

fn in_use(network: &str, inside: &[&str]) -> ProviderError {
    let mut inside = inside.to_vec();
    inside.sort_unstable();
    ProviderError::new(
        Class::Conflict,
        Code::new("docker::network-in-use"),
        format!(
            "the network `{network}` still connects {}",
            inside.join(", ")
        ),
    )
    .help(format!(
        "take them out with `docker network disconnect {network} CONTAINER`, or remove them"
    ))
}
