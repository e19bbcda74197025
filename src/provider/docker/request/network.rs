//! The request that makes a network.

use bollard::models::NetworkCreateRequest;

use crate::provider::CreateRequest;
use crate::provider::docker::label;
use crate::resource::NetworkSpec;

/// The body that makes a bridge network of the state's own.
pub(in crate::provider::docker) fn body(
    request: &CreateRequest,
    network: &NetworkSpec,
) -> NetworkCreateRequest {
    NetworkCreateRequest {
        name: network.name.clone(),
        driver: Some("bridge".to_owned()),
        labels: Some(label::of(request)),
        ..Default::default()
    }
}
