//! Places as a state records them: the settings under `state:`, never with credentials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{HttpPlace, ObjectPlace, ObjectProtocol, Place, PostgresPlace};
use crate::state::Location;

impl Place {
    /// The settings that name this place in a configuration.
    ///
    /// A directory is named by its real path, so that two names of one place are found equal.
    pub fn location(&self) -> Location {
        let of = |settings: &[(&str, Option<&str>)]| {
            let given = settings.iter().filter_map(|(name, value)| {
                let value = (*value)?;
                Some(((*name).to_owned(), value.to_owned()))
            });
            Location(given.collect())
        };
        match self {
            Self::Local(directory) => {
                let path = real(directory);
                of(&[("store", Some("local")), ("path", path.to_str())])
            }
            Self::Object(place) => of(&[
                ("store", Some("object")),
                ("protocol", Some(word(place.protocol))),
                ("bucket", Some(&place.bucket)),
                ("prefix", Some(&place.prefix)),
                ("endpoint", place.endpoint.as_deref()),
                ("region", place.region.as_deref()),
            ]),
            Self::Http(place) => of(&[
                ("store", Some("http")),
                ("address", Some(place.shown())),
                ("lockAddress", place.lock_address.as_deref()),
                ("unlockAddress", place.unlock_address.as_deref()),
                ("lockMethod", place.lock_method.as_deref()),
                ("unlockMethod", place.unlock_method.as_deref()),
            ]),
            Self::Postgres(place) => {
                let address = place.whole_address();
                of(&[("store", Some("postgres")), ("address", Some(&address))])
            }
        }
    }

    /// The place with these settings; none where this version has no such store.
    pub(super) fn at(location: &Location) -> Option<Self> {
        let given: &BTreeMap<String, String> = &location.0;
        let get = |name: &str| given.get(name).cloned();
        match get("store")?.as_str() {
            "local" => Some(Self::Local(PathBuf::from(get("path")?))),
            "object" => Some(Self::Object(ObjectPlace {
                protocol: protocol(&get("protocol")?)?,
                bucket: get("bucket")?,
                prefix: get("prefix").unwrap_or_default(),
                endpoint: get("endpoint"),
                region: get("region"),
            })),
            "http" => Some(Self::Http(HttpPlace {
                lock_address: get("lockAddress"),
                unlock_address: get("unlockAddress"),
                lock_method: get("lockMethod"),
                unlock_method: get("unlockMethod"),
                address: get("address")?,
            })),
            "postgres" => PostgresPlace::parse(&get("address")?)
                .ok()
                .map(Self::Postgres),
            _ => None,
        }
    }
}

fn word(protocol: ObjectProtocol) -> &'static str {
    match protocol {
        ObjectProtocol::S3 => "s3",
        ObjectProtocol::Gcs => "gcs",
        ObjectProtocol::Azure => "azure",
    }
}

fn protocol(word: &str) -> Option<ObjectProtocol> {
    match word {
        "s3" => Some(ObjectProtocol::S3),
        "gcs" => Some(ObjectProtocol::Gcs),
        "azure" => Some(ObjectProtocol::Azure),
        _ => None,
    }
}

/// A path without links and dots, as far as it is there.
fn real(path: &Path) -> PathBuf {
    if let Ok(whole) = path.canonicalize() {
        return whole;
    }
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        (Some(_) | None, _) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_back_to_its_place() {
        let room = tempfile::tempdir().unwrap();
        let here = room.path().canonicalize().unwrap();
        let full = "s3://b/team/dev?endpoint=http://127.0.0.1:9000&region=eu-1";
        for address in [
            full,
            "gs://b",
            "az://b/x",
            "https://h/x",
            ".sindri",
            "/srv/x",
            "postgres://ada@db.example.org:5433/states/web-dev?schema=team&sslmode=verify-full",
            "postgres:///states/dev?host=/var/run/postgresql&sslrootcert=/etc/a%20b.pem",
            "postgres://a%40b@[::1]/s/n%3Fx?schema=team",
        ] {
            let place = Place::parse(address, &here).unwrap();
            assert_eq!(Place::at(&place.location()), Some(place), "{address}");
        }
        let place = Place::parse("https://h/x?token=hunter2", &here).unwrap();
        assert!(!place.location().to_string().contains("hunter2"));
        let roundabout = Place::parse("../x/.sindri/../.sindri", &here.join("y")).unwrap();
        assert_ne!(
            roundabout.location(),
            Place::Local(here.join(".sindri")).location()
        );
        let config = crate::config::read_state(
            "sindri.yaml",
            format!(
                "version: \"4.0\"\nname: dev\n{}",
                Place::parse(full, &here).unwrap().location()
            )
            .as_bytes(),
        );
        assert!(config.unwrap().is_some());
    }
}
