//! The outbox: what is told to whom, and how each delivery went.
//!
//! Rows are made from events by a cursor, in the transaction that moves the cursor, so each event is looked
//! at once whoever wrote it. A try is written down before it begins. The lease of what is in flight is the
//! delivery lock: whoever holds it and finds such a row knows that its sender is gone.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};

use super::targets::Target;
use super::{Tx, meta};
use crate::board::delivery::{self, Outcome, PATIENCE, State};
use crate::board::notice::Notice;
use crate::board::queue::{Digest, Turn, Waiting, turns};
use crate::time::Seconds;

/// Open messages of one target that are looked at: far more than ever wait for it but after days of an outage.
const LOOKED_AT_MAX: u32 = 20_000;
/// Messages that one target is sent at a time; their texts are in memory until they are told.
const TURNS_MAX: usize = 500;

/// The last event that announcing has read.
pub fn announced(conn: &Connection) -> Result<i64> {
    Ok(meta::number(conn, "announced")?.unwrap_or(0))
}

/// Remembers how far announcing has read.
pub fn advance(tx: &Tx<'_>, to: i64) -> Result<()> {
    meta::remember(tx, "announced", to)
}

/// A number that keeps this board's deliveries apart from those of others.
pub fn board_number(conn: &Connection) -> Result<i64> {
    Ok(meta::number(conn, "board")?.unwrap_or(0))
}

/// Takes a notice down. One about an event that was taken down before is the one that was.
pub fn note(tx: &Tx<'_>, notice: &Notice, now: Seconds) -> Result<i64> {
    let task = notice.task.as_ref().map(|card| card.id.as_str());
    tx.execute(
        "INSERT INTO tick_notices (event_id, task_id, kind, created_at, facts) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (event_id) DO NOTHING",
        params![
            notice.event.id,
            task,
            notice.event.kind,
            now,
            serde_json::to_string(notice)?
        ],
    )?;
    match notice.event.id {
        None => Ok(tx.last_insert_rowid()),
        Some(event) => Ok(tx.query_row(
            "SELECT id FROM tick_notices WHERE event_id = ?1",
            [event],
            |r| r.get(0),
        )?),
    }
}

/// Has a notice told to a target, not before a time. `false`: it is or was told there already.
pub fn put(
    tx: &Tx<'_>,
    (notice_id, task): (i64, Option<&str>),
    id: &str,
    target: &Target,
    next_at: Seconds,
    now: Seconds,
) -> Result<bool> {
    Ok(tx.execute(
        "INSERT INTO tick_deliveries (id, notice_id, task_id, channel, address, thread, state, next_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'due', ?7, ?8) ON CONFLICT DO NOTHING",
        params![
            id,
            notice_id,
            task,
            target.channel,
            target.address,
            target.thread,
            next_at,
            now
        ],
    )? == 1)
}

/// The end of the digest that a message about a card falls into, if the target was told of the card within
/// `window` seconds.
pub fn digest_ends(
    conn: &Connection,
    target: &Target,
    task: &str,
    window: Seconds,
    now: Seconds,
) -> Result<Option<Seconds>> {
    let last: Option<(Seconds, Seconds, Option<Seconds>)> = conn
        .prepare_cached(
            "SELECT created_at, next_at, done_at FROM tick_deliveries
             WHERE task_id = ?1 AND channel = ?2 AND address = ?3 AND thread = ?4
               AND state NOT IN ('held_back', 'cancelled') ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(
            params![task, target.channel, target.address, target.thread],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .optional()?;
    Ok(last.and_then(|(created, next, done)| {
        let ends = match done {
            None if next > now => next,
            _ => created.saturating_add(window),
        };
        // A clock that was stepped must not hold a message for longer than the window.
        (ends > now && ends <= now.saturating_add(window)).then_some(ends)
    }))
}

/// Whether anything is open whose time has come: `?1` is now, `?2` is [`horizon`].
pub(super) const DUE: &str =
    "EXISTS (SELECT 1 FROM tick_deliveries WHERE done_at IS NULL AND next_at <= ?1)
     OR EXISTS (SELECT 1 FROM tick_deliveries WHERE done_at IS NULL AND next_at > ?2)";

/// What is to be sent later than this was put off by a clock that went wrong, and is due.
pub(super) fn horizon(now: Seconds) -> Seconds {
    now.saturating_add(delivery::HORIZON)
}

/// Whether anything is open whose time has come.
pub fn is_due(conn: &Connection, now: Seconds) -> Result<bool> {
    Ok(conn
        .prepare_cached(&format!("SELECT {DUE}"))?
        .query_row(params![now, horizon(now)], |r| r.get(0))?)
}

/// The targets for which something is open whose time has come.
pub fn due_targets(conn: &Connection, now: Seconds) -> Result<Vec<Target>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT channel, address, thread FROM tick_deliveries
         WHERE done_at IS NULL AND (next_at <= ?1 OR next_at > ?2) ORDER BY channel, address, thread",
    )?;
    let rows = statement.query_map(params![now, horizon(now)], Target::read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whose turn it is in the queue of a target.
pub fn queue(
    conn: &Connection,
    target: &Target,
    digest: Digest,
    now: Seconds,
) -> Result<Vec<Turn>> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, task_id, attempts, next_at FROM tick_deliveries
         WHERE channel = ?1 AND address = ?2 AND thread = ?3 AND done_at IS NULL ORDER BY seq LIMIT ?4",
    )?;
    let rows = statement.query_map(
        params![target.channel, target.address, target.thread, LOOKED_AT_MAX],
        |r| {
            Ok(Waiting {
                seq: r.get(0)?,
                task: r.get(1)?,
                attempts: r.get(2)?,
                next_at: r.get(3)?,
            })
        },
    )?;
    let queue: Vec<Waiting> = rows.collect::<rusqlite::Result<_>>()?;
    let mut turns = turns(&queue, digest, now);
    turns.truncate(TURNS_MAX);
    Ok(turns)
}

/// Whether anything was in flight when its tick died. Only whoever holds the delivery lock may conclude that.
pub fn has_orphans(conn: &Connection) -> Result<bool> {
    Ok(conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM tick_deliveries WHERE done_at IS NULL AND state = 'in_flight')",
        [],
        |r| r.get(0),
    )?)
}

/// What was in flight when its tick died: to be tried again at once, unless it has been too often.
pub fn recover(tx: &Tx<'_>, now: Seconds) -> Result<usize> {
    let mut statement =
        tx.prepare_cached("SELECT seq, id, attempts FROM tick_deliveries WHERE done_at IS NULL AND state = 'in_flight'")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let orphans: Vec<(i64, String, u32)> = rows.collect::<rusqlite::Result<_>>()?;
    for (seq, id, attempts) in &orphans {
        let next = match *attempts {
            0..=PATIENCE => Some(now),
            more => delivery::next_try(more, None, now, id),
        };
        let why = "the tick that was sending it was killed";
        retry_or_die(tx, *seq, next, "ambiguous", why, now)?;
    }
    Ok(orphans.len())
}

/// A message that a tick has taken upon itself to send.
#[derive(Debug, Clone)]
pub struct Leased {
    pub seq: i64,
    pub id: String,
    /// This try included.
    pub attempts: u32,
    pub notice: Notice,
    pub held_back: u32,
}

/// Writes down that a message is being sent, and that it stands for those that it holds back.
pub fn lease(tx: &Tx<'_>, turn: &Turn, now: Seconds) -> Result<Option<Leased>> {
    for seq in &turn.held_back {
        tx.execute(
            "UPDATE tick_deliveries SET state = 'held_back', told_by = ?2, done_at = ?3
             WHERE seq = ?1 AND state = 'due'",
            params![seq, turn.seq, now],
        )?;
    }
    let taken = tx.execute(
        "UPDATE tick_deliveries SET state = 'in_flight', attempts = attempts + 1, tried_at = ?2,
                held_back = held_back + ?3
         WHERE seq = ?1 AND state IN ('due', 'retry')",
        params![
            turn.seq,
            now,
            i64::try_from(turn.held_back.len()).unwrap_or(i64::MAX)
        ],
    )?;
    if taken == 0 {
        return Ok(None);
    }
    let (id, attempts, held_back, facts): (String, u32, u32, String) = tx.query_row(
        "SELECT d.id, d.attempts, d.held_back, n.facts
         FROM tick_deliveries d JOIN tick_notices n ON n.id = d.notice_id WHERE d.seq = ?1",
        [turn.seq],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    Ok(Some(Leased {
        seq: turn.seq,
        id,
        attempts,
        notice: serde_json::from_str(&facts)?,
        held_back,
    }))
}

/// Gives back what was leased and not begun: the try did not happen.
pub fn give_back(tx: &Tx<'_>, seq: i64) -> Result<()> {
    tx.execute(
        "UPDATE tick_deliveries SET state = CASE WHEN attempts > 1 THEN 'retry' ELSE 'due' END,
                attempts = attempts - 1
         WHERE seq = ?1 AND state = 'in_flight'",
        [seq],
    )?;
    Ok(())
}

/// Books how a try ended. Returns the state that came of it. `None`: somebody cancelled it meanwhile, or a
/// later tick took it for lost and sends it again.
pub fn settle(
    tx: &Tx<'_>,
    leased: &Leased,
    outcome: &Outcome,
    now: Seconds,
) -> Result<Option<State>> {
    let ours: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM tick_deliveries WHERE seq = ?1 AND state = 'in_flight' AND attempts = ?2)",
        params![leased.seq, leased.attempts],
        |r| r.get(0),
    )?;
    if !ours {
        return Ok(None);
    }
    let (word, why) = (outcome.word(), outcome.why().unwrap_or_default());
    let after = match outcome {
        Outcome::Retry { after, .. } | Outcome::Ambiguous { after, .. } => *after,
        _ => None,
    };
    Ok(Some(match outcome {
        Outcome::Delivered { receipt } => {
            tx.execute(
                "UPDATE tick_deliveries SET state = 'delivered', done_at = ?2, outcome = ?3, why = NULL, receipt = ?4
                 WHERE seq = ?1",
                params![leased.seq, now, word, receipt],
            )?;
            State::Delivered
        }
        Outcome::Retry { .. } | Outcome::Ambiguous { .. } => {
            let next = delivery::next_try(leased.attempts, after, now, &leased.id);
            retry_or_die(tx, leased.seq, next, word, why, now)?
        }
        Outcome::DeadMessage { .. } | Outcome::DeadTarget { .. } => {
            retry_or_die(tx, leased.seq, None, word, why, now)?
        }
    }))
}

fn retry_or_die(
    tx: &Tx<'_>,
    seq: i64,
    next: Option<Seconds>,
    outcome: &str,
    why: &str,
    now: Seconds,
) -> Result<State> {
    let state = match next {
        Some(_) => State::Retry,
        None => State::Dead,
    };
    tx.execute(
        "UPDATE tick_deliveries SET state = ?2, next_at = coalesce(?3, next_at), outcome = ?4, why = ?5,
                done_at = CASE WHEN ?3 IS NULL THEN ?6 END
         WHERE seq = ?1",
        params![seq, state.as_str(), next, outcome, why, now],
    )?;
    Ok(state)
}

/// Takes notices of a kind back that wait for a broken target. Returns them.
pub fn stranded(tx: &Tx<'_>, target: &Target, kind: &str, now: Seconds) -> Result<Vec<i64>> {
    let mut statement = tx.prepare(
        "UPDATE tick_deliveries SET state = 'cancelled', done_at = ?5, why = 'told by another channel'
         WHERE channel = ?1 AND address = ?2 AND thread = ?3 AND state IN ('due', 'retry')
           AND notice_id IN (SELECT id FROM tick_notices WHERE kind = ?4) RETURNING notice_id",
    )?;
    let rows = statement.query_map(
        params![target.channel, target.address, target.thread, kind, now],
        |r| r.get(0),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether anything died of a broken target.
pub fn can_revive(conn: &Connection, target: &Target) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM tick_deliveries
                            WHERE state = 'dead' AND outcome = 'dead_target'
                              AND channel = ?1 AND address = ?2 AND thread = ?3)",
        )?
        .query_row(
            params![target.channel, target.address, target.thread],
            |r| r.get(0),
        )?)
}

/// Lets those be told again that died of a broken target, now that it works.
pub fn revive(tx: &Tx<'_>, target: &Target, now: Seconds) -> Result<usize> {
    Ok(tx.execute(
        "UPDATE tick_deliveries SET state = 'due', attempts = 0, next_at = ?4, done_at = NULL
         WHERE state = 'dead' AND outcome = 'dead_target' AND channel = ?1 AND address = ?2 AND thread = ?3",
        params![target.channel, target.address, target.thread, now],
    )?)
}
