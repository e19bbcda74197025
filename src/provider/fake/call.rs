//! What was asked of a world, in order.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::resource::ProviderKind;

/// The calls of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// `Reader::observe`
    Observe,
    /// `Reader::check`
    Check,
    /// `Reader::ask`
    Ask,
    /// `Reader::find`
    Find,
    /// `Reader::owned`
    Owned,
    /// `Provider::create`
    Create,
    /// `Provider::take`
    Take,
    /// `Provider::update`
    Update,
    /// `Provider::delete`
    Delete,
    /// `Provider::set_power`
    SetPower,
    /// `Provider::exec`
    Exec,
    /// `Provider::put`
    Put,
    /// `Provider::get`
    Get,
    /// `Provider::deliver`
    Deliver,
    /// `Provider::withdraw`
    Withdraw,
    /// `Provider::connect`
    Connect,
}

impl Verb {
    /// Whether it changes what the provider holds.
    pub fn acts(self) -> bool {
        match self {
            Self::Observe | Self::Check | Self::Ask | Self::Get | Self::Find | Self::Owned => false,
            Self::Create
            | Self::Take
            | Self::Update
            | Self::Delete
            | Self::SetPower
            | Self::Exec
            | Self::Put
            | Self::Deliver
            | Self::Withdraw
            | Self::Connect => true,
        }
    }
}

/// One call.
///
/// `begun` and `ended` count on one scale for all calls of the world, so that two calls ran side by
/// side exactly where these spans overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The provider it was made to.
    pub provider: ProviderKind,
    /// What was asked.
    pub verb: Verb,
    /// The resource; a call inside a machine carries the machine's, or the secret's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What else there is to say: a command's arguments, paths, the paths that differ.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// When it began.
    pub begun: u64,
    /// When it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// `ok`, the error's code, or `cancelled`; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}
