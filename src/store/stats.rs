//! Figures of a board as a whole. What they count never becomes less: runs that were removed are remembered as
//! numbers.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::Tx;
use crate::time::Seconds;

/// How the runs of one worker ended.
#[derive(Debug, Clone, Serialize)]
pub struct Ends {
    /// Empty where nobody is known.
    pub worker: String,
    /// `running` while they have not.
    pub outcome: String,
    pub count: i64,
    /// Seconds that they took in all.
    pub seconds: f64,
}

/// How the numbers are called that are left of runs: the outcome, a space, and whatever the worker is called.
const REMOVED: &str = "removed_runs ";
/// The same for the milliseconds that they took.
const REMOVED_MS: &str = "removed_runs_ms ";

/// How a run is counted.
const COUNTED: &str =
    "coalesce(s.profile, '') AS worker, coalesce(s.outcome, s.status, 'unknown') AS outcome,
    coalesce(r.duration_ms, 1000 * (s.ended_at - s.started_at), 0) AS ms
    FROM task_runs s LEFT JOIN tick_runs r ON r.run_id = s.id";

/// Keeps the numbers of runs that are about to be removed. `going` selects their ids.
pub fn remember(tx: &Tx<'_>, going: &str, before: Seconds, ids: &str) -> Result<()> {
    for (key, number) in [
        (REMOVED, "count(*)"),
        (REMOVED_MS, "CAST(total(ms) AS INTEGER)"),
    ] {
        tx.execute(
            &format!(
                "INSERT INTO tick_meta (key, value)
                 SELECT '{key}' || outcome || ' ' || worker, {number} FROM (SELECT {COUNTED} WHERE s.id IN ({going}))
                 WHERE true GROUP BY outcome, worker
                 ON CONFLICT (key) DO UPDATE SET value = value + excluded.value"
            ),
            params![before, ids],
        )?;
    }
    Ok(())
}

/// Runs by worker and outcome, those that were removed included.
pub fn ends(conn: &Connection) -> Result<Vec<Ends>> {
    let mut statement = conn.prepare(&format!(
        "WITH removed(name, runs, ms) AS (
             SELECT substr(key, length('{REMOVED}') + 1), value, 0 FROM tick_meta
             WHERE substr(key, 1, length('{REMOVED}')) = '{REMOVED}'
             UNION ALL SELECT substr(key, length('{REMOVED_MS}') + 1), 0, value FROM tick_meta
             WHERE substr(key, 1, length('{REMOVED_MS}')) = '{REMOVED_MS}'),
         counted(worker, outcome, runs, ms) AS (
             SELECT worker, outcome, 1, ms FROM (SELECT {COUNTED})
             UNION ALL SELECT substr(name, instr(name, ' ') + 1), substr(name, 1, instr(name, ' ') - 1), runs, ms
             FROM removed)
         SELECT worker, outcome, sum(runs), total(ms / 1000.0) FROM counted GROUP BY 1, 2 ORDER BY 1, 2"
    ))?;
    let rows = statement.query_map([], |r| {
        Ok(Ends {
            worker: r.get(0)?,
            outcome: r.get(1)?,
            count: r.get(2)?,
            seconds: r.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
