-- Version 4: what workers said when they no longer had a say, and rounds of review.

-- What a run reported that could not be done, so that it is not lost. A run is late when its card had moved on.
CREATE TABLE tick_late_results (
    id         INTEGER PRIMARY KEY,
    task_id    TEXT NOT NULL,                     -- the card of the run
    run_id     INTEGER,                           -- none: no run of this board has the token
    about      TEXT NOT NULL,                     -- the card that was named
    verb       TEXT NOT NULL,
    summary    TEXT,
    metadata   TEXT,                              -- a JSON object
    reason     TEXT,
    refused    TEXT NOT NULL,                     -- why it was not done
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX tick_late_results_card ON tick_late_results(task_id, id);

-- Times that a worker sent the card back from review since a person last let it go.
ALTER TABLE tick_cards ADD COLUMN reviews INTEGER NOT NULL DEFAULT 0;

-- A worker is known by its token.
CREATE INDEX tick_runs_token ON tick_runs(token);
