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
        /// `http`: where the state is read and written, in Terraform's protocol; `postgres`: which
        /// one, as `postgres://HOST/DATABASE/NAME`.
        "address" => address: Option<At<String>> = None;
        /// `http`: where it is locked; at `address` where absent.
        "lockAddress" => lock_address: Option<At<String>> = None;
        /// `http`: where it is unlocked; at `lockAddress` where absent.
        "unlockAddress" => unlock_address: Option<At<String>> = None;
        /// `http`: the method that locks; `LOCK` where absent, `POST` for GitLab.
        "lockMethod" => lock_method: Option<At<String>> = None;
        /// `http`: the method that unlocks; `UNLOCK` where absent, `DELETE` for GitLab.
        "unlockMethod" => unlock_method: Option<At<String>> = None;
        /// `postgres`: the schema of the tables; `sindri` where absent.
        "schema" => schema: Option<At<String>> = None;
        /// What it is encrypted with.
        "encryption" => encryption: Option<Encryption> = None;
    }
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum StoreKind {
    Local,
    Object,
    Http,
    Postgres,
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
        let span_of = |field: &Option<At<String>>| field.as_ref().map(|at| at.span);
        let schema = [("schema", span_of(&self.schema))];
        let address = [("address", span_of(&self.address))];
        let http = [
            ("lockAddress", span_of(&self.lock_address)),
            ("unlockAddress", span_of(&self.unlock_address)),
            ("lockMethod", span_of(&self.lock_method)),
            ("unlockMethod", span_of(&self.unlock_method)),
        ];
        match self.store {
            StoreKind::Local => {
                // A kind that couldn't be read isn't `local`, and was reported.
                if !reading.has_errors() {
                    unused(&object, "local", reading);
                    unused(&address, "local", reading);
                    unused(&http, "local", reading);
                    unused(&schema, "local", reading);
                }
                Some(StateStore::Local {
                    path: self.path.map(|at| at.value),
                })
            }
            StoreKind::Object => {
                unused(&local, "object", reading);
                unused(&address, "object", reading);
                unused(&http, "object", reading);
                unused(&schema, "object", reading);
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
            StoreKind::Http => {
                unused(&local, "http", reading);
                unused(&object, "http", reading);
                unused(&schema, "http", reading);
                let addresses = [&self.address, &self.lock_address, &self.unlock_address];
                for at in addresses.into_iter().flatten() {
                    check_endpoint(at, reading);
                }
                let Some(address) = self.address else {
                    let summary = "`state` names no address";
                    reading.error(span, code::MISSING_FIELD, summary, "add `address: URL`");
                    return None;
                };
                Some(StateStore::Http {
                    address: address.value,
                    lock_address: self.lock_address.map(|at| at.value),
                    unlock_address: self.unlock_address.map(|at| at.value),
                    lock_method: self.lock_method.map(|at| at.value),
                    unlock_method: self.unlock_method.map(|at| at.value),
                })
            }
            StoreKind::Postgres => {
                unused(&local, "postgres", reading);
                unused(&object, "postgres", reading);
                unused(&http, "postgres", reading);
                let Some(address) = self.address else {
                    let summary = "`state` names no address";
                    let help = "add `address: postgres://HOST/DATABASE/NAME`";
                    reading.error(span, code::MISSING_FIELD, summary, help);
                    return None;
                };
                check_database(&address, reading);
                Some(StateStore::Postgres {
                    address: address.value,
                    schema: self.schema.map(|at| at.value),
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

/// Whether it is the address of a state in a database, without a password.
fn check_database(address: &At<String>, reading: &mut Reading<'_>) {
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| address.value.strip_prefix(scheme));
    let (rest, query) = rest.map_or(("", ""), |rest| rest.split_once('?').unwrap_or((rest, "")));
    let (server, path) = rest.split_once('/').unwrap_or_default();
    let login = server.rsplit_once('@').map_or("", |(login, _)| login);
    let (summary, help) = if login.contains(':') || query.contains("password=") {
        (
            "the address holds a password",
            "leave it out of the file: it is read from `SINDRI_POSTGRES_PASSWORD`, `PGPASSWORD`, \
             or the file that `PGPASSFILE` names",
        )
    } else if path
        .split_once('/')
        .is_none_or(|(database, name)| database.is_empty() || name.is_empty())
    {
        (
            "this isn't the address of a state in a database",
            "write it as `postgres://HOST/DATABASE/NAME`",
        )
    } else {
        return;
    };
    reading.error(address.span, code::INVALID_VALUE, summary, help);
}

/// Whether it is the address of a server, and nothing that belongs elsewhere.
fn check_endpoint(endpoint: &At<String>, reading: &mut Reading<'_>) {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| endpoint.value.strip_prefix(scheme));
    let (summary, help) = match host {
        None | Some("") => (
            "this isn't the address of a server",
            "write it as `https://HOST` or `https://HOST:PORT`",
        ),
        Some(host)
            if host
                .split('/')
                .next()
                .is_some_and(|host| host.contains('@')) =>
        {
            (
                "the address holds credentials",
                "leave them out of the file: they are read from the environment",
            )
        }
        Some(_) => return,
    };
    reading.error(endpoint.span, code::INVALID_VALUE, summary, help);
}
