-- Version 5: a run is found by its number alone. Each index that went was a page for every claim, at a place of its
-- own among millions: a nonce is never asked for without its run, a token names its run, and the shared runs of a
-- card lead to ours.

-- A table of the same name takes the place of the first one; views that people made of it stay as they are.
PRAGMA legacy_alter_table = ON;

CREATE TABLE tick_runs_5 (
    run_id         INTEGER PRIMARY KEY,           -- task_runs.id
    task_id        TEXT NOT NULL,
    worker         TEXT NOT NULL,
    attempt        INTEGER NOT NULL,
    nonce          TEXT NOT NULL,                 -- name of the run's folder
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
    log_tail       TEXT,
    source         TEXT NOT NULL DEFAULT 'ready'  -- the column that the run took its card from
) STRICT;

INSERT INTO tick_runs_5 (run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino, report,
                         leftovers, stage, dead, claimed_at, started_at, ended_at, supervisor_pid, worker_pid,
                         log_offset, outcome, exit_code, exit_signal, duration_ms, cpu_ms, max_rss_kib, log_tail, source)
    SELECT run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino, report,
           leftovers, stage, dead, claimed_at, started_at, ended_at, supervisor_pid, worker_pid,
           log_offset, outcome, exit_code, exit_signal, duration_ms, cpu_ms, max_rss_kib, log_tail, source
    FROM tick_runs;
DROP TABLE tick_runs;
ALTER TABLE tick_runs_5 RENAME TO tick_runs;

-- Admission and reaping ask for the few runs that are not proven dead, never for the many that are.
CREATE INDEX tick_runs_alive ON tick_runs(task_id) WHERE dead = 0;

PRAGMA legacy_alter_table = OFF;
