//! The page of the board: made when somebody asks, and kept up to date by ticks where the configuration
//! names a file for it.
//!
//! A page that cannot be made is a problem that the tick tells, and costs no start and no message.

use anyhow::{Context, Result};

use super::lock::is_other_hour;
use super::report::Page;
use super::{Tick, last_at, served};
use crate::board::overview::{Card, Overview, Standing, Upkeep};
use crate::board::status::Status;
use crate::config::{Board, Config};
use crate::fsx::{self, Wait};
use crate::render::{escape, report};
use crate::store::{Snapshot, Store, deliveries, history, lanes, meta, overview, pauses, targets};
use crate::time::{self, Seconds, Zone};

/// The newest event that the page shows.
const SHOWN: &str = "page_event";
/// When it was made.
const MADE: &str = "page_at";
/// While workers run, a tick follows soon, so a page that is younger is left to that one: many short runs on
/// a large board shall not spend their time on pages.
const YOUNG: Seconds = 5;

/// A page, and how many cards are on it.
#[derive(Debug)]
pub struct Made {
    /// The HTML.
    pub html: String,
    /// How many cards are on it.
    pub cards: usize,
    /// The newest event that it shows.
    event: i64,
}

/// Who has a page made.
#[derive(Debug, Clone, Copy)]
pub enum For<'a> {
    /// Somebody, once.
    Somebody,
    /// A tick that keeps it up to date, and what it could not do.
    Tick(&'a [String]),
}

/// Makes the page of a board as it is now.
pub fn make(config: &Config, board: &Board, store: &Store, whom: For<'_>) -> Result<Made> {
    let (now, zone) = (time::now()?, Zone::here());
    let what = format!("cannot read board {} for its page", board.slug);
    let (overview, standing, event) = store.read(&what, |conn| {
        let overview = overview::read(conn, now, &zone)?;
        let last_tick_at = last_at(board);
        let (upkeep, error) = match whom {
            For::Somebody => (
                Upkeep::Once,
                meta::last_tick(conn)?.and_then(|tick| tick.error),
            ),
            For::Tick(errors) => (Upkeep::Ticks, errors.first().cloned()),
        };
        let standing = Standing {
            board: board.slug.to_string(),
            made_at: now,
            last_tick_at,
            problems: error
                .map(|e| format!("the last tick could not do everything: {e}"))
                .into_iter()
                .chain(problems(conn, config, &overview, last_tick_at, now)?)
                .collect(),
            paused: paused(conn, now)?,
            upkeep,
        };
        Ok((overview, standing, history::last_event(conn)?))
    })?;
    Ok(Made {
        html: report::page(&overview, &standing, &zone)?,
        cards: overview.cards.len(),
        event,
    })
}

/// Makes the page anew that the configuration names, if what it shows has changed or it is of another hour:
/// its readers can tell a board where nothing happens from one that nobody serves.
pub(super) fn keep(tick: &mut Tick<'_>) {
    let Some(path) = tick.config.page(&tick.board.slug) else {
        return;
    };
    let path = path.to_owned();
    match renew(tick, &path) {
        Ok(page) => tick.report.report = page,
        Err(e) => {
            let why = escape::line(&crate::exit::line(&e));
            tick.report.errors.push(format!(
                "the page {} could not be made: {why}",
                path.display()
            ));
            // So that the next tick tries again, whatever another one made meanwhile. It does so anyway if there
            // has been no page; if even this cannot be written, the record of this tick cannot either, and says so.
            let forgotten = tick.store.write("recording that there is no page", |tx| {
                meta::remember(tx, MADE, 0)
            });
            if let Err(e) = forgotten {
                tick.report.errors.push(crate::exit::line(&e));
            }
        }
    }
}

fn renew(tick: &mut Tick<'_>, path: &std::path::Path) -> Result<Option<Page>> {
    if !is_due(tick, path)? {
        return Ok(None);
    }
    let lock = tick.board.page_lock();
    let lock_file = fsx::open_lock(&lock)?;
    fsx::lock_exclusive(&lock_file, Wait::Forever)
        .with_context(|| format!("cannot take the lock {}", lock.display()))?;
    // Another tick may have made it while we waited.
    if !is_due(tick, path)? {
        return Ok(None);
    }
    let made = make(
        tick.config,
        tick.board,
        &tick.store,
        For::Tick(&tick.report.errors),
    )?;
    fsx::renew(path, made.html.as_bytes())?;
    let now = tick.now;
    tick.store.write("recording the page", |tx| {
        meta::remember(tx, SHOWN, made.event)?;
        meta::remember(tx, MADE, now)
    })?;
    Ok(Some(Page {
        path: path.to_string_lossy().into_owned(),
        bytes: made.html.len(),
        cards: made.cards,
    }))
}

/// Whether the page does not show the board as it is. An idle tick asks the board for three numbers.
fn is_due(tick: &Tick<'_>, path: &std::path::Path) -> Result<bool> {
    let (newest, shown, made) = tick.store.read("looking whether the page is due", |conn| {
        Ok((
            history::last_event(conn)?,
            meta::number(conn, SHOWN)?,
            meta::number(conn, MADE)?,
        ))
    })?;
    let Some(made) = made else { return Ok(true) };
    let age = tick.now - made;
    if path.symlink_metadata().is_err() || is_other_hour(made, tick.now) {
        return Ok(true);
    }
    let followed = tick.report.counts.running > 0 && (0..YOUNG).contains(&age);
    Ok(!followed && (shown != Some(newest) || tick.report.did_something()))
}

/// What is paused, a line each.
fn paused(conn: &Snapshot, now: Seconds) -> Result<Vec<String>> {
    let all = pauses::list(conn)?.into_iter().map(|pause| {
        let what = pause.worker.as_deref().unwrap_or("the board");
        let why = pause.reason.map_or(String::new(), |why| format!(": {why}"));
        let since = time::humane(now - pause.since);
        format!("{what} is paused by {} for {since}{why}", pause.by)
    });
    Ok(all.collect())
}

/// What a person should look at, a line each.
fn problems(
    conn: &Snapshot,
    config: &Config,
    overview: &Overview,
    last_tick_at: Option<Seconds>,
    now: Seconds,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let every = config.defaults().tick_every.0;
    let to_do = |card: &Card| matches!(card.status, Status::Ready | Status::Running);
    let busy = || overview.cards.iter().any(to_do);
    found.extend(served::problem(
        last_tick_at.map(|at| now - at),
        every,
        busy,
    ));
    for lane in lanes::list(conn)? {
        let waits = |card: &Card| {
            card.status == Status::Ready && card.assignee.as_ref() == Some(&lane.worker)
        };
        // A lane that no card waits for is nobody's problem.
        if !overview.cards.iter().any(waits) {
            continue;
        }
        found.push(format!("{} cannot be started: {}", lane.worker, lane.error));
    }
    // Channels alone: an address is nobody's business who is shown the page.
    for (target, standing) in targets::list(conn)? {
        if standing.paused_at.is_some() {
            found.push(format!("nothing can be delivered to {}", target.channel));
        }
    }
    let dead: i64 = deliveries::standing(conn)?.iter().map(|(_, _, n)| n).sum();
    if dead > 0 {
        found.push(format!("{dead} of the messages could not be delivered"));
    }
    Ok(found)
}
