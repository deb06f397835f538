-- Version 1 of what is ours: one set of tables beside the shared ones, on every board alike.

-- What we know of a card beyond its shared row. No row: nothing beyond it.
CREATE TABLE tick_cards (
    task_id        TEXT PRIMARY KEY,
    not_before     INTEGER,                       -- asked for when the card was made
    retry_at       INTEGER,                       -- set by the breaker's delay
    tempfails      INTEGER NOT NULL DEFAULT 0,    -- exits 75 in a row
    spawn_failures INTEGER NOT NULL DEFAULT 0,    -- starts in a row that did not reach the worker
    violations     INTEGER NOT NULL DEFAULT 0,    -- exits without a report in a row
    runs           INTEGER NOT NULL DEFAULT 0     -- runs since an operator last let the card go
) STRICT, WITHOUT ROWID;

-- Cards whose moment has come are found by it, never by looking at every card that waits for one.
CREATE INDEX tick_cards_not_before ON tick_cards(not_before) WHERE not_before IS NOT NULL;

-- One row for each run of ours, beside its shared row. `dead` is 1 once every process of the run is
-- proven gone; until then no other run of the card is admitted, whatever the card's row says.
CREATE TABLE tick_runs (
    run_id         INTEGER PRIMARY KEY,           -- task_runs.id
    task_id        TEXT NOT NULL,
    worker         TEXT NOT NULL,
    attempt        INTEGER NOT NULL,
    nonce          TEXT NOT NULL UNIQUE,          -- name of the run's folder
    token          TEXT NOT NULL,                 -- what the worker shows to report for itself
    host           TEXT NOT NULL,                 -- machine id: another machine's locks say nothing here
    boot           TEXT NOT NULL,
    lock_dev       INTEGER NOT NULL,
    lock_ino       INTEGER NOT NULL,
    report         TEXT NOT NULL,
    leftovers      TEXT NOT NULL,
    stage          TEXT NOT NULL CHECK (stage IN ('claimed', 'started', 'ended')),
    dead           INTEGER NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
    claimed_at     INTEGER NOT NULL,
    started_at     INTEGER,
    ended_at       INTEGER,
    supervisor_pid INTEGER,                       -- for people; no decision uses a pid
    worker_pid     INTEGER,
    log_offset     INTEGER NOT NULL DEFAULT 0,    -- where this run begins in the card's log
    outcome        TEXT,
    exit_code      INTEGER,
    exit_signal    INTEGER,
    duration_ms    INTEGER,
    cpu_ms         INTEGER,
    max_rss_kib    INTEGER,
    log_tail       TEXT
) STRICT;

-- Admission and reaping ask for the few runs that are not proven dead, never for the many that are.
CREATE INDEX tick_runs_alive ON tick_runs(task_id) WHERE dead = 0;
CREATE INDEX tick_runs_task ON tick_runs(task_id, run_id);

-- The last tick that had something to do. The time of the last tick of any kind is the modification
-- time of the dispatch lock, which costs an idle tick no write to the board.
CREATE TABLE tick_last (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    pid        INTEGER NOT NULL,
    counts     TEXT NOT NULL,
    error      TEXT
) STRICT;

-- In dispatch order: SQLite passes over a partial index beside one on (status) unless status comes first.
-- Cards of the same second follow each other as they were made, by the row id that ends every index.
CREATE INDEX tick_tasks_ready ON tasks(status, priority DESC, created_at) WHERE status = 'ready';
