//! Secrets: their delivery to a machine, never their value.

use serde::{Deserialize, Serialize};

use super::policy::{Policy, spec};
use crate::digest::Fingerprint;

/// Where a secret's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase", tag = "source")]
pub enum SecretSource {
    /// The environment: the shell, then `.env.local`, `.env`, then `fromFile`.
    Env {
        /// A last file to look in, relative to the configuration.
        #[serde(default, rename = "fromFile", skip_serializing_if = "Option::is_none")]
        from_file: Option<String>,
    },
    /// A file's content.
    File {
        /// The file, relative to the configuration.
        path: String,
    },
    /// A Vault key.
    Vault {
        /// The secret's path.
        path: String,
        /// The key within it.
        key: String,
        /// The mount of the key-value engine.
        mount: String,
    },
    /// An encrypted object in a bucket.
    S3 {
        /// The object's path.
        path: String,
    },
}

impl SecretSource {
    /// The word `sindri.yaml` uses for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Env { .. } => "env",
            Self::File { .. } => "file",
            Self::Vault { .. } => "vault",
            Self::S3 { .. } => "s3",
        }
    }
}

/// Where a secret also appears as a file of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FileTarget {
    /// The absolute path in the machine; on `local`, relative to the machine's root.
    pub path: String,
    /// The permissions, such as `0600`.
    pub mode: String,
}

spec! {
    /// A secret's delivery to one machine.
    pub struct SecretSpec {
        /// Where the value comes from.
        source ("from"): SecretSource => Policy::Ignore,
        /// Whether apply refuses to go on without a value.
        required ("required"): bool => Policy::Ignore,
        /// The keyed fingerprint of the value; absent where the value isn't available here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        fingerprint ("fingerprint"): Option<Fingerprint> => Policy::InPlace,
        /// A file of its own, besides the one in `/run/secrets`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target ("target"): Option<FileTarget> => Policy::InPlace,
    }
}
