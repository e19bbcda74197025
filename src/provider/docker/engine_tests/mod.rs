//! Tests on a real Engine. Where there is none they fail: what they prove can't be proved without.

mod inside;
mod life;
mod pull;
mod strangers;
mod takeover;
mod trouble;
mod world;
