//! What a tick may have to do, by one query: most ticks find nothing, and are over after it.
//!
//! Each answer may say yes too often, and never no where there is something: the pass that it is asked for
//! looks closely.

use anyhow::Result;
use rusqlite::{Connection, params};

use super::{history, outbox, promotion};
use crate::time::Seconds;

/// Where there may be something to do.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    /// Runs of ours that are not proven dead.
    pub runs: bool,
    /// Cards in the running column, whoever started them.
    pub running: bool,
    /// Cards in a column that is dispatched.
    pub startable: bool,
    /// Cards whose moment has come, or events that promotion has not seen.
    pub promotable: bool,
    /// Events that nobody was told of, or somebody who wants to hear of older ones.
    pub news: bool,
    /// Messages whose time has come.
    pub deliveries: bool,
}

/// Looks.
pub fn glance(conn: &Connection, now: Seconds) -> Result<Glance> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM tick_runs WHERE dead = 0),
                EXISTS (SELECT 1 FROM tasks WHERE status IN ('running', 'ready', 'review', 'triage')),
                EXISTS (SELECT 1 FROM tick_cards WHERE not_before <= ?1),
                {}",
        outbox::DUE
    ))?;
    let newest = history::last_event(conn)?;
    let stale = promotion::cursor(conn, newest, now)?.is_stale();
    let announced = outbox::announced(conn)?;
    let mut seen = statement.query_row(params![now, outbox::horizon(now)], |r| {
        let active = r.get(1)?;
        Ok(Glance {
            runs: r.get(0)?,
            running: active,
            startable: active,
            promotable: stale || r.get(2)?,
            news: newest > announced,
            deliveries: r.get(3)?,
        })
    })?;
    if seen.running {
        // Which of them is asked by ticks that find any: each question is a hundredth of one that finds nothing.
        (seen.running, seen.startable) = conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'running'),
                        EXISTS (SELECT 1 FROM tasks WHERE status IN ('ready', 'review', 'triage'))",
            )?
            .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    }
    Ok(seen)
}
