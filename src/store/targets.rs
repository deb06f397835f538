//! Targets: what holds one, and for how long.
//!
//! A target is a channel of the configuration, and an address and a thread within it where a subscription
//! names them.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::{Tx, outbox};
use crate::board::delivery::{PROBE_EVERY, has_come};
use crate::time::Seconds;

/// Somebody to tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Target {
    /// The name of the channel in the configuration.
    pub channel: String,
    /// The chat, channel, room or topic; empty: what the configuration says.
    pub address: String,
    /// The thread there; empty: what the configuration says.
    pub thread: String,
}

impl Target {
    /// A channel as the configuration has it.
    pub fn of_channel(name: &str) -> Self {
        Self {
            channel: name.to_owned(),
            address: String::new(),
            thread: String::new(),
        }
    }

    /// From the columns of these names.
    pub fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            channel: row.get("channel")?,
            address: row.get("address")?,
            thread: row.get("thread")?,
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.channel)?;
        if !self.address.is_empty() {
            write!(f, ":{}", self.address)?;
        }
        if !self.thread.is_empty() {
            write!(f, "/{}", self.thread)?;
        }
        Ok(())
    }
}

/// What is remembered of a target.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Standing {
    /// The receiver asked us to wait until then.
    pub hold_until: Option<Seconds>,
    /// It is broken since then, until somebody puts it right.
    pub paused_at: Option<Seconds>,
    /// Then it is tried again all the same.
    pub probe_at: Option<Seconds>,
    /// What is wrong.
    pub why: Option<String>,
    /// How far its rate is used up, in Unix milliseconds.
    #[serde(skip)]
    pub paced_ms: Option<i64>,
}

/// What may be sent to a target now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Whatever is due.
    Open,
    /// One message, to see whether it works again.
    Probe,
    /// Nothing.
    Closed,
}

impl Standing {
    /// What may be sent now.
    pub fn admission(&self, now: Seconds) -> Admission {
        if self.hold_until.is_some_and(|at| !has_come(at, now)) {
            return Admission::Closed;
        }
        match (self.paused_at, self.probe_at) {
            (None, _) => Admission::Open,
            (Some(_), Some(at)) if at <= now => Admission::Probe,
            (Some(_), _) => Admission::Closed,
        }
    }
}

/// What is remembered of a target; nothing holds one that is not known.
pub fn standing(conn: &Connection, target: &Target) -> Result<Standing> {
    Ok(conn
        .prepare_cached(
            "SELECT hold_until, paused_at, probe_at, why, paced_ms FROM tick_targets
             WHERE channel = ?1 AND address = ?2 AND thread = ?3",
        )?
        .query_row(
            params![target.channel, target.address, target.thread],
            read_standing,
        )
        .optional()?
        .unwrap_or_default())
}

fn read_standing(r: &Row<'_>) -> rusqlite::Result<Standing> {
    Ok(Standing {
        hold_until: r.get("hold_until")?,
        paused_at: r.get("paused_at")?,
        probe_at: r.get("probe_at")?,
        why: r.get("why")?,
        paced_ms: r.get("paced_ms")?,
    })
}

/// Every target that is known, with what is remembered of it.
pub fn list(conn: &Connection) -> Result<Vec<(Target, Standing)>> {
    let mut statement = conn.prepare_cached(
        "SELECT channel, address, thread, hold_until, paused_at, probe_at, why, paced_ms FROM tick_targets
         ORDER BY channel, address, thread",
    )?;
    let rows = statement.query_map([], |r| Ok((Target::read(r)?, read_standing(r)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sends nothing more to a target before a time.
pub fn hold(tx: &Tx<'_>, target: &Target, until: Seconds) -> Result<()> {
    tx.execute(
        "INSERT INTO tick_targets (channel, address, thread, hold_until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET hold_until = max(coalesce(hold_until, 0), ?4)",
        params![target.channel, target.address, target.thread, until],
    )?;
    Ok(())
}

/// Sends nothing more to a target that is broken; one that is not gone for good is tried now and then.
/// `true`: it was not paused before, so it is news.
pub fn pause(tx: &Tx<'_>, target: &Target, why: &str, gone: bool, now: Seconds) -> Result<bool> {
    let probe = (!gone).then_some(now.saturating_add(PROBE_EVERY));
    let was = standing(tx, target)?.paused_at.is_some();
    tx.execute(
        "INSERT INTO tick_targets (channel, address, thread, paused_at, probe_at, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET paused_at = coalesce(paused_at, ?4), probe_at = ?5, why = ?6",
        params![
            target.channel,
            target.address,
            target.thread,
            now,
            probe,
            why
        ],
    )?;
    Ok(!was)
}

/// Lets a target be sent to again, and what died of it be told. `false`: nothing held it.
pub fn resume(tx: &Tx<'_>, target: &Target, now: Seconds) -> Result<bool> {
    let held = tx.execute(
        "UPDATE tick_targets SET paused_at = NULL, probe_at = NULL, why = NULL, hold_until = NULL
         WHERE channel = ?1 AND address = ?2 AND thread = ?3
           AND (paused_at IS NOT NULL OR hold_until IS NOT NULL)",
        params![target.channel, target.address, target.thread],
    )? == 1;
    let revived = outbox::revive(tx, target, now)?;
    Ok(held || revived > 0)
}

/// Remembers how far the rate of a target is used up.
pub fn pace(tx: &Tx<'_>, target: &Target, paced_ms: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO tick_targets (channel, address, thread, paced_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET paced_ms = ?4",
        params![target.channel, target.address, target.thread, paced_ms],
    )?;
    Ok(())
}
