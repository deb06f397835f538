//! One dispatch of a board, from the lock to the checkpoint. [`PASSES`] is the list in order.
//!
//! The clock is read once. What belongs to one card fails on its row or in the report; only a failing
//! board ends the tick.

mod absorb;
mod alarm;
pub mod announce;
#[cfg(test)]
mod at_scale;
pub mod briefing;
pub mod deliver;
mod delivered;
mod dispatch;
mod here;
pub mod hermes;
pub mod judge;
pub mod lock;
pub mod means;
pub mod open_runs;
mod outfit;
pub mod outsiders;
pub mod page;
mod pick;
mod promote;
pub mod prune;
mod reap;
pub mod report;
pub mod served;
pub mod share;
mod start;
mod survey;
pub mod wait;
pub mod waiting;

use std::fs::File;

use anyhow::Result;

use crate::config::{Board, Config};
use crate::exit::Failure;
use crate::store::glance::{self, Glance};
use crate::store::meta::{self, LastTick};
use crate::store::promotion::{self, Cursor};
use crate::store::{Commit, Store, Tx, runs};
use crate::time::{self, Seconds};
use crate::worker::cgroup;
use crate::worker::rundir::RunDir;
use report::Report;
use share::Offer;
use survey::Finding;

/// Past this size, in bytes, no tick leaves the write-ahead log to the next: whoever opens the board reads all of it.
const LOG_LEFT_MAX: u64 = 512 * 1_024;

/// A pass: it does its part and puts what it did into the report.
type Pass = fn(&mut Tick<'_>) -> Result<()>;

/// Whether a pass may have something to do, by what was seen at a glance. Once a pass of this tick did
/// something, those after it are not asked.
type Needed = fn(&Glance) -> bool;

/// The passes under the dispatch lock, in order. [`deliver`] comes after the lock is given back, so that a
/// slow receiver never delays a start.
const PASSES: [(&str, Pass, Needed); 7] = [
    ("survey", survey::run, |seen| seen.runs),
    ("absorb", absorb::run, |seen| seen.runs),
    ("reap", reap::run, |seen| seen.runs),
    ("outsiders", outsiders::run, |seen| seen.running),
    ("promote", promote::run, |seen| seen.promotable),
    ("dispatch", dispatch::run, |seen| {
        seen.startable || seen.runs
    }),
    ("announce", announce::run, |seen| seen.news),
];

/// What to do while another tick holds the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn<'a> {
    /// Leave it to the other one.
    SkipIfLocked,
    /// This run has ended: wait for it, unless somebody waits already, for one that waits serves for all; or unless
    /// all that has ended is booked by then.
    AfterRun(&'a EndedRun),
    /// Wait for it.
    Wait,
}

/// The run whose supervisor runs a follow-up tick.
#[derive(Debug, PartialEq, Eq)]
pub struct EndedRun {
    pub dir: RunDir,
    /// Below which cgroup runs get their own.
    pub cgroups: Option<cgroup::Parent>,
}

/// Whether what is decided is also done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// Yes.
    Real,
    /// No: it is shown, and undone on the board.
    Shown,
}

/// A tick under way.
struct Tick<'a> {
    config: &'a Config,
    board: &'a Board,
    store: Store,
    now: Seconds,
    effects: Effects,
    hold: hermes::Hold,
    /// Nobody waits for the workers: they have to outlive this tick.
    alone: bool,
    /// Below which cgroup runs get their own, once that is known. A follow-up tick is given it.
    cgroups: Option<Option<cgroup::Parent>>,
    findings: Vec<Finding>,
    /// What it has of the machine's slots to start with.
    offer: Offer,
    /// There may be something to send.
    sends: bool,
    /// How far promotion has read, where that is still to be noted.
    unnoted: Option<Cursor>,
    /// The folders of runs that are booked, and the commits that did it.
    over: Vec<(Commit, RunDir)>,
    /// The record of this tick, once it is made.
    recorded: Option<LastTick>,
    report: Report,
}

impl Tick<'_> {
    fn real(&self) -> bool {
        self.effects == Effects::Real
    }
}

/// Runs one tick.
pub fn run(config: &Config, board: &Board, turn: Turn<'_>) -> Result<Report> {
    run_with(config, board, turn, Offer::Nothing)
}

/// Runs the tick of a board whose turn it is, with a slot of the machine in its hand.
pub fn in_turn(config: &Config, board: &Board, slot: File) -> Result<Report> {
    let outcome = run_with(config, board, Turn::Wait, Offer::Slot(slot));
    if !matches!(&outcome, Ok(report) if !report.started.is_empty()) {
        // It had no use for the slot, or did not come as far: it is for the next in line.
        share::hand_on(config);
    }
    outcome
}

/// Runs one tick with what it has of the machine's slots to start with.
pub fn run_with(config: &Config, board: &Board, turn: Turn<'_>, offer: Offer) -> Result<Report> {
    // Descriptors that the caller left open are not passed on to what is started here.
    close_fds::set_fds_cloexec(3, &[]);
    require_board(board)?;
    let outcome = locked(config, board, turn, offer);
    // Whether it was marked just now or long ago, whoever is to hear of it does.
    if outcome.is_err()
        && let Err(e) = alarm::run(config, board)
    {
        log::warn!(
            "cannot tell that board {} is quarantined: {e:#}",
            board.slug
        );
    }
    outcome
}

fn locked(config: &Config, board: &Board, turn: Turn<'_>, offer: Offer) -> Result<Report> {
    let Some(lock) = lock::take(board, turn)? else {
        let at = time::now()?;
        let board = board.slug.to_string();
        return Ok(Report {
            board,
            at,
            skipped: Some("locked"),
            ..Report::default()
        });
    };
    let hold = hermes::admit(board)?;
    let started_at = time::now()?;
    let store = open(board).inspect_err(|_| lock::stamp(&lock, started_at))?;
    let mut tick = prepare(config, board, store, started_at, Effects::Real);
    tick.hold = hold;
    tick.offer = offer;
    // A follow-up tick runs in a supervisor, which lives where its worker could.
    tick.alone = turn == Turn::SkipIfLocked;
    tick.cgroups = match turn {
        Turn::AfterRun(ended) => Some(ended.cgroups.clone()),
        Turn::SkipIfLocked | Turn::Wait => None,
    };
    let outcome = passes(&mut tick).and_then(|()| {
        record(&mut tick)?;
        clear_run_folders(&mut tick);
        let new_hour = lock::is_new_hour(&lock, started_at);
        // Who waits for the board waits for what a killed tick may have left of its runs, too.
        let prunes = match (new_hour, tick.report.did_something() || turn == Turn::Wait) {
            (true, _) => Some(prune::Extent::Part),
            (false, true) => Some(prune::Extent::Leftovers),
            (false, false) => None,
        };
        if let Some(extent) = prunes {
            prune::files(&mut tick, extent)?;
        }
        if new_hour {
            delivered::prune(&mut tick)?;
        }
        Ok(prunes)
    });
    lock::stamp(&lock, time::now().unwrap_or(started_at));
    drop(lock);
    let outcome = outcome.and_then(|prunes| {
        if tick.sends {
            deliver::run(&mut tick)?;
        }
        tick.report.count_deliveries();
        page::keep(&mut tick);
        if let Some(extent) = prunes {
            prune::rows(&mut tick, extent)?;
        }
        record(&mut tick)
    });
    // Whatever happened, what is committed is moved into the board file.
    let checkpoint = match leaves_log(&tick, turn) {
        true => Ok(None),
        false => tick.store.checkpoint().map(Some),
    };
    outcome?;
    tick.report.checkpoint = checkpoint?;
    Ok(tick.report)
}

/// Whether the checkpoint is left to another tick. It costs more than a commit does, and whoever follows the end of
/// a worker while others run, or waits for those, is soon followed by another tick.
fn leaves_log(tick: &Tick<'_>, turn: Turn<'_>) -> bool {
    turn != Turn::SkipIfLocked
        && tick.report.counts.running > 0
        && tick.store.log_size() < LOG_LEFT_MAX
}

/// Removes the folders of runs whose recorded end is durable. One that is left is removed by a later tick.
fn clear_run_folders(tick: &mut Tick<'_>) {
    for (commit, dir) in std::mem::take(&mut tick.over) {
        if !tick.store.is_durable(commit) {
            continue;
        }
        if let Err(e) = dir.remove() {
            log::warn!("cannot remove {}: {e}", dir.path().display());
        }
    }
}

/// Shows what a tick would do. What the passes write is undone; nothing is started or signalled.
pub fn show(config: &Config, board: &Board) -> Result<Report> {
    require_board(board)?;
    let mut tick = prepare(
        config,
        board,
        Store::imagine(&board.db())?,
        time::now()?,
        Effects::Shown,
    );
    tick.hold = hermes::admit(board)?;
    passes(&mut tick)?;
    tick.report.dry_run = true;
    Ok(tick.report)
}

/// Runs the tick that follows the end of a worker.
pub fn follow_up(config: &Config, board: &Board, ended: &EndedRun) -> Result<Report> {
    run(config, board, Turn::AfterRun(ended))
}

/// When the last tick of a board ended, whether it had anything to do or not.
pub fn last_at(board: &Board) -> Option<Seconds> {
    lock::stamped(board)
}

fn open(board: &Board) -> Result<Store> {
    match board.real_db() {
        Ok(real) => Store::open_at(&board.db, real),
        Err(_) => Store::open(&board.db),
    }
}

fn require_board(board: &Board) -> Result<()> {
    match board.real_db() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Failure::not_found(format!(
            "there is no board {} at {}",
            board.slug,
            board.db().display()
        ))
        .hint(format!("make it with kanban init --board {}", board.slug))
        .into()),
        _ => Ok(()),
    }
}

fn prepare<'a>(
    config: &'a Config,
    board: &'a Board,
    store: Store,
    now: Seconds,
    effects: Effects,
) -> Tick<'a> {
    let report = Report {
        board: board.slug.to_string(),
        at: now,
        ..Report::default()
    };
    Tick {
        config,
        board,
        store,
        now,
        effects,
        hold: hermes::Hold::No,
        alone: false,
        cgroups: None,
        findings: Vec::new(),
        offer: Offer::Nothing,
        sends: false,
        unnoted: None,
        over: Vec::new(),
        recorded: None,
        report,
    }
}

fn passes(tick: &mut Tick<'_>) -> Result<()> {
    if tick.hold == hermes::Hold::EmergencyStop {
        tick.report.held = Some("emergency_stop");
    }
    let now = tick.now;
    let seen = tick.store.read("looking at the board", |conn| {
        let mut seen = glance::glance(conn, now)?;
        seen.news = seen.news || announce::is_behind(conn, tick.config, now)?;
        Ok(seen)
    })?;
    let in_turn = matches!(tick.offer, Offer::Slot(_));
    for (name, pass, needed) in PASSES {
        if in_turn || needed(&seen) || tick.report.did_something() {
            log::debug!("{}: {name}", tick.board.slug);
            pass(tick)?;
        }
    }
    let running = match seen.runs || tick.report.did_something() {
        true => {
            let alive = tick.store.read("counting what runs", runs::alive_nonces)?;
            alive.len()
        }
        false => 0,
    };
    tick.report.count(running);
    tick.sends = seen.deliveries || tick.report.did_something();
    Ok(())
}

/// Leaves the record of this tick, and makes what it did durable where something outside the board rests on it.
fn record(tick: &mut Tick<'_>) -> Result<()> {
    let (unnoted, now) = (tick.unnoted.take(), tick.now);
    if !tick.report.did_something() {
        // Events that nothing came of are read once, and not by every tick from now on.
        return match unnoted {
            Some(cursor) => tick
                .store
                .write_unsynced("noting how far promotion has read", |tx| {
                    promotion::advance(tx, &cursor, now)
                }),
            None => Ok(()),
        };
    }
    let last = LastTick {
        started_at: tick.now,
        ended_at: time::now()?,
        pid: std::process::id(),
        counts: tick.report.summary(),
        error: tick.report.errors.first().cloned(),
    };
    let told = tick.recorded.as_ref();
    if told.is_some_and(|told| told.counts == last.counts && told.error == last.error) {
        return Ok(());
    }
    let what = "recording the tick";
    let work = |tx: &Tx<'_>| {
        if let Some(cursor) = &unnoted {
            promotion::advance(tx, cursor, now)?;
        }
        match told {
            // By then another tick may have had the board.
            Some(_) => meta::amend_tick(tx, &last),
            None => meta::record_tick(tx, &last),
        }
    };
    // The exit record of a run is gone with its folder: then the board alone knows how it ended.
    match tick
        .over
        .iter()
        .all(|(commit, _)| tick.store.is_durable(*commit))
    {
        true => tick.store.write_unsynced(what, work)?,
        false => tick.store.write(what, work)?,
    }
    tick.recorded = Some(last);
    Ok(())
}
