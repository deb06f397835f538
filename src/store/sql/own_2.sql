-- Version 2: cards that were cancelled, edges that wait for another end than success, lanes that are held,
-- what is paused, and the column that a run took its card from.

-- Set while the card is cancelled or was archived as such: an archived card releases its children only if
-- it was not given up before.
ALTER TABLE tick_cards ADD COLUMN cancelled_at INTEGER;
ALTER TABLE tick_cards ADD COLUMN args TEXT;      -- further arguments for the worker, a JSON array
ALTER TABLE tick_cards ADD COLUMN verify TEXT;    -- the card's own verification command, a JSON array

ALTER TABLE tick_runs ADD COLUMN source TEXT NOT NULL DEFAULT 'ready';

-- Beside task_links, for edges that a success of the parent does not satisfy. No row: it does.
CREATE TABLE tick_links (
    child_id  TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    release   TEXT NOT NULL CHECK (release IN ('failure', 'any')),
    PRIMARY KEY (child_id, parent_id)
) STRICT, WITHOUT ROWID;

-- Workers that cannot be started here at present; their cards wait and are not charged.
CREATE TABLE tick_lanes (
    worker   TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,                    -- in a row
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,                    -- then one start is tried
    error    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What people paused: a worker by its name, or the whole board by an empty one.
CREATE TABLE tick_pauses (
    worker TEXT PRIMARY KEY,
    since  INTEGER NOT NULL,
    by     TEXT NOT NULL,
    reason TEXT
) STRICT, WITHOUT ROWID;
