//! What an apply promises, over random projects and a scripted world that misbehaves.

mod converge;
mod crash;
mod ground;
mod lifecycle;
mod lost;
mod misbehave;
mod reachable;
