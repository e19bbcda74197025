//! Where a project's state lives: the environment says, or the configuration, or it is beside it.

use std::path::Path;

use super::session::Session;
use crate::config::{self, ObjectProtocol, StateStore};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::engine;
use crate::store::{self, HttpPlace, ObjectPlace, Place, PostgresPlace};
use crate::sys::files;

/// The directory of the state, beside the configuration, where nobody says otherwise.
pub(crate) const STATE_DIRECTORY: &str = ".sindri";

/// Where the state of a session's project lives.
///
/// Of the configuration only that part is read: the commands that look at a state don't need the
/// rest of it, nor that there is any.
pub(crate) fn whereabouts(session: &Session) -> Result<Place, Diagnostics> {
    if let Some(text) = session.world().environment.get("SINDRI_STATE") {
        return Place::parse(text, &session.path(Path::new("."))).map_err(|error| error.diagnose());
    }
    let beside = engine::directory_of(&session.config);
    let bytes = match files::read_file(&session.config, config::SIZE_MAX as u64) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Place::Local(beside.join(STATE_DIRECTORY)));
        }
        Err(error) => {
            let summary = format!("`{}` can't be read", session.shown);
            return Err(vec![
                Diagnostic::error(Code::new("config::unreadable"), summary)
                    .because(error.to_string()),
            ]);
        }
    };
    Ok(match config::read_state(&session.shown, &bytes)? {
        None | Some(StateStore::Local { path: None }) => Place::Local(beside.join(STATE_DIRECTORY)),
        Some(StateStore::Local { path: Some(path) }) => Place::Local(beside.join(path)),
        Some(StateStore::Object {
            protocol,
            bucket,
            prefix,
            endpoint,
            region,
        }) => Place::Object(ObjectPlace {
            protocol: match protocol {
                ObjectProtocol::S3 => store::ObjectProtocol::S3,
                ObjectProtocol::Gcs => store::ObjectProtocol::Gcs,
                ObjectProtocol::Azure => store::ObjectProtocol::Azure,
            },
            bucket,
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: endpoint.map(|text| text.trim_end_matches('/').to_owned()),
            region,
        }),
        Some(StateStore::Http {
            address,
            lock_address,
            unlock_address,
            lock_method,
            unlock_method,
        }) => Place::Http(HttpPlace {
            address,
            lock_address,
            unlock_address,
            lock_method,
            unlock_method,
        }),
        Some(StateStore::Postgres { address, schema }) => {
            let place = PostgresPlace::parse(&address).and_then(|mut place| {
                if let Some(schema) = &schema {
                    place.use_schema(schema)?;
                }
                Ok(place)
            });
            Place::Postgres(place.map_err(|error| error.diagnose())?)
        }
    })
}
