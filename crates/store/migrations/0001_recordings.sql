-- Chasm Recorder's database, version 1. `store/src` owns every read and write of it.
--
-- Times are microseconds since the epoch, numbers of enums are those of `chasm-protocol`, JSON is text.
-- Long columns stand last: SQLite walks a row's overflow pages to reach what stands behind them.
-- Never run ANALYZE here: `sqlite_stat4` keeps samples of keys, and deleted sessions would live on in them.

PRAGMA application_id = 1128813394; -- "CHSR"

CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `*_words`: the form that is indexed, where it is another than the text itself (see src/words.rs).
CREATE TABLE sessions (
    pk                INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    state             INTEGER NOT NULL,
    starred           INTEGER NOT NULL DEFAULT 0,
    has_snapshots     INTEGER NOT NULL,
    started_at        INTEGER NOT NULL,
    last_event_at     INTEGER NOT NULL,
    last_received_at  INTEGER NOT NULL,
    ended_at          INTEGER,
    events            INTEGER NOT NULL,
    messages          INTEGER NOT NULL,
    tool_calls        INTEGER NOT NULL,
    conflicts         INTEGER NOT NULL,
    expected_messages INTEGER,
    positions         INTEGER NOT NULL,
    key_at            INTEGER NOT NULL,
    key_seq           INTEGER NOT NULL,
    key_lsn           INTEGER NOT NULL,
    key_event_id      TEXT NOT NULL,
    title             TEXT,
    user_title        TEXT,
    provider          TEXT,
    model             TEXT,
    workspace         TEXT,
    editor            TEXT,
    end_reason        TEXT,
    preview           TEXT,
    tags              TEXT NOT NULL DEFAULT '[]',
    title_words       TEXT,
    user_title_words  TEXT,
    metadata          TEXT
) STRICT;

CREATE INDEX sessions_recent ON sessions (last_event_at);
CREATE INDEX sessions_started ON sessions (started_at);
CREATE INDEX sessions_state ON sessions (state, last_event_at);
CREATE INDEX sessions_messages ON sessions (messages);
-- Cut: a client's title may be long, and keys of this index stand in cursors. Sessions without a title come last.
CREATE INDEX sessions_title
    ON sessions (substr(coalesce(user_title, title, char(1114111)), 1, 64) COLLATE NOCASE);
CREATE INDEX sessions_starred ON sessions (last_event_at) WHERE starred = 1;

CREATE TABLE events (
    lsn           INTEGER PRIMARY KEY,
    session       INTEGER NOT NULL REFERENCES sessions (pk),
    kind          INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    at_is_clients INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    received_at   INTEGER NOT NULL,
    connection    INTEGER NOT NULL,
    identity      BLOB NOT NULL,
    content       BLOB NOT NULL,
    event_type    TEXT NOT NULL,
    event_id      TEXT,
    raw           TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_identity ON events (session, identity);
CREATE INDEX events_order ON events (session, at, seq);
CREATE INDEX events_odd ON events (session, at, seq) WHERE kind IN (2, 3);

-- `pk` of messages is even, of tool calls odd; both come from one counter, so a higher one was recorded later.
CREATE TABLE messages (
    pk           INTEGER PRIMARY KEY,
    session      INTEGER NOT NULL REFERENCES sessions (pk),
    position     INTEGER NOT NULL,
    role         INTEGER NOT NULL,
    partial      INTEGER NOT NULL,
    origin       INTEGER NOT NULL,
    completed_by INTEGER,
    at           INTEGER,
    key          BLOB NOT NULL,
    message_id   TEXT,
    model        TEXT,
    parent_id    TEXT,
    metadata     TEXT,
    aliases      TEXT,
    text         TEXT NOT NULL,
    words        TEXT,
    parts        TEXT,
    versions     TEXT
) STRICT;

CREATE UNIQUE INDEX messages_key ON messages (session, key);
-- Not unique: positions shift row by row when a session is folded anew.
CREATE INDEX messages_position ON messages (session, position);

-- `arguments` and `output` are the text itself where they are JSON strings (`*_json` = 0), else JSON.
CREATE TABLE tool_calls (
    pk             INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL REFERENCES sessions (pk),
    position       INTEGER NOT NULL,
    finished       INTEGER NOT NULL,
    is_error       INTEGER NOT NULL,
    origin         INTEGER NOT NULL,
    at             INTEGER,
    finished_at    INTEGER,
    duration_ms    REAL,
    arguments_json INTEGER NOT NULL,
    output_json    INTEGER NOT NULL,
    key            BLOB NOT NULL,
    call_id        TEXT,
    message_id     TEXT,
    name           TEXT NOT NULL,
    arguments      TEXT,
    output         TEXT,
    words          TEXT
) STRICT;

CREATE UNIQUE INDEX tool_calls_key ON tool_calls (session, key);
CREATE INDEX tool_calls_position ON tool_calls (session, position);
CREATE INDEX tool_calls_open ON tool_calls (session) WHERE finished = 0;

CREATE TABLE interruptions (
    session     INTEGER NOT NULL REFERENCES sessions (pk),
    lsn         INTEGER NOT NULL,
    reason      INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    until       INTEGER,
    resumed_lsn INTEGER,
    replayed    INTEGER NOT NULL,
    PRIMARY KEY (session, lsn)
) STRICT, WITHOUT ROWID;

-- `base` = 1: the folded rest of older ones, at most one a session, with `lsn` 0. `body` is JSON, zstd.
CREATE TABLE snapshots (
    pk          INTEGER PRIMARY KEY,
    session     INTEGER NOT NULL REFERENCES sessions (pk),
    lsn         INTEGER NOT NULL,
    base        INTEGER NOT NULL,
    taken_at    INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    body        BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX snapshots_lsn ON snapshots (session, lsn);

CREATE TABLE reports (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    skipped TEXT NOT NULL
) STRICT;

CREATE TABLE recoveries (
    pk       INTEGER PRIMARY KEY,
    report   INTEGER NOT NULL REFERENCES reports (id),
    session  INTEGER NOT NULL REFERENCES sessions (pk),
    messages INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;

CREATE INDEX recoveries_session ON recoveries (session);
CREATE INDEX recoveries_report ON recoveries (report);

CREATE TABLE notices (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    at   INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Full text. `columnsize=0`: nothing is ranked by length. `secure-delete`: no word of a deleted row stays behind.

CREATE VIEW item_words (pk, words) AS
    SELECT pk, coalesce(words, text) FROM messages
    UNION ALL
    SELECT pk, coalesce(words, name || char(10) || coalesce(arguments, '') || char(10) || coalesce(output, ''))
    FROM tool_calls;

CREATE VIRTUAL TABLE item_index USING fts5 (
    words,
    content = 'item_words', content_rowid = 'pk', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2"
);

INSERT INTO item_index (item_index, rank) VALUES ('secure-delete', 1);
-- Bytes gathered before they are written out: a whole flush becomes one piece of the index.
INSERT INTO item_index (item_index, rank) VALUES ('hashsize', 8388608);

-- New rows are indexed by `src/items_write.rs`, all of a flush in one statement: FTS5 writes out what it has gathered
-- before every statement that may have to be undone, and a trigger on rows would make a hundred small pieces of a flush.

CREATE TRIGGER messages_reindexed AFTER UPDATE OF text, words ON messages
WHEN old.text IS NOT new.text OR old.words IS NOT new.words BEGIN
    INSERT INTO item_index (item_index, rowid, words) VALUES ('delete', old.pk, coalesce(old.words, old.text));
    INSERT INTO item_index (rowid, words) VALUES (new.pk, coalesce(new.words, new.text));
END;

CREATE TRIGGER messages_unindexed AFTER DELETE ON messages BEGIN
    INSERT INTO item_index (item_index, rowid, words) VALUES ('delete', old.pk, coalesce(old.words, old.text));
END;

CREATE TRIGGER tool_calls_reindexed AFTER UPDATE OF name, arguments, output, words ON tool_calls
WHEN old.name IS NOT new.name OR old.arguments IS NOT new.arguments OR old.output IS NOT new.output
    OR old.words IS NOT new.words BEGIN
    INSERT INTO item_index (item_index, rowid, words) VALUES (
        'delete', old.pk,
        coalesce(old.words, old.name || char(10) || coalesce(old.arguments, '') || char(10) || coalesce(old.output, ''))
    );
    INSERT INTO item_index (rowid, words) VALUES (
        new.pk,
        coalesce(new.words, new.name || char(10) || coalesce(new.arguments, '') || char(10) || coalesce(new.output, ''))
    );
END;

CREATE TRIGGER tool_calls_unindexed AFTER DELETE ON tool_calls BEGIN
    INSERT INTO item_index (item_index, rowid, words) VALUES (
        'delete', old.pk,
        coalesce(old.words, old.name || char(10) || coalesce(old.arguments, '') || char(10) || coalesce(old.output, ''))
    );
END;

CREATE VIEW title_words (pk, title, user_title) AS
    SELECT pk, coalesce(title_words, title), coalesce(user_title_words, user_title) FROM sessions;

CREATE VIRTUAL TABLE title_index USING fts5 (
    title, user_title,
    content = 'title_words', content_rowid = 'pk', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2"
);

INSERT INTO title_index (title_index, rank) VALUES ('secure-delete', 1);

-- Sessions without a title, too: FTS5 counts its rows, and takes the removal of one it never had for damage.
CREATE TRIGGER titles_indexed AFTER INSERT ON sessions BEGIN
    INSERT INTO title_index (rowid, title, user_title)
    VALUES (new.pk, coalesce(new.title_words, new.title), coalesce(new.user_title_words, new.user_title));
END;

CREATE TRIGGER titles_reindexed AFTER UPDATE OF title, user_title ON sessions
WHEN old.title IS NOT new.title OR old.user_title IS NOT new.user_title BEGIN
    INSERT INTO title_index (title_index, rowid, title, user_title)
    VALUES ('delete', old.pk, coalesce(old.title_words, old.title), coalesce(old.user_title_words, old.user_title));
    INSERT INTO title_index (rowid, title, user_title)
    VALUES (new.pk, coalesce(new.title_words, new.title), coalesce(new.user_title_words, new.user_title));
END;

CREATE TRIGGER titles_unindexed AFTER DELETE ON sessions BEGIN
    INSERT INTO title_index (title_index, rowid, title, user_title)
    VALUES ('delete', old.pk, coalesce(old.title_words, old.title), coalesce(old.user_title_words, old.user_title));
END;
