//! The image: both targets built on a real Engine, pushed to a real registry, and entered with a real
//! ssh client.

#![expect(
    clippy::unwrap_used,
    reason = "what can't go on in a test is a failure of it"
)]

mod baked;
mod built;
mod desk;
mod door;
mod machine;
mod refused;
mod registry;
