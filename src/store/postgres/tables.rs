//! The tables, and every statement on them; each write is one statement, and so one transaction.

use crate::state::{VERSIONS_MOST, VERSIONS_MOST_BYTES};

/// The format of the rows.
pub(super) const FORMAT: i32 = 1;

/// What makes a number of a lock's name.
const LOCK: &str = "hashtextextended";

/// The statements, for one schema.
#[derive(Debug)]
pub(super) struct Tables {
    /// Makes what is missing; whoever is second waits for the first.
    pub(super) make: String,
    /// Whether the table of versions, the latest one, is missing.
    pub(super) lacks: String,
    /// Begins the row of a state that has none. `$1` its name.
    pub(super) begin: String,
    /// The row, and whether this session has its lock now. `$1` its name, `$2` what the lock is of.
    pub(super) try_lock: String,
    /// Gives this session's lock back. `$1` what it is of, `$2` how often it was taken away.
    pub(super) unlock: String,
    /// Notes the holder. `$1` name, `$2` forced, `$3` holder, `$4` session.
    pub(super) take: String,
    /// The same holder goes on in another session. `$1` name, `$2` forced, `$3` holder, `$4` session.
    pub(super) go_on: String,
    /// Forgets the holder, and gives this session's lock back.
    /// `$1` name, `$2` epoch, `$3` what the lock is of, `$4` forced.
    pub(super) release: String,
    /// Takes the lock from a holder. `$1` name, `$2` holder.
    pub(super) force: String,
    /// The row without what it keeps. `$1` name.
    pub(super) look: String,
    /// All that is kept, as of one moment. `$1` name.
    pub(super) load: String,
    /// The key. `$1` name.
    pub(super) key: String,
    /// `$1` name, `$2` epoch, `$3` the write before, `$4` this write, `$5` the session's process,
    /// `$6` serial, `$7` first, `$8` line.
    pub(super) append: String,
    /// `$1` to `$6` as above, `$7` lineage, `$8` document.
    pub(super) document: String,
    /// The same, and the document as a version. `$9` its note.
    pub(super) document_kept: String,
    /// Keeps a version. `$1` to `$5` as above, `$6` serial, `$7` lineage, `$8` document, or none for
    /// the one that stands now, `$9` note.
    pub(super) keep_version: String,
    /// Drops a version. `$1` to `$5` as above, `$6` serial, `$7` lineage.
    pub(super) drop_version: String,
    /// Whether a version is kept. `$1` name, `$2` lineage, `$3` serial.
    pub(super) has_version: String,
    /// The notes of the versions, the newest first. `$1` name, `$2` lineage.
    pub(super) versions: String,
    /// A version's document. `$1` name, `$2` lineage, `$3` serial.
    pub(super) version: String,
    /// The present document. `$1` name.
    pub(super) present: String,
    /// `$1` to `$5` as above, `$6` key.
    pub(super) put_key: String,
}

impl Tables {
    /// The statements for a schema, whose name is plain.
    pub(super) fn of(schema: &str) -> Self {
        // Who isn't the last to have written, or whose session a pooler has exchanged, changes nothing.
        let mine = "name = $1 AND epoch = $2 AND written = $3 AND pg_backend_pid() = $5";
        let (put, prune) = (put(schema), prune(schema));
        let document = format!(
            "WITH mine AS (UPDATE {schema}.states SET written = $4, serial = $6, \
             lineage = $7, document = $8, changed = now() WHERE {mine} \
             RETURNING name, document), \
             folded AS (DELETE FROM {schema}.journal j USING mine WHERE j.name = mine.name)"
        );
        Self {
            make: make(schema),
            lacks: format!("SELECT to_regclass('{schema}.versions') IS NULL"),
            begin: format!(
                "INSERT INTO {schema}.states (name) VALUES ($1) ON CONFLICT (name) DO NOTHING"
            ),
            try_lock: format!(
                "SELECT format, epoch, forced, holder, session, \
                 pg_try_advisory_lock({LOCK}($2 || forced::text, 0)) \
                 FROM {schema}.states WHERE name = $1"
            ),
            unlock: format!("SELECT pg_advisory_unlock({LOCK}($1 || $2::bigint::text, 0))"),
            take: format!(
                "UPDATE {schema}.states SET epoch = epoch + 1, holder = $3, session = $4 \
                 WHERE name = $1 AND forced = $2 RETURNING epoch, written"
            ),
            go_on: format!(
                "UPDATE {schema}.states SET epoch = epoch + 1, forced = forced + 1, session = $4 \
                 WHERE name = $1 AND forced = $2 AND holder = $3 RETURNING epoch, written"
            ),
            release: format!(
                "WITH given AS (UPDATE {schema}.states SET holder = NULL, session = NULL \
                 WHERE name = $1 AND epoch = $2) \
                 SELECT pg_advisory_unlock({LOCK}($3 || $4::bigint::text, 0))"
            ),
            force: format!(
                "UPDATE {schema}.states SET epoch = epoch + 1, forced = forced + 1, holder = NULL, \
                 session = NULL WHERE name = $1 AND holder = $2 RETURNING epoch"
            ),
            look: format!(
                "SELECT epoch, forced, written, holder FROM {schema}.states WHERE name = $1"
            ),
            load: format!(
                "SELECT format, epoch, written, document, ARRAY(SELECT line FROM {schema}.journal j \
                 WHERE j.name = s.name ORDER BY first) FROM {schema}.states s \
                 WHERE name = $1 AND document IS NOT NULL"
            ),
            key: format!("SELECT key FROM {schema}.states WHERE name = $1"),
            append: format!(
                "WITH mine AS (UPDATE {schema}.states SET written = $4, serial = $6, \
                 changed = now() WHERE {mine} RETURNING name) \
                 INSERT INTO {schema}.journal (name, first, line) SELECT name, $7, $8 FROM mine \
                 RETURNING first"
            ),
            document_kept: format!("{document}, {put}{prune}SELECT 1 FROM mine"),
            document: format!("{document} SELECT 1 FROM mine"),
            keep_version: format!(
                "WITH mine AS (UPDATE {schema}.states SET written = $4, changed = now() \
                 WHERE {mine} RETURNING name, document), {put}{prune}SELECT 1 FROM mine"
            ),
            drop_version: format!(
                "WITH mine AS (UPDATE {schema}.states SET written = $4, changed = now() \
                 WHERE {mine} RETURNING name), dropped AS (DELETE FROM {schema}.versions v \
                 USING mine WHERE v.name = mine.name AND v.lineage = $7 AND v.serial = $6) \
                 SELECT 1 FROM mine"
            ),
            has_version: format!(
                "SELECT 1 FROM {schema}.versions WHERE name = $1 AND lineage = $2 AND serial = $3"
            ),
            versions: format!(
                "SELECT note FROM {schema}.versions WHERE name = $1 AND lineage = $2 \
                 ORDER BY serial DESC"
            ),
            version: format!(
                "SELECT document FROM {schema}.versions \
                 WHERE name = $1 AND lineage = $2 AND serial = $3"
            ),
            present: format!("SELECT document FROM {schema}.states WHERE name = $1"),
            put_key: format!(
                "UPDATE {schema}.states SET written = $4, key = $6, changed = now() \
                 WHERE {mine} RETURNING 1"
            ),
        }
    }
}

/// Makes the schema and the tables that are missing, one after the other.
fn make(schema: &str) -> String {
    format!(
        "SELECT pg_advisory_xact_lock({LOCK}('sindri tables of {schema}', 0));\n\
         DO $make$ BEGIN\n\
         IF to_regnamespace('{schema}') IS NULL THEN CREATE SCHEMA {schema}; END IF;\n\
         IF to_regclass('{schema}.states') IS NULL THEN CREATE TABLE {schema}.states (\
         name text PRIMARY KEY, format integer NOT NULL DEFAULT {FORMAT}, \
         epoch bigint NOT NULL DEFAULT 0, forced bigint NOT NULL DEFAULT 0, \
         written text NOT NULL DEFAULT '', serial bigint, lineage text, document bytea, \
         key bytea, holder text, session text, \
         changed timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 70); END IF;\n\
         IF to_regclass('{schema}.journal') IS NULL THEN CREATE TABLE {schema}.journal (\
         name text NOT NULL, first bigint NOT NULL, line bytea NOT NULL, \
         PRIMARY KEY (name, first)); END IF;\n\
         IF to_regclass('{schema}.versions') IS NULL THEN CREATE TABLE {schema}.versions (\
         name text NOT NULL, lineage text NOT NULL, serial bigint NOT NULL, \
         note text NOT NULL, document bytea NOT NULL, \
         PRIMARY KEY (name, lineage, serial)); END IF;\n\
         END $make$"
    )
}

/// The part of a statement that keeps what `mine` found as a version.
fn put(schema: &str) -> String {
    format!(
        "kept AS (INSERT INTO {schema}.versions AS v (name, lineage, serial, note, document) \
         SELECT name, $7, $6, $9, coalesce($8, document) FROM mine \
         ON CONFLICT (name, lineage, serial) \
         DO UPDATE SET note = excluded.note, document = excluded.document RETURNING \
         octet_length(v.document) AS size), "
    )
}

/// The part of a statement that drops the versions that are too many beside the one that is put.
fn prune(schema: &str) -> String {
    // What is put in the same statement isn't seen by it: it counts as the first.
    format!(
        "ranked AS (SELECT serial, row_number() OVER newest AS place, \
         sum(octet_length(document)) OVER newest AS size FROM {schema}.versions \
         WHERE name = $1 AND lineage = $7 AND serial <> $6 \
         WINDOW newest AS (ORDER BY serial DESC)), \
         pruned AS (DELETE FROM {schema}.versions v USING ranked, kept \
         WHERE v.name = $1 AND v.lineage = $7 AND v.serial = ranked.serial \
         AND (ranked.place >= {VERSIONS_MOST} OR ranked.size + kept.size > {VERSIONS_MOST_BYTES})) "
    )
}
