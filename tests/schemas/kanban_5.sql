-- Every table and index of a board as version 5 of our tables left it (release 0.1.0), as SQLite keeps them.

CREATE TABLE tasks (
    id                   TEXT PRIMARY KEY,
    title                TEXT NOT NULL,
    body                 TEXT,
    assignee             TEXT,
    status               TEXT NOT NULL,
    priority             INTEGER DEFAULT 0,
    created_by           TEXT,
    created_at           INTEGER NOT NULL,
    started_at           INTEGER,
    completed_at         INTEGER,
    workspace_kind       TEXT NOT NULL DEFAULT 'scratch',
    workspace_path       TEXT,
    branch_name          TEXT,
    project_id           TEXT,
    claim_lock           TEXT,
    claim_expires        INTEGER,
    tenant               TEXT,
    result               TEXT,
    idempotency_key      TEXT,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    worker_pid           INTEGER,
    last_failure_error   TEXT,
    max_runtime_seconds  INTEGER,
    last_heartbeat_at    INTEGER,
    current_run_id       INTEGER,
    workflow_template_id TEXT,
    current_step_key     TEXT,
    skills               TEXT,
    model_override       TEXT,
    max_retries          INTEGER,
    goal_mode            INTEGER NOT NULL DEFAULT 0,
    goal_max_turns       INTEGER,
    session_id           TEXT,
    block_kind           TEXT,
    block_recurrences    INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE task_links (
    parent_id TEXT NOT NULL,
    child_id  TEXT NOT NULL,
    PRIMARY KEY (parent_id, child_id)
);
CREATE TABLE task_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL,
    author     TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE task_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL,
    run_id     INTEGER,
    kind       TEXT NOT NULL,
    payload    TEXT,
    created_at INTEGER NOT NULL
);
CREATE TABLE task_runs (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id             TEXT NOT NULL,
    profile             TEXT,
    step_key            TEXT,
    status              TEXT NOT NULL,
    claim_lock          TEXT,
    claim_expires       INTEGER,
    worker_pid          INTEGER,
    max_runtime_seconds INTEGER,
    last_heartbeat_at   INTEGER,
    started_at          INTEGER NOT NULL,
    ended_at            INTEGER,
    outcome             TEXT,
    summary             TEXT,
    metadata            TEXT,
    error               TEXT
);
CREATE TABLE task_attachments (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id      TEXT NOT NULL,
    filename     TEXT NOT NULL,
    stored_path  TEXT NOT NULL,
    content_type TEXT,
    size         INTEGER NOT NULL DEFAULT 0,
    uploaded_by  TEXT,
    created_at   INTEGER NOT NULL
);
CREATE TABLE kanban_notify_subs (
    task_id          TEXT NOT NULL,
    platform         TEXT NOT NULL,
    chat_id          TEXT NOT NULL,
    thread_id        TEXT NOT NULL DEFAULT '',
    user_id          TEXT,
    notifier_profile TEXT,
    created_at       INTEGER NOT NULL,
    last_event_id    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (task_id, platform, chat_id, thread_id)
);
CREATE INDEX idx_tasks_assignee_status ON tasks(assignee, status);
CREATE INDEX idx_tasks_status          ON tasks(status);
CREATE INDEX idx_tasks_tenant          ON tasks(tenant);
CREATE INDEX idx_tasks_idempotency     ON tasks(idempotency_key);
CREATE INDEX idx_links_child           ON task_links(child_id);
CREATE INDEX idx_comments_task         ON task_comments(task_id, created_at);
CREATE INDEX idx_events_task           ON task_events(task_id, created_at);
CREATE INDEX idx_runs_task             ON task_runs(task_id, started_at);
CREATE INDEX idx_attachments_task      ON task_attachments(task_id, created_at);
CREATE TABLE tick_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE tick_cards (
    task_id        TEXT PRIMARY KEY,
    not_before     INTEGER,                       -- asked for when the card was made
    retry_at       INTEGER,                       -- set by the breaker's delay
    tempfails      INTEGER NOT NULL DEFAULT 0,    -- exits 75 in a row
    spawn_failures INTEGER NOT NULL DEFAULT 0,    -- starts in a row that did not reach the worker
    violations     INTEGER NOT NULL DEFAULT 0,    -- exits without a report in a row
    runs           INTEGER NOT NULL DEFAULT 0     -- runs since an operator last let the card go
, cancelled_at INTEGER, args TEXT, verify TEXT, reviews INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE INDEX tick_cards_not_before ON tick_cards(not_before) WHERE not_before IS NOT NULL;
CREATE TABLE tick_last (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    pid        INTEGER NOT NULL,
    counts     TEXT NOT NULL,
    error      TEXT
) STRICT;
CREATE INDEX tick_tasks_ready ON tasks(status, priority DESC, created_at) WHERE status = 'ready';
CREATE TABLE tick_links (
    child_id  TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    release   TEXT NOT NULL CHECK (release IN ('failure', 'any')),
    PRIMARY KEY (child_id, parent_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tick_lanes (
    worker   TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,                    -- in a row
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,                    -- then one start is tried
    error    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tick_pauses (
    worker TEXT PRIMARY KEY,
    since  INTEGER NOT NULL,
    by     TEXT NOT NULL,
    reason TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE tick_notices (
    id         INTEGER PRIMARY KEY,
    event_id   INTEGER UNIQUE,                    -- task_events.id; none: it is about no event of a card
    task_id    TEXT,
    kind       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    facts      TEXT NOT NULL                      -- JSON
) STRICT;
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
CREATE INDEX tick_deliveries_due ON tick_deliveries(next_at) WHERE done_at IS NULL;
CREATE INDEX tick_deliveries_queue ON tick_deliveries(channel, address, thread, seq) WHERE done_at IS NULL;
CREATE INDEX tick_deliveries_card ON tick_deliveries(task_id, seq);
CREATE INDEX tick_deliveries_done ON tick_deliveries(done_at) WHERE done_at IS NOT NULL;
CREATE INDEX tick_deliveries_dead ON tick_deliveries(seq) WHERE state = 'dead';
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
CREATE TABLE "tick_runs" (
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
CREATE INDEX tick_runs_alive ON tick_runs(task_id) WHERE dead = 0;

INSERT INTO tick_meta VALUES ('schema', 5), ('announced', 0), ('board', 1);
