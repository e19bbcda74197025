//! Sindri: a declarative plan/apply engine for development environments.
//!
//! The rooms follow the pipeline: `config` and `catalog` say what is *desired*, `state` what was
//! *recorded*, a `provider` what is *observed*; `plan` compares the three, `engine` applies the
//! plan and nothing else. `docs/architecture.md` shows the house.

pub mod address;
pub mod artifact;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod cost;
pub mod desired;
pub mod diagnostic;
pub mod digest;
pub mod doctor;
pub mod engine;
pub mod install;
pub mod plan;
pub mod provider;
pub mod render;
pub mod resource;
pub mod seal;
pub mod secret;
pub mod state;
pub mod store;
pub mod sys;
