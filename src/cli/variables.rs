//! The environment variables that sindri reads, in one table.

/// One variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The flag that wins over it, where there is one.
    pub flag: Option<&'static str>,
    /// What it does.
    pub meaning: &'static str,
}

const fn variable(
    name: &'static str,
    flag: Option<&'static str>,
    meaning: &'static str,
) -> Variable {
    Variable {
        name,
        flag,
        meaning,
    }
}

/// All of them; the documentation's table is held against this one.
pub const VARIABLES: &[Variable] = &[
    variable(
        "SINDRI_CONFIG",
        Some("--config"),
        "the configuration to read",
    ),
    variable(
        "SINDRI_FORMAT",
        Some("--format"),
        "`human`, `json` or `markdown`",
    ),
    variable(
        "SINDRI_PARALLELISM",
        Some("--parallelism"),
        "how many resources are worked on at once",
    ),
    variable(
        "SINDRI_LOCK_TIMEOUT",
        Some("--lock-timeout"),
        "seconds to wait for another command that holds the state",
    ),
    variable(
        "SINDRI_TIMEOUT",
        Some("--timeout"),
        "seconds after which a command gives up",
    ),
    variable(
        "SINDRI_STATE",
        None,
        "where the state lives: a path, or an address such as `s3://BUCKET/PREFIX`",
    ),
    variable(
        "SINDRI_HTTP_TOKEN",
        None,
        "the token for a state behind HTTP",
    ),
    variable(
        "SINDRI_HTTP_USERNAME",
        None,
        "the user for a state behind HTTP",
    ),
    variable("SINDRI_HTTP_PASSWORD", None, "that user's password"),
    variable(
        "SINDRI_POSTGRES_PASSWORD",
        None,
        "the password for a state in Postgres",
    ),
    variable(
        "SINDRI_DATA_DIR",
        None,
        "where the machines of `local` live instead of the user's data directory",
    ),
    variable(
        "SINDRI_DEFAULT_IMAGE",
        None,
        "the image where the configuration names none",
    ),
    variable(
        "SINDRI_STATE_PASSPHRASE",
        None,
        "the passphrase that the state is encrypted with",
    ),
    variable(
        "SINDRI_STATE_KEY_FILE",
        None,
        "the key file that the state is encrypted with, instead of a passphrase",
    ),
    variable(
        "SINDRI_STATE_OLD_PASSPHRASE",
        None,
        "the passphrase before; opens what the present key doesn't",
    ),
    variable(
        "SINDRI_STATE_OLD_KEY_FILE",
        None,
        "the key file before; opens what the present key doesn't",
    ),
    variable(
        "SINDRI_TRUSTED_KEYS",
        Some("--trusted-key"),
        "public keys whose signatures of plans are trusted: files, with `:` between them",
    ),
    variable("NO_COLOR", Some("--no-color"), "no colours"),
];
