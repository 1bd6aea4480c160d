-- The trash, and deletions that are under way.

-- A table of its own: a flush writes a session's row and must not touch this, and the indexes of the lists stay as they are.
-- `begun` = 1: its deletion for good has begun, it cannot be restored.
CREATE TABLE trash (
    session    INTEGER PRIMARY KEY REFERENCES sessions (pk),
    trashed_at INTEGER NOT NULL,
    purge_at   INTEGER NOT NULL,
    begun      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX trash_purge_at ON trash (purge_at);

-- Sessions that are gone from every other table, and maybe not yet from the other files of the folder.
CREATE TABLE half_deleted (
    id TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
