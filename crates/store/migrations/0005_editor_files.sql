-- What an editor's file says of a session stands beside the snapshots: `origin` is 3 there (an `Origin`), 2 for a client's own.
-- `source` is JSON `{"editor","path"}`. A session has one such row a file, `base` is 0.
ALTER TABLE snapshots ADD COLUMN origin INTEGER NOT NULL DEFAULT 2;
ALTER TABLE snapshots ADD COLUMN source TEXT;

-- Counting snapshots must not walk through their bodies.
CREATE INDEX snapshots_kinds ON snapshots (session, origin, base, taken_at);
