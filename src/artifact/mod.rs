//! Files for other tools, made of what is wanted: pure, from values to text.

mod apply_inside;
mod baked;
mod devcontainer;
#[cfg(test)]
mod devcontainer_tests;
mod error;
mod fly;
#[cfg(test)]
mod fly_tests;
mod mark;
mod shell;

pub use apply_inside::ApplyInside;
pub use baked::baked;
pub use devcontainer::{Base, devcontainer, origin_of_devcontainer};
pub use error::ArtifactError;
pub use fly::{fly_toml, origin_of_fly_toml};
pub use mark::{Artifact, Origin};
pub use shell::word as shell_word;
