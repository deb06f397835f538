//! Figures of a board as a whole.

use anyhow::Result;
use rusqlite::Connection;
use serde::Serialize;

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

/// Runs by worker and outcome.
pub fn ends(conn: &Connection) -> Result<Vec<Ends>> {
    let mut statement = conn.prepare(
        "SELECT coalesce(s.profile, ''), coalesce(s.outcome, s.status), count(*),
                total(coalesce(r.duration_ms / 1000.0, s.ended_at - s.started_at))
         FROM task_runs s LEFT JOIN tick_runs r ON r.run_id = s.id GROUP BY 1, 2 ORDER BY 1, 2",
    )?;
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
