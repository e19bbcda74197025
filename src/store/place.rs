//! Where a state lives, as a value.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::http::{Http, HttpPlace};
use super::object::{Object, ObjectPlace, ObjectProtocol};
use super::postgres::{Postgres, PostgresPlace};
use super::{Store, StoreError};
use crate::sys::World;

/// Where a state lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory of this machine.
    Local(PathBuf),
    /// A prefix in a bucket.
    Object(ObjectPlace),
    /// An address in Terraform's protocol of HTTP.
    Http(HttpPlace),
    /// A row of a database.
    Postgres(PostgresPlace),
}

impl Place {
    /// Reads an address, as `SINDRI_STATE` holds it: a path, or
    /// `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`, or the same with `gs` or `az`, or
    /// `https://…`, or `postgres://HOST/DATABASE/NAME`.
    ///
    /// A path is relative to the directory given.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, StoreError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Local(directory.join(text)));
        };
        let protocol = match scheme {
            "file" => return Ok(Self::Local(directory.join(rest))),
            "http" | "https" => return http(text).map(Self::Http),
            "postgres" | "postgresql" => return PostgresPlace::parse(text).map(Self::Postgres),
            "s3" => ObjectProtocol::S3,
            "gs" => ObjectProtocol::Gcs,
            "az" => ObjectProtocol::Azure,
            _ => {
                return Err(StoreError::BadPlace(format!(
                    "`{scheme}://` isn't a kind of store"
                )));
            }
        };
        object(protocol, rest).map(Self::Object)
    }

    /// Opens the store there; asks for nothing yet.
    pub fn open(&self, world: &World) -> Result<Store, StoreError> {
        match self {
            Self::Local(directory) => Ok(Store::local(directory, world)),
            Self::Object(place) => {
                let client = place.client(&world.environment)?;
                let medium = Object::new(client, &place.prefix, &place.address())?;
                Ok(Store::on(Arc::new(medium), world))
            }
            Self::Http(place) => {
                let medium = Http::new(place.clone(), world)?;
                Ok(Store::on(Arc::new(medium), world))
            }
            Self::Postgres(place) => {
                let medium = Postgres::new(place, world)?;
                Ok(Store::on(Arc::new(medium), world))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(directory) => directory.display().fmt(f),
            Self::Object(place) => place.address().fmt(f),
            Self::Http(place) => place.shown().fmt(f),
            Self::Postgres(place) => place.fmt(f),
        }
    }
}

fn object(protocol: ObjectProtocol, rest: &str) -> Result<ObjectPlace, StoreError> {
    let bad = |why: &str| Err(StoreError::BadPlace(why.to_owned()));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return bad("it names no bucket");
    }
    if bucket.contains('@') {
        return bad("it holds credentials, which belong into the environment");
    }
    let mut place = ObjectPlace {
        protocol,
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        endpoint: None,
        region: None,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("endpoint", value)) => place.endpoint = Some(endpoint(value)?),
            Some(("region", value)) => place.region = Some(value.to_owned()),
            Some((name, _)) => return bad(&format!("it has no setting `{name}`")),
            None => return bad("its settings aren't `name=value`"),
        }
    }
    Ok(place)
}

/// An address that also locks.
fn http(address: &str) -> Result<HttpPlace, StoreError> {
    let host = address.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    if host.is_empty() || host.contains('@') {
        let why = "it names no server, or holds credentials, which belong into the environment";
        return Err(StoreError::BadPlace(why.to_owned()));
    }
    Ok(HttpPlace::at(address))
}

/// Checks the address of a server.
fn endpoint(text: &str) -> Result<String, StoreError> {
    let bad = |why: &str| Err(StoreError::BadPlace(why.to_owned()));
    let Some((_, host)) = text
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].contains(scheme))
    else {
        return bad("its endpoint doesn't begin with `https://` or `http://`");
    };
    if host.contains('@') {
        return bad("its endpoint holds credentials, which belong into the environment");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Place, String> {
        Place::parse(text, Path::new("/project")).map_err(|error| error.to_string())
    }

    #[test]
    fn places_are_read_as_they_are_written() {
        assert_eq!(parse("../s").unwrap(), Place::Local("/project/../s".into()));
        assert_eq!(parse("file:///s").unwrap(), Place::Local("/s".into()));
        let Place::Object(place) =
            parse("s3://b/team/dev/?endpoint=http://127.0.0.1:9000/&region=eu-1").unwrap()
        else {
            unreachable!()
        };
        assert_eq!(place.address(), "s3://b/team/dev");
        assert_eq!(place.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(place.region.as_deref(), Some("eu-1"));
        assert_eq!(parse("gs://b").unwrap().to_string(), "gs://b");
    }

    #[test]
    fn what_is_no_place_is_refused_without_repeating_secrets() {
        for text in [
            "ftp://b/x",
            "https://me:hunter2@b/x",
            "s3://",
            "s3://me:hunter2@b/x",
            "s3://b/x?endpoint=b",
            "s3://b/x?endpoint=https://me:hunter2@b",
            "s3://b/x?secret_access_key=hunter2",
            "s3://b/x?hunter2",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
