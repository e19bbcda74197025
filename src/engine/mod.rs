//! Refresh, plan, apply, recover: the only room that holds a store, a provider and a plan at once.

mod apply;
mod baking;
mod deep;
mod doors;
mod edit;
mod event;
mod ground;
mod imports;
mod lockfile;
mod moved;
mod outbound;
mod project;
mod providers;
mod reachable;
mod recover;
mod refresh;
mod refreshed;
mod renamed;
mod resolver;
mod secrets;
mod shelf;
mod stale;
mod survey;
#[cfg(test)]
mod tests;

pub use apply::{Apply, ApplyError, Context, Journal, Stop, apply, conclude};
pub use baking::{Baking, baking};
pub use doors::doors;
pub use edit::{EditRequest, Pinned, Staged, stage};
pub use event::{Audience, Event, Summary, Tool};
pub use imports::strays;
pub use lockfile::Lockfile;
pub use project::{Project, catalog_beside, default_image, directory_of, load, locate_imports};
pub use providers::{Open, OpenOnce, Providers, Readers};
pub use reachable::{GITHUB_API, Needed, hosts_needed, probe_hosts, probe_machines};
pub use recover::{Recovered, recover};
pub use refresh::{Refreshed, Scope, Side, queries, refresh};
pub use refreshed::refreshed;
pub use secrets::resolve;
pub use shelf::DirectoryShelf;
pub use stale::stale;
pub use survey::{Reach, Survey, blank_state, survey, survey_to_act};
