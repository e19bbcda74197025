//! A mirror of the tests' own: what GitHub, vendors and registries serve, with failures on demand,
//! by HTTP and HTTPS at one address, and a proxy besides.

mod authority;
mod registry;
mod request;
mod server;
mod upstream;

pub(super) use registry::{DEBIAN, NPM, PYPI, PYPI_FILES};
pub(super) use server::{Fault, Mirror};
