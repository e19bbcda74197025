//! One file a command.

mod acting;
mod adopt;
mod apply;
mod browse;
mod completions;
mod config;
mod connect;
mod deploy;
mod destroy;
mod doctor;
mod drift;
mod editing;
mod extension;
mod force_unlock;
mod graph;
mod import;
mod machine;
mod pace;
mod plan;
mod planning;
mod power;
mod profile;
mod question;
mod rekey;
mod relock;
mod render;
mod saved;
mod show;
mod state;
mod status;
mod version;

pub(super) use adopt::run as adopt;
pub(super) use apply::run as apply;
pub(super) use completions::run as completions;
pub(super) use config::{
    init as config_init, schema as config_schema, show as config_show, validate as config_validate,
};
pub(super) use connect::run as connect;
pub(super) use deploy::run as deploy;
pub(super) use destroy::run as destroy;
pub(super) use doctor::run as doctor;
pub(super) use drift::run as drift;
pub(super) use extension::run as extension;
pub(super) use force_unlock::run as force_unlock;
pub(super) use graph::run as graph;
pub(super) use import::run as import;
pub(super) use plan::run as plan;
pub(super) use power::{start, stop};
pub(super) use profile::run as profile;
pub(super) use rekey::RekeyArgs;
pub(super) use render::run as render;
pub(super) use show::run as show;
pub(super) use state::{refresh, run as state, taint, untaint};
pub(super) use status::run as status;
pub(super) use version::run as version;
