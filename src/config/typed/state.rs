//! `state`: where the state lives.

use super::encryption::Encryption;
use super::scalar::At;
use super::section::section;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::Span;
use crate::config::{ObjectProtocol, StateStore};

section! {
    /// Where the state lives; credentials come from the environment only.
    StateFields in "state" {
        /// The kind of store.
        "store" => store: StoreKind = StoreKind::Local;
        /// `local`: the directory, relative to this file.
        "path" => path: Option<At<String>> = None;
        /// `object`: whose protocol the bucket speaks.
        "protocol" => protocol: Option<At<ObjectProtocol>> = None;
        /// `object`: the bucket; for Azure, the container.
        "bucket" => bucket: Option<At<String>> = None;
        /// `object`: where in the bucket; each project needs its own.
        "prefix" => prefix: Option<At<String>> = None;
        /// `object`: the server, where it isn't the protocol's own, as `https://HOST`.
        "endpoint" => endpoint: Option<At<String>> = None;
        /// `object`: the region.
        "region" => region: Option<At<String>> = None;
        /// What it is encrypted with.
        "encryption" => encryption: Option<Encryption> = None;
    }
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum StoreKind {
    Local,
    Object,
}

impl StateFields {
    /// What the section means; none once what is wrong was reported.
    pub(in crate::config) fn settle(
        self,
        span: Span,
        reading: &mut Reading<'_>,
    ) -> Option<StateStore> {
        let object = [
            ("protocol", self.protocol.as_ref().map(|at| at.span)),
            ("bucket", self.bucket.as_ref().map(|at| at.span)),
            ("prefix", self.prefix.as_ref().map(|at| at.span)),
            ("endpoint", self.endpoint.as_ref().map(|at| at.span)),
            ("region", self.region.as_ref().map(|at| at.span)),
        ];
        let local = [("path", self.path.as_ref().map(|at| at.span))];
        match self.store {
            StoreKind::Local => {
                // A kind that couldn't be read isn't `local`, and was reported.
                if !reading.has_errors() {
                    unused(&object, "local", reading);
                }
                Some(StateStore::Local {
                    path: self.path.map(|at| at.value),
                })
            }
            StoreKind::Object => {
                unused(&local, "object", reading);
                if let Some(at) = &self.endpoint {
                    check_endpoint(at, reading);
                }
                let Some(bucket) = self.bucket else {
                    let summary = "`state` names no bucket";
                    reading.error(span, code::MISSING_FIELD, summary, "add `bucket: NAME`");
                    return None;
                };
                check_bucket(&bucket, reading);
                Some(StateStore::Object {
                    protocol: self.protocol.map_or(ObjectProtocol::S3, |at| at.value),
                    bucket: bucket.value,
                    prefix: self.prefix.map(|at| at.value).unwrap_or_default(),
                    endpoint: self.endpoint.map(|at| at.value),
                    region: self.region.map(|at| at.value),
                })
            }
        }
    }
}

fn unused(fields: &[(&str, Option<Span>)], store: &str, reading: &mut Reading<'_>) {
    for (name, span) in fields {
        if let Some(span) = span {
            let summary = format!("`{name}` has no effect with `store: {store}`");
            reading.warning(*span, code::NO_EFFECT, summary, "leave it out");
        }
    }
}

fn check_bucket(bucket: &At<String>, reading: &mut Reading<'_>) {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if bucket.value.is_empty() || !bucket.value.chars().all(fits) {
        let help = "give its bare name; a place in it is the `prefix`";
        reading.error(
            bucket.span,
            code::INVALID_VALUE,
            "this isn't the name of a bucket",
            help,
        );
    }
}

/// Whether it is the address of a server, and nothing that belongs elsewhere.
fn check_endpoint(endpoint: &At<String>, reading: &mut Reading<'_>) {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| endpoint.value.strip_prefix(scheme));
    let (summary, help) = match host {
        None | Some("") => (
            "the endpoint isn't the address of a server",
            "write it as `https://HOST` or `https://HOST:PORT`",
        ),
        Some(host) if host.contains('@') => (
            "the endpoint holds credentials",
            "leave them out of the file: they are read from the environment",
        ),
        Some(_) => return,
    };
    reading.error(endpoint.span, code::INVALID_VALUE, summary, help);
}
