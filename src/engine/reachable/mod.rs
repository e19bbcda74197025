//! Whether the hosts that extensions are installed from can be reached: from here, and from machines
//! that run.

mod here;
mod inside;
mod limit;
mod needed;

pub use here::probe_hosts;
pub use inside::probe_machines;
pub use needed::{Needed, hosts_needed};

/// Where GitHub is asked how often it may still be asked.
pub const GITHUB_API: &str = "https://api.github.com";
