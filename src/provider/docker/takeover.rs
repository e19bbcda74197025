//! Taking over: only what carries our labels, since an Engine adds none to what stands.

use std::collections::HashMap;

use super::classify::{Effect, LOOKING, optional, within};
use super::listing::list;
use super::{Docker, container, label, observe};
use crate::address::Kind;
use crate::diagnostic::Code;
use crate::plan::{Observation, Seen};
use crate::provider::{Class, Made, Owned, ProviderError, Query, Question, Sought, TakeRequest};
use crate::resource::Attributes;
use crate::state::{Lineage, ObjectId};

type Labels = HashMap<String, String>;

/// Looks at what a person named; only an object that carries this lineage will do.
pub(super) async fn find(docker: &Docker, sought: &Sought) -> Result<Seen, ProviderError> {
    let (id, labels) = whole(docker, sought).await?;
    let kind = sought.address.kind().as_str();
    match labels.get(label::LINEAGE) {
        Some(lineage) if lineage == sought.lineage.as_str() => {}
        Some(lineage) => {
            return Err(ProviderError::new(
                Class::Conflict,
                Code::new("docker::not-ours"),
                format!(
                    "`{}` belongs to another state, of lineage {lineage}",
                    sought.id
                ),
            )
            .help("it is left alone; destroy it from the project it belongs to"));
        }
        None => return Err(unlabelled(kind, sought)),
    }
    let query = Query {
        lineage: sought.lineage.clone(),
        questions: vec![Question {
            address: sought.address.clone(),
            spec: sought.spec.clone(),
            id: Some(id),
            made_at: None,
            wanted: true,
        }],
    };
    let mut seen = observe::observe(docker, &query).await?;
    match seen.remove(&sought.address) {
        Some(Observation::Present(seen)) => Ok(*seen),
        Some(Observation::Unreadable(why)) => Err(ProviderError::new(
            Class::Failed,
            Code::new("docker::unreadable"),
            why,
        )),
        Some(Observation::Absent | Observation::Ended(_)) | None => Err(absent(kind, sought)),
    }
}

/// Takes it over: it carries our labels, so there is nothing to write.
pub(super) async fn take(docker: &Docker, request: &TakeRequest) -> Result<Made, ProviderError> {
    let seen = find(docker, &request.sought()).await?;
    let mut attributes = Attributes::default();
    if let Some(image) = seen.outputs.get("imageId") {
        attributes.set("imageId", image.clone());
    }
    Ok(Made {
        id: seen.id,
        attributes,
        incarnation: seen.incarnation,
    })
}

/// Everything that carries a lineage, but for the parts of machines.
pub(super) async fn owned(docker: &Docker, lineage: &Lineage) -> Result<Vec<Owned>, ProviderError> {
    let asked = |kind| matches!(kind, Kind::Network | Kind::Volume | Kind::Machine);
    let listing = list(docker, &asked, Some(lineage)).await?;
    let read = |id: Option<&String>, labels: Option<&Labels>| {
        let labels = labels.filter(|labels| !labels.contains_key(label::PART))?;
        Some(Owned {
            address: labels.get(label::ADDRESS)?.parse().ok()?,
            id: ObjectId::new(id?),
        })
    };
    let networks = listing.networks.iter();
    let networks = networks.map(|one| read(one.id.as_ref(), one.labels.as_ref()));
    let volumes = listing.volumes.iter();
    let volumes = volumes.map(|one| read(Some(&one.name), Some(&one.labels)));
    let containers = listing.containers.iter();
    let containers = containers.map(|one| read(one.id.as_ref(), one.labels.as_ref()));
    Ok(networks
        .chain(volumes)
        .chain(containers)
        .flatten()
        .collect())
}

/// The whole id and the labels of what a person named, by id or by name.
async fn whole(docker: &Docker, sought: &Sought) -> Result<(ObjectId, Labels), ProviderError> {
    let name = sought.id.as_str();
    let client = docker.client().await?;
    let found = match sought.address.kind() {
        Kind::Machine => container::look(docker, name).await?.map(|seen| {
            let labels = seen.config.and_then(|config| config.labels);
            (seen.id, labels)
        }),
        Kind::Network => {
            let looking = client.inspect_network(name, None);
            let looking = within(Effect::Reads, "look at a network", LOOKING, looking);
            optional(looking.await)?.map(|seen| (seen.id, seen.labels))
        }
        Kind::Volume => {
            let looking = client.inspect_volume(name);
            let looking = within(Effect::Reads, "look at a volume", LOOKING, looking);
            optional(looking.await)?.map(|seen| (Some(seen.name), Some(seen.labels)))
        }
        Kind::Image | Kind::Gpu | Kind::Secret | Kind::Extension => None,
    };
    let kind = sought.address.kind().as_str();
    let (id, labels) = found.ok_or_else(|| absent(kind, sought))?;
    let id = id.ok_or_else(|| absent(kind, sought))?;
    Ok((ObjectId::new(&id), labels.unwrap_or_default()))
}

fn absent(kind: &str, sought: &Sought) -> ProviderError {
    ProviderError::new(
        Class::NotFound,
        Code::new("docker::not-found"),
        format!("there is no {kind} `{}` on this Engine", sought.id),
    )
    .help("`sindri adopt` lists what belongs to this state")
}

/// Why a stranger's object can't be taken over, and what to do instead.
fn unlabelled(kind: &str, sought: &Sought) -> ProviderError {
    let instead = match sought.address.kind() {
        Kind::Volume => {
            "let sindri make a volume, then copy the content: `docker run --rm -v OLD:/from -v \
             NEW:/to debian cp -a /from/. /to`"
        }
        Kind::Machine => {
            "let sindri make a machine, then copy what matters with `docker cp`; an image of the \
             old one (`docker commit`) can be its `image`"
        }
        Kind::Network | Kind::Image | Kind::Gpu | Kind::Secret | Kind::Extension => {
            "let sindri make a network of its own"
        }
    };
    ProviderError::new(
        Class::Invalid,
        Code::new("docker::unlabelled"),
        format!(
            "the {kind} `{}` wasn't made by sindri, and an Engine can't label what stands: after a \
             lost state nothing would tell whose it is",
            sought.id
        ),
    )
    .help(instead)
}
