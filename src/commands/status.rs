//! `kanban status`

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::tick::say;
use super::{Global, Session};
use crate::config::Config;
use crate::exit::{Failure, Kind};
use crate::render;
use crate::render::page::{field, field_in};
use crate::render::style::{Colour, Style};
use crate::store::deliveries::{self, Struggle};
use crate::store::lanes::{self, Lane};
use crate::store::meta::{self, LastTick};
use crate::store::pauses::{self, Pause};
use crate::store::quarantine::{self, Mark};
use crate::store::runs::{self, HeldRun};
use crate::store::targets::{self, Target};
use crate::store::{Snapshot, Store, claims, tasks};
use crate::tick;
use crate::tick::hermes::{self, Hold};
use crate::tick::judge::Judge;
use crate::tick::open_runs;
use crate::tick::served;
use crate::tick::waiting::Reason;
use crate::time::{self, Seconds};

/// Say whether a board is served: the last tick, what runs, what is due, what is held
///
/// Exits 1 if something is wrong: no tick for three times tick_every although there is something to do, an
/// error in the last tick, a worker that cannot be started, a run whose processes cannot be ended, or messages that
/// cannot be delivered. Exits 5 if the board is quarantined.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban status
  $ kanban status || mail -s "the board needs somebody" me"#)]
pub struct Args {}

/// The state of a board.
#[derive(Debug, Serialize)]
struct State {
    board: String,
    healthy: bool,
    /// What is wrong, a line each.
    problems: Vec<String>,
    /// Unix seconds of the last tick of any kind.
    last_tick_at: Option<Seconds>,
    /// Seconds since then.
    last_tick_age: Option<Seconds>,
    /// Seconds between two ticks, as the configuration says.
    tick_every: Seconds,
    /// The last tick that had something to do.
    last_tick: Option<LastTick>,
    /// How many cards are in each column.
    cards: BTreeMap<String, i64>,
    /// How many workers of each name run.
    running: BTreeMap<String, u32>,
    /// Cards that a tick would start now.
    due: usize,
    /// Cards that could start and do not, by the reason.
    waiting: BTreeMap<String, usize>,
    paused: Vec<Pause>,
    lanes_held: Vec<Lane>,
    /// Runs that keep their cards although no supervisor is at work for them.
    runs_held: Vec<HeldRun>,
    deliveries: Deliveries,
}

/// How the telling stands.
#[derive(Debug, Default, Serialize)]
struct Deliveries {
    /// Messages to be sent.
    open: i64,
    /// Messages that could not be delivered, and that somebody has to try again or give up.
    dead: i64,
    /// Targets to which nothing is sent until somebody puts them right.
    paused: Vec<PausedTarget>,
    /// Channels whose messages fail again and again, and are still tried.
    struggling: Vec<Struggle>,
    /// Channels that are not in the configuration any more, with what is still to be sent to them.
    unknown: BTreeMap<String, i64>,
}

#[derive(Debug, Serialize)]
struct PausedTarget {
    #[serde(flatten)]
    target: Target,
    why: String,
    /// Unix seconds.
    since: Option<Seconds>,
}

/// Runs the command.
pub fn run(_: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let now = time::now()?;
    if let Some(mark) = quarantine::read(&session.board.db()) {
        return quarantined(&session, &mark, global);
    }
    let state = look(&session, &session.reader()?, now)?;
    if global.json {
        render::print(&render::json(&state)?)?;
    } else {
        render::print(&text(&state, now))?;
    }
    match state.problems.first() {
        None => Ok(()),
        Some(first) => {
            Err(Failure::new(Kind::Failed, format!("board {}: {first}", state.board)).into())
        }
    }
}

/// What is known of a board whose file is damaged stands beside it.
fn quarantined(session: &Session, mark: &Mark, global: &Global) -> Result<()> {
    let failure = mark.failure(&session.board.db());
    if global.json {
        let object = json!({
            "board": session.board.slug, "healthy": false, "problems": [failure.to_string()],
            "last_tick_at": tick::last_at(&session.board), "quarantine": mark,
        });
        render::print(&render::json(&object)?)?;
    } else {
        let style = Style::stdout();
        let mut out = field(&style, "board", session.board.slug.as_str());
        out += &field_in(&style, Colour::Red, "quarantined", &mark.said);
        if let Some(since) = mark.since {
            out += &field(&style, "since", &time::local(since));
        }
        for told in &mark.told {
            let how = match (told.delivered_at, &told.why) {
                (Some(at), _) => format!("{} was told on {}", told.channel, time::local(at)),
                (None, Some(why)) => format!("{} could not be told: {why}", told.channel),
                (None, None) => format!("{} is being told", told.channel),
            };
            out += &field(&style, "alert", &how);
        }
        render::print(&out)?;
    }
    Err(failure.into())
}

/// What is wrong with a board, in sentences.
pub(super) fn wrong(session: &Session, store: &Store, now: Seconds) -> Result<Vec<String>> {
    Ok(look(session, store, now)?.problems)
}

fn look(session: &Session, store: &Store, now: Seconds) -> Result<State> {
    let board = &session.board;
    let what = format!("cannot look at board {}", board.slug);
    let mut state = store.read(&what, |conn| {
        let mut judge = Judge::new(conn, &session.config, board, now)?;
        let (mut due, mut waiting) = (0, BTreeMap::new());
        let mut missed = BTreeSet::new();
        for column in judge.columns() {
            claims::candidates(conn, &column, |card| {
                match judge.judge(&card) {
                    Ok(_) => due += 1,
                    Err(reason) => {
                        *waiting.entry(say(&reason)).or_insert(0) += 1;
                        if let Reason::LaneHeld { worker, .. } = reason {
                            missed.insert(worker);
                        }
                    }
                }
                std::ops::ControlFlow::Continue(())
            })?;
        }
        Ok(State {
            board: board.slug.to_string(),
            healthy: true,
            problems: Vec::new(),
            last_tick_at: None,
            last_tick_age: None,
            tick_every: session.config.defaults().tick_every.0,
            last_tick: meta::last_tick(conn)?,
            cards: tasks::counts(conn)?
                .into_iter()
                .map(|(status, n)| (status.to_string(), n))
                .collect(),
            running: claims::running(conn)?.into_iter().collect(),
            due,
            waiting,
            paused: pauses::list(conn)?,
            // A lane that no card waits for is nobody's problem.
            lanes_held: lanes::list(conn)?
                .into_iter()
                .filter(|lane| missed.contains(&lane.worker))
                .collect(),
            runs_held: runs_held(session, conn, now)?,
            deliveries: telling(conn, &session.config)?,
        })
    })?;
    state.last_tick_at = tick::last_at(board);
    state.last_tick_age = state.last_tick_at.map(|at| now.saturating_sub(at));
    state.problems = problems(&state, now);
    match hermes::admit(board) {
        Err(e) => state.problems.push(crate::exit::line(&e)),
        Ok(Hold::EmergencyStop) => state
            .problems
            .push("the emergency stop of Hermes is set".into()),
        Ok(Hold::No) => {}
    }
    state.healthy = state.problems.is_empty();
    Ok(state)
}

/// Runs that keep cards although no supervisor can end them: those without a supervisor, and those that the board does not
/// know because an earlier copy of it was put back.
fn runs_held(session: &Session, conn: &Snapshot, now: Seconds) -> Result<Vec<HeldRun>> {
    let mut held = runs::held(conn)?;
    let known = runs::alive_nonces(conn)?;
    for (task, why) in open_runs::unknown_to_board(&session.board, &known, now)? {
        held.push(HeldRun {
            title: tasks::get(conn, &task).map_or_else(|_| String::new(), |card| card.title),
            task,
            run: None,
            why,
        });
    }
    Ok(held)
}

fn telling(conn: &Snapshot, config: &Config) -> Result<Deliveries> {
    let mut standing = Deliveries {
        struggling: deliveries::struggles(conn)?,
        ..Deliveries::default()
    };
    for (channel, open, dead) in deliveries::standing(conn)? {
        standing.open += open;
        standing.dead += dead;
        if open > 0 && config.channel(&channel).is_none() {
            standing.unknown.insert(channel, open);
        }
    }
    let paused = targets::list(conn)?.into_iter().filter(|(target, held)| {
        held.paused_at.is_some() && config.channel(&target.channel).is_some()
    });
    standing.paused = paused
        .map(|(target, held)| PausedTarget {
            target,
            why: held.why.unwrap_or_default(),
            since: held.paused_at,
        })
        .collect();
    Ok(standing)
}

fn problems(state: &State, now: Seconds) -> Vec<String> {
    let mut found = Vec::new();
    let busy = || state.due > 0 || !state.running.is_empty();
    found.extend(served::problem(state.last_tick_age, state.tick_every, busy));
    if let Some(error) = state
        .last_tick
        .as_ref()
        .and_then(|tick| tick.error.as_ref())
    {
        found.push(format!("the last tick could not do everything: {error}"));
    }
    for lane in &state.lanes_held {
        found.push(format!("{} cannot be started: {}", lane.worker, lane.error));
    }
    for run in &state.runs_held {
        found.push(format!("{} ({}) is kept: {}", run.task, run.title, run.why));
    }
    let told = &state.deliveries;
    for paused in &told.paused {
        found.push(format!(
            "nothing can be delivered to {}: {}",
            paused.target, paused.why
        ));
    }
    for struggle in &told.struggling {
        let age = time::humane(now.saturating_sub(struggle.since));
        found.push(format!(
            "{} could not be told of {} for {age}, and is still tried: {}",
            struggle.channel, struggle.messages, struggle.why
        ));
    }
    if told.dead > 0 {
        let messages = if told.dead == 1 {
            "message"
        } else {
            "messages"
        };
        found.push(format!(
            "{} {messages} could not be delivered; kanban deliveries list --state dead",
            told.dead
        ));
    }
    for (channel, open) in &told.unknown {
        found.push(format!(
            "{open} to be sent to {channel}, which is no channel of the configuration any more"
        ));
    }
    found
}

fn text(state: &State, now: Seconds) -> String {
    let style = Style::stdout();
    let mut out = field(&style, "board", &state.board);
    out += &match &state.problems[..] {
        [] => field_in(&style, Colour::Green, "state", "healthy"),
        all => all
            .iter()
            .map(|what| field_in(&style, Colour::Red, "problem", what))
            .collect(),
    };
    let tick = match state.last_tick_age {
        None => "never".to_owned(),
        Some(age) => format!(
            "{} ago (expected every {})",
            time::humane(age),
            time::humane(state.tick_every)
        ),
    };
    out += &field(&style, "last tick", &tick);
    if let Some(last) = &state.last_tick {
        let counts = last.counts.as_object().map(|counts| {
            let some = counts.iter().filter(|(_, n)| n.as_u64() != Some(0));
            some.map(|(what, n)| format!("{n} {what}"))
                .collect::<Vec<_>>()
                .join(", ")
        });
        let ago = time::humane(now.saturating_sub(last.started_at));
        out += &field(
            &style,
            "last work",
            &format!("{ago} ago: {}", counts.unwrap_or_default()),
        );
    }
    let list = |all: Vec<String>| match all.is_empty() {
        true => "-".to_owned(),
        false => all.join(", "),
    };
    let cards = state.cards.iter().map(|(name, n)| format!("{n} {name}"));
    out += &field(&style, "cards", &list(cards.collect()));
    let running = state.running.iter().map(|(name, n)| format!("{n} {name}"));
    out += &field(&style, "running", &list(running.collect()));
    out += &field(&style, "due", &state.due.to_string());
    for (why, n) in &state.waiting {
        out += &field(&style, "waiting", &format!("{n}: {why}"));
    }
    for pause in &state.paused {
        let what = pause.worker.as_deref().unwrap_or("the whole board");
        let why = pause
            .reason
            .as_ref()
            .map_or(String::new(), |r| format!(": {r}"));
        let since = time::local(pause.since);
        out += &field(
            &style,
            "paused",
            &format!("{what} since {since} by {}{why}", pause.by),
        );
    }
    if state.deliveries.open > 0 {
        out += &field(&style, "to send", &state.deliveries.open.to_string());
    }
    for lane in &state.lanes_held {
        let until = time::local(lane.until);
        out += &field(
            &style,
            "held",
            &format!("{} until {until}: {}", lane.worker, lane.error),
        );
    }
    out
}
