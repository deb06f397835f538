//! Tells that a board is quarantined, once to each channel that hears of the board.
//!
//! The outbox is in the damaged file, so this is sent without it, and the mark beside the file remembers how far
//! it has come: written down before a try begins, and tried again by later ticks until it is delivered or the
//! tries are used up, as any message is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::deliver::{LEAST, is_quiet};
use super::means;
use crate::board::delivery::{Outcome, has_come, next_try};
use crate::board::notice::{Happened, Next, Notice, VERSION};
use crate::config::{Board, Channel, Config};
use crate::delivery::sender::{self, Job, Note, Round};
use crate::delivery::{self, Parcel};
use crate::fsx::{self, Wait};
use crate::store::quarantine::{self, Mark, Telling};
use crate::time::{self, Seconds};

/// The kind of what is told.
const KIND: &str = "board_quarantined";

/// Tells whom it is time to tell, if the board is quarantined.
pub(super) fn run(config: &Config, board: &Board) -> Result<()> {
    let db = board.db();
    if quarantine::read(&db).is_none() {
        return Ok(());
    }
    let lock = fsx::open_lock(&board.deliver_lock())?;
    if !fsx::lock_exclusive(&lock, Wait::No)? {
        return Ok(());
    }
    // It may have been lifted, or told, before the lock was ours.
    let Some(mut mark) = quarantine::read(&db) else {
        return Ok(());
    };
    let now = time::now()?;
    let due = due(config, board, &mut mark, now);
    if due.is_empty() {
        return Ok(());
    }
    for telling in due.iter().map(|(index, _)| *index) {
        let telling = &mut mark.told[telling];
        telling.attempts += 1;
        telling.next_at = next_try(telling.attempts, None, now, &telling.id);
    }
    quarantine::update(&db, &mark)?;
    send(config, board, &mut mark, &due, now)?;
    quarantine::update(&db, &mark)
}

/// The channels to be told now, each with its place in the mark, which gets a place for every channel.
fn due<'a>(
    config: &'a Config,
    board: &Board,
    mark: &mut Mark,
    now: Seconds,
) -> Vec<(usize, &'a Channel)> {
    let wide: Vec<&Channel> = config
        .channels()
        .filter(|c| c.is_board_wide() && c.filter.wants_board(board.slug.as_str()))
        .collect();
    // Where nobody asked for it, it is better told to everybody than to nobody.
    let asked = wide.iter().any(|c| c.filter.wants_kind(KIND));
    let mut due = Vec::new();
    for channel in wide {
        if asked && !channel.filter.wants_kind(KIND) {
            continue;
        }
        let known = mark.told.iter().position(|t| t.channel == channel.name);
        let index = known.unwrap_or_else(|| {
            mark.told.push(Telling {
                channel: channel.name.clone(),
                id: id(board, mark.since, channel),
                next_at: Some(now),
                ..Telling::default()
            });
            mark.told.len() - 1
        });
        let come = mark.told[index].next_at.is_some_and(|at| has_come(at, now));
        if come && !is_quiet(channel, now) {
            due.push((index, channel));
        }
    }
    due
}

/// The number of the board is in the damaged file; its path and the moment say as much.
fn id(board: &Board, since: Option<Seconds>, channel: &Channel) -> String {
    let about = format!("{KIND} {}", board.db().display());
    delivery::id_of(since.unwrap_or_default(), &about, [&channel.name, "", ""])
}

fn send(
    config: &Config,
    board: &Board,
    mark: &mut Mark,
    due: &[(usize, &Channel)],
    now: Seconds,
) -> Result<()> {
    let notice = notice(board, mark, now);
    let http = means::client(config).map_err(anyhow::Error::msg)?;
    let budget = Duration::from_secs(config.delivery().budget.0.unsigned_abs());
    let folder = board.clone();
    let round = Round {
        http: Arc::new(http),
        run: Arc::new(move |channel, program| means::run_program(&folder, channel, program)),
        now,
        began: Instant::now(),
        until: Instant::now() + budget,
        least: LEAST.min(budget / 3),
    };
    let jobs = due
        .iter()
        .map(|(index, channel)| Job {
            settings: Arc::new((*channel).clone()),
            parcels: vec![Parcel {
                id: mark.told[*index].id.clone(),
                at: now,
                attempt: mark.told[*index].attempts,
                notice: notice.clone(),
                held_back: 0,
                to: None,
                thread: None,
            }],
            paced_ms: 0,
        })
        .collect();
    sender::run(jobs, round, |notes| {
        for note in notes {
            if let Note::Tried { job, outcome, .. } = note {
                book(&mut mark.told[due[job].0], &outcome, now);
            }
        }
        Ok(())
    })
}

fn book(telling: &mut Telling, outcome: &Outcome, now: Seconds) {
    telling.why = outcome.why().map(str::to_owned);
    let after = match outcome {
        Outcome::Retry { after, .. } | Outcome::Ambiguous { after, .. } => *after,
        Outcome::Delivered { .. } => {
            telling.delivered_at = Some(now);
            telling.next_at = None;
            return;
        }
        Outcome::DeadMessage { .. } | Outcome::DeadTarget { .. } => {
            telling.next_at = None;
            return;
        }
    };
    telling.next_at = next_try(telling.attempts, after, now, &telling.id);
}

fn notice(board: &Board, mark: &Mark, now: Seconds) -> Notice {
    let slug = board.slug.as_str();
    Notice {
        version: VERSION,
        board: slug.to_owned(),
        event: Happened {
            id: None,
            kind: KIND.into(),
            at: mark.since.unwrap_or(now),
            payload: json!({
                "about": format!("board {slug}"), "error": mark.said, "path": board.db(), "program": mark.program,
                "sqlite": mark.sqlite,
            }),
        },
        task: None,
        run: None,
        next: Next::Person {
            command: format!("kanban check --board {slug}"),
        },
        look: format!("kanban doctor --board {slug}"),
    }
}
