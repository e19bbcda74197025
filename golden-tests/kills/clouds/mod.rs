//! A cloud, and every call to it going wrong in every way.

mod e2b;
mod fault;
mod fly;
mod gate;
mod life;
mod matrix;
