//! What was typed: the fields of a `sindri.yaml`, section by section.

mod cloud;
mod cluster;
mod deployment;
mod devpod;
mod docker;
mod encryption;
mod extensions;
mod file;
mod name;
mod network;
mod path;
mod providers;
mod rented;
mod scalar;
mod secret;
mod section;
mod state;
mod transition;
mod volume;
mod word;

pub(super) use deployment::{Deployment, GpuFields, ImageFields};
pub(super) use file::{EntryFields, SharedFields, Top};
pub(super) use name::{LabelName, parse as parse_name};
pub(super) use path::{path_error, path_problem};
pub(super) use providers::{Choice, Providers};
pub(super) use scalar::{At, wrong};
pub(super) use section::{Definitions, Typed, check, check_top, object, shorten};
pub(super) use state::StateFields;
pub(super) use transition::{ImportFields, MovedFields, RemovedFields};
pub(super) use volume::Volumes;
