//! Who asks, and the password: from the environment, or a file that it names.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::error::PostgresError;
use crate::store::StoreError;
use crate::sys::{Environment, files};

/// The largest password file that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// What a password is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password for a door; none where none is given.
pub(super) fn password(
    environment: &Environment,
    door: Door<'_>,
) -> Result<Option<Zeroizing<String>>, StoreError> {
    let names = ["SINDRI_POSTGRES_PASSWORD", "PGPASSWORD"];
    if let Some(password) = names.iter().find_map(|name| environment.get(name)) {
        return Ok(Some(Zeroizing::new(password.to_owned())));
    }
    let chosen = environment.get("PGPASSFILE").map(PathBuf::from);
    let usual = || Some(PathBuf::from(environment.get("HOME")?).join(".pgpass"));
    let Some(file) = chosen.or_else(usual) else {
        return Ok(None);
    };
    let io = |error| StoreError::io(&file, error);
    let mode = match file.metadata() {
        Ok(found) => found.permissions().mode() & 0o7777,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    if mode & 0o077 != 0 {
        let error = PostgresError::OpenPasswordFile { file, mode };
        return Err(StoreError::Postgres(Box::new(error)));
    }
    let bytes = Zeroizing::new(files::read_limited(&file, FILE_MAX).map_err(io)?);
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    Ok(text.lines().find_map(|line| fits(line, door)))
}

/// The password of a line, `host:port:database:user:password`, where it is for this door.
fn fits(line: &str, door: Door<'_>) -> Option<Zeroizing<String>> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![Zeroizing::new(String::new())];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let last = fields.last_mut()?;
        match character {
            '\\' => last.extend(characters.next()),
            ':' => fields.push(Zeroizing::new(String::new())),
            other => last.push(other),
        }
    }
    let [host, port, database, user, password] = <[_; 5]>::try_from(fields).ok()?;
    let is = |field: &str, wanted: &str| field == "*" || field == wanted;
    // A socket is called `localhost` there, as ever.
    let place = is(&host, door.host) || (door.host.starts_with('/') && is(&host, "localhost"));
    let rest =
        is(&port, &door.port.to_string()) && is(&database, door.database) && is(&user, door.user);
    (place && rest).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_by_its_door() {
        let door = Door {
            host: "db",
            port: 5432,
            database: "ops",
            user: "ada",
        };
        let find = |line| fits(line, door).map(|password| password.to_string());
        assert_eq!(find("db:5432:ops:ada:a\\:b\\\\c").unwrap(), "a:b\\c");
        assert_eq!(find("*:*:*:*:x").unwrap(), "x");
        for other in ["#*:*:*:*:x", "db:1:ops:ada:x", "db:*:*:bob:x", "x", ""] {
            assert_eq!(find(other), None, "{other}");
        }
        let socket = Door {
            host: "/run/postgresql",
            ..door
        };
        assert!(fits("localhost:*:*:*:x", socket).is_some());
    }

    #[test]
    fn a_password_file_that_others_may_read_is_refused() {
        let room = tempfile::tempdir().unwrap();
        let file = room.path().join("pass");
        std::fs::write(&file, "*:*:*:*:hunter2\n").unwrap();
        let environment =
            Environment::of([("PGPASSFILE".to_owned(), file.to_str().unwrap().to_owned())]);
        let door = Door {
            host: "db",
            port: 5432,
            database: "ops",
            user: "ada",
        };
        for (mode, given) in [(0o644, false), (0o600, true)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = password(&environment, door);
            assert_eq!(found.is_ok_and(|password| password.is_some()), given);
        }
    }
}
