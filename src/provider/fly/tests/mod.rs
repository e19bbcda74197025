//! The provider against the emulator, over real HTTP.

mod ground;
mod life;
mod many;
mod trouble;
