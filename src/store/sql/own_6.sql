-- Version 6: what identifies the processes of a run, so that a free lock alone is never taken as proof of death.
-- Every column is NULL for a run that an earlier version started.

ALTER TABLE tick_runs ADD COLUMN pid_namespace TEXT;         -- of the claim; empty: it could not be read
ALTER TABLE tick_runs ADD COLUMN process_group INTEGER;      -- of the worker
ALTER TABLE tick_runs ADD COLUMN session INTEGER;            -- of the supervisor and the worker
ALTER TABLE tick_runs ADD COLUMN cgroup TEXT;                -- the folder of the run's own cgroup, if it has one
ALTER TABLE tick_runs ADD COLUMN worker_started INTEGER;     -- start time, in clock ticks after the boot (proc(5))
ALTER TABLE tick_runs ADD COLUMN supervisor_started INTEGER;
ALTER TABLE tick_runs ADD COLUMN held TEXT;                  -- why its end cannot be recorded although its supervisor is gone
