-- Version 3: what is told, to whom, and how far that has come.

-- What is told about an event, as it was when its tick had come to its end. One row for all who are told.
CREATE TABLE tick_notices (
    id         INTEGER PRIMARY KEY,
    event_id   INTEGER UNIQUE,                    -- task_events.id; none: it is about no event of a card
    task_id    TEXT,
    kind       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    facts      TEXT NOT NULL                      -- JSON
) STRICT;

-- One row for each notice and target. A target is a channel of the configuration, and an address and a thread
-- within it where a subscription names them. `done_at` is set once nothing more will be sent.
CREATE TABLE tick_deliveries (
    seq        INTEGER PRIMARY KEY,               -- order within a target
    id         TEXT NOT NULL UNIQUE,              -- what a receiver recognises a repetition by
    notice_id  INTEGER NOT NULL,
    task_id    TEXT,
    channel    TEXT NOT NULL,
    address    TEXT NOT NULL,
    thread     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN
                   ('due', 'in_flight', 'retry', 'delivered', 'dead', 'cancelled', 'held_back')),
    next_at    INTEGER NOT NULL,                  -- not before
    attempts   INTEGER NOT NULL DEFAULT 0,        -- counted before a try begins: one that kills a tick counts
    held_back  INTEGER NOT NULL DEFAULT 0,        -- earlier messages that this one is sent for
    told_by    INTEGER,                           -- the later message that this one was told by
    created_at INTEGER NOT NULL,
    tried_at   INTEGER,
    done_at    INTEGER,
    outcome    TEXT,                              -- of the last try
    why        TEXT,
    receipt    TEXT,
    UNIQUE (notice_id, channel, address, thread)
) STRICT;

-- A tick asks for the few that are open, never for the many that are done.
CREATE INDEX tick_deliveries_due ON tick_deliveries(next_at) WHERE done_at IS NULL;
CREATE INDEX tick_deliveries_queue ON tick_deliveries(channel, address, thread, seq) WHERE done_at IS NULL;
CREATE INDEX tick_deliveries_card ON tick_deliveries(task_id, seq);
CREATE INDEX tick_deliveries_done ON tick_deliveries(done_at) WHERE done_at IS NOT NULL;
CREATE INDEX tick_deliveries_dead ON tick_deliveries(seq) WHERE state = 'dead';

-- What is remembered of a target. No row: nothing holds it.
CREATE TABLE tick_targets (
    channel    TEXT NOT NULL,
    address    TEXT NOT NULL,
    thread     TEXT NOT NULL,
    hold_until INTEGER,                           -- the receiver asked us to wait
    paused_at  INTEGER,                           -- it is broken, until somebody puts it right
    probe_at   INTEGER,                           -- then it is tried again all the same; none: it is not
    why        TEXT,
    paced_ms   INTEGER,                           -- how far its rate is used up, in Unix milliseconds
    PRIMARY KEY (channel, address, thread)
) STRICT, WITHOUT ROWID;

-- Who wants to hear of a card, beside the channels that hear of the whole board.
CREATE TABLE tick_subscriptions (
    task_id    TEXT NOT NULL,
    channel    TEXT NOT NULL,
    address    TEXT NOT NULL,
    thread     TEXT NOT NULL,
    since      INTEGER NOT NULL,                  -- only of events after this one
    inherits   INTEGER NOT NULL CHECK (inherits IN (0, 1)),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (task_id, channel, address, thread)
) STRICT, WITHOUT ROWID;

-- Nobody is told what happened before there was anybody to tell. The number of the board keeps ids of
-- deliveries of different boards apart.
INSERT INTO tick_meta (key, value)
    SELECT 'announced', coalesce(max(id), 0) FROM task_events
    UNION ALL SELECT 'board', random() & 0x7fffffffffffffff;
