-- Long sessions in parts: what changed since a reader last looked.
--
-- `revision` is the number of the write that changed a row last; the numbers come from one counter in `meta`, so a session that is
-- deleted and recorded again never gets one a second time. The counter begins with the time, so that a database that takes the place
-- of a damaged one goes on behind it.

INSERT INTO meta (key, value) VALUES ('revision', CAST(unixepoch() AS TEXT));

-- `first_revision`: the one that the session began with.
ALTER TABLE sessions ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN first_revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE messages ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tool_calls ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE INDEX messages_revision ON messages (session, revision, position);
CREATE INDEX tool_calls_revision ON tool_calls (session, revision, position);

-- With the time, so that the place of a time is found without reading rows.
DROP INDEX messages_position;
DROP INDEX tool_calls_position;
CREATE INDEX messages_place ON messages (session, position, at);
CREATE INDEX tool_calls_place ON tool_calls (session, position, at);

-- Positions that had an item once. One that has an item again may still stand here.
CREATE TABLE removed_items (
    session  INTEGER NOT NULL REFERENCES sessions (pk),
    position INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;

-- What changes a session beside a flush (a title, a star, a recovery) is a revision, too. A flush has set its own already.
CREATE TRIGGER sessions_revised AFTER UPDATE ON sessions WHEN old.revision IS new.revision BEGIN
    UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'revision';
    UPDATE sessions SET revision = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'revision') WHERE pk = new.pk;
END;

-- What facets are counted from. Its first column is an expression that no list asks for, so that lists keep to their own indexes.
CREATE INDEX sessions_facets ON sessions
    (state + 0, provider, editor, workspace, model, tags, starred, started_at, last_event_at);
