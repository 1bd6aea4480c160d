-- Up to where editors' files were read: a hash of editor, file and session, and the stamp that the files had then. A session
-- that is marked and not there was deleted by its user: it is not read again.
CREATE TABLE editor_marks (
    name  INTEGER PRIMARY KEY,
    stamp INTEGER NOT NULL
) STRICT;
