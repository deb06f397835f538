//! Deliveries as people and programs look at them, and what they may do about one.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use serde_json::Value;

use super::Tx;
use super::retention::Freed;
use super::targets::Target;
use crate::board::delivery::{PATIENCE, State};
use crate::exit::Failure;
use crate::time::Seconds;

/// A delivery as people and programs look at it.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryRow {
    pub seq: i64,
    pub id: String,
    pub event_id: Option<i64>,
    pub kind: String,
    pub task_id: Option<String>,
    #[serde(flatten)]
    pub target: Target,
    pub state: State,
    /// Tries so far.
    pub attempts: u32,
    pub created_at: Seconds,
    pub tried_at: Option<Seconds>,
    /// Not before this time, while it is open.
    pub next_at: Option<Seconds>,
    pub done_at: Option<Seconds>,
    /// How the last try ended.
    pub outcome: Option<String>,
    pub why: Option<String>,
    pub receipt: Option<String>,
    /// Earlier messages that this one is sent for.
    pub held_back: u32,
    /// The later message that this one was told by.
    pub told_by: Option<i64>,
}

const ROW: &str = "SELECT d.channel, d.address, d.thread, d.seq, d.id, n.event_id, n.kind, d.task_id, d.state, d.attempts,
        d.created_at, d.tried_at, d.next_at, d.done_at, d.outcome, d.why, d.receipt, d.held_back, d.told_by
 FROM tick_deliveries d JOIN tick_notices n ON n.id = d.notice_id";

fn row(r: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    let done_at: Option<Seconds> = r.get("done_at")?;
    let next_at: Seconds = r.get("next_at")?;
    Ok(DeliveryRow {
        seq: r.get("seq")?,
        id: r.get("id")?,
        event_id: r.get("event_id")?,
        kind: r.get("kind")?,
        task_id: r.get("task_id")?,
        target: Target::read(r)?,
        state: r.get::<_, String>("state")?.parse().unwrap_or(State::Dead),
        attempts: r.get("attempts")?,
        created_at: r.get("created_at")?,
        tried_at: r.get("tried_at")?,
        next_at: done_at.is_none().then_some(next_at),
        done_at,
        outcome: r.get("outcome")?,
        why: r.get("why")?,
        receipt: r.get("receipt")?,
        held_back: r.get("held_back")?,
        told_by: r.get("told_by")?,
    })
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only in these states; none: all.
    pub states: Vec<State>,
    pub channel: Option<String>,
    pub task: Option<String>,
    /// At most the newest so many.
    pub limit: Option<u32>,
}

impl Which {
    /// What holds for these deliveries, with its values, and their order. Both are said so that an index leads to the
    /// few of a card, the few that are open and the few that are dead, however many were delivered.
    fn conditions(&self) -> (String, Vec<&str>, &'static str) {
        let (mut all, mut values, mut order) = (vec!["true".to_owned()], Vec::new(), "d.seq");
        if let [one] = self.states.as_slice() {
            // A list of one would not be taken for what the index of the dead says.
            all.push(format!("d.state = '{one}'"));
        } else if !self.states.is_empty() {
            let quoted: Vec<String> = self.states.iter().map(|one| format!("'{one}'")).collect();
            all.push(format!("d.state IN ({})", quoted.join(", ")));
        }
        if !self.states.is_empty() && self.states.iter().all(|state| state.is_open()) {
            all.push("d.done_at IS NULL".into());
            order = "+d.seq";
        }
        for (column, value) in [("channel", &self.channel), ("task_id", &self.task)] {
            if let Some(value) = value {
                values.push(value.as_str());
                all.push(format!("d.{column} = ?{}", values.len()));
            }
        }
        (all.join(" AND "), values, order)
    }
}

/// Deliveries, oldest first.
pub fn list(conn: &Connection, which: &Which) -> Result<Vec<DeliveryRow>> {
    let (conditions, values, order) = which.conditions();
    let limit = which.limit.map_or(-1, i64::from);
    let mut statement = conn.prepare(&format!(
        "SELECT * FROM ({ROW} WHERE {conditions} ORDER BY {order} DESC LIMIT {limit}) ORDER BY seq"
    ))?;
    let rows = statement.query_map(params_from_iter(values), row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A delivery by its number or its id, and what it tells.
pub fn get(conn: &Connection, name: &str) -> Result<(DeliveryRow, Value)> {
    let found = conn
        .query_row(
            &format!("{ROW} WHERE d.id = ?1 OR d.seq = ?2"),
            params![name, name.parse::<i64>().ok()],
            row,
        )
        .optional()?
        .ok_or_else(|| {
            Failure::not_found(format!("there is no delivery {name} on this board"))
                .hint("kanban deliveries list")
        })?;
    let facts: String = conn.query_row(
        "SELECT n.facts FROM tick_deliveries d JOIN tick_notices n ON n.id = d.notice_id WHERE d.seq = ?1",
        [found.seq],
        |r| r.get(0),
    )?;
    Ok((found, serde_json::from_str(&facts)?))
}

/// Has a delivery tried again from its first try on, at once. `false`: it was delivered, or told by another.
pub fn again(tx: &Tx<'_>, seq: i64, now: Seconds) -> Result<bool> {
    Ok(tx.execute(
        "UPDATE tick_deliveries SET state = 'due', attempts = 0, next_at = ?2, done_at = NULL
         WHERE seq = ?1 AND state IN ('due', 'retry', 'dead', 'cancelled')",
        params![seq, now],
    )? == 1)
}

/// Gives a delivery up. `false`: it is done already.
pub fn cancel(tx: &Tx<'_>, seq: i64, by: &str, now: Seconds) -> Result<bool> {
    Ok(tx.execute(
        "UPDATE tick_deliveries SET state = 'cancelled', done_at = ?3, why = ?2
         WHERE seq = ?1 AND state IN ('due', 'in_flight', 'retry', 'dead')",
        params![seq, format!("cancelled by {by}"), now],
    )? == 1)
}

/// How many deliveries are open, and how many are dead, by channel.
pub fn standing(conn: &Connection) -> Result<Vec<(String, i64, i64)>> {
    let mut statement = conn.prepare_cached(
        "SELECT channel, sum(open), sum(dead) FROM (
             SELECT channel, 1 AS open, 0 AS dead FROM tick_deliveries WHERE done_at IS NULL
             UNION ALL SELECT channel, 0, 1 FROM tick_deliveries WHERE state = 'dead')
         GROUP BY channel ORDER BY channel",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Messages of one channel that have been tried so often that somebody should know.
#[derive(Debug, Clone, Serialize)]
pub struct Struggle {
    pub channel: String,
    pub messages: i64,
    /// Unix seconds of the oldest of them.
    pub since: Seconds,
    /// What went wrong last.
    pub why: String,
}

/// The channels whose messages fail again and again, and are still tried.
pub fn struggles(conn: &Connection) -> Result<Vec<Struggle>> {
    let mut statement = conn.prepare_cached(
        "SELECT channel, count(*), min(created_at), coalesce(max(why), '') FROM tick_deliveries
         WHERE done_at IS NULL AND attempts > ?1 GROUP BY channel ORDER BY channel",
    )?;
    let rows = statement.query_map([PATIENCE], |r| {
        Ok(Struggle {
            channel: r.get(0)?,
            messages: r.get(1)?,
            since: r.get(2)?,
            why: r.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What was told, held back or cancelled before a time.
const DONE: &str = "done_at < ?1 AND state IN ('delivered', 'held_back', 'cancelled')";
/// Notices that nobody is told any more.
const UNUSED: &str =
    "n.created_at < ?1 AND NOT EXISTS (SELECT 1 FROM tick_deliveries d WHERE d.notice_id = n.id)";

/// What [`prune`] would remove.
pub fn prunable(conn: &Connection, before: Seconds) -> Result<Freed> {
    let sql = format!(
        "SELECT sum(n), total(bytes) FROM (
             SELECT count(*) AS n, 160 * count(*) AS bytes FROM tick_deliveries WHERE {DONE}
             UNION ALL SELECT count(*), sum(length(n.facts)) FROM tick_notices n WHERE {UNUSED})"
    );
    Ok(conn.query_row(&sql, [before], |r| {
        Ok(Freed {
            count: r.get::<_, i64>(0)?.unsigned_abs(),
            bytes: r.get::<_, f64>(1)? as u64,
        })
    })?)
}

/// Removes what was told, held back or cancelled before a time, at most `limit` of it, and notices that
/// nobody is told any more. What is dead stays until somebody retries or cancels it.
pub fn prune(tx: &Tx<'_>, before: Seconds, limit: u32) -> Result<Freed> {
    let told = tx.execute(
        &format!(
            "DELETE FROM tick_deliveries WHERE seq IN (SELECT seq FROM tick_deliveries WHERE {DONE} LIMIT ?2)"
        ),
        params![before, limit],
    )?;
    let which = format!("SELECT n.id FROM tick_notices n WHERE {UNUSED} LIMIT ?2");
    let bytes: i64 = tx.query_row(
        &format!("SELECT coalesce(sum(length(facts)), 0) FROM tick_notices WHERE id IN ({which})"),
        params![before, limit],
        |r| r.get(0),
    )?;
    let notices = tx.execute(
        &format!("DELETE FROM tick_notices WHERE id IN ({which})"),
        params![before, limit],
    )?;
    Ok(Freed {
        count: (told + notices) as u64,
        bytes: bytes.unsigned_abs() + 160 * told as u64,
    })
}
