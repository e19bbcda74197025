//! The provider against the emulator, over real HTTP.

mod awake;
mod ground;
mod life;
mod many;
mod trouble;
