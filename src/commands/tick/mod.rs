//! `kanban tick`

mod answers;
mod many;

use std::fs::File;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::events;
use super::{Global, Session};
use crate::board::id::Slug;
use crate::config::Config;
use crate::exit::{Failure, Kind};
use crate::render::style::Style;
use crate::render::{self, escape};
use crate::store::Store;
use crate::store::history::EventRow;
use crate::tick::report::Report;
use crate::tick::share::{Offer, Round};
use crate::tick::wait::{self, Outcome};
use crate::tick::waiting::{Reason, Waiting};
use crate::tick::{self, Turn};
use crate::time::{self, Seconds};
use crate::worker::slots;

/// Book what has ended, start what is ready, and exit
///
/// Meant for cron or a systemd timer: silent in a pipe unless something could not be done. While another
/// tick has the board, it does nothing and exits 0.
///
/// With --all, or with --board more than once, each board is ticked by a process of its own, so that one that is
/// damaged, or waits for a slow receiver, never delays another. A tick that takes longer than two seconds gives its
/// place to the next board. There is one summary. The exit status is the worst that a board had, in this order:
/// 5, 1, 2, 3, 4, 75. Of a board that is still at work when its patience is over it is 75; its tick goes on by
/// itself. INT and TERM are handed on to the ticks, and no other is started; workers go on.
///
/// Where the boards want more workers than the machine may have (max_in_progress of the host), no board takes more
/// than its even part before all had their tick. What is left then goes to those that wait, the first in line
/// first, by ticks of their own that are in no summary; so does every place that a worker gives back.
/// kanban-config(5) has the rule.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban tick --board default
  $ kanban tick --all
  $ kanban tick --dry-run
  $ kanban tick --wait --timeout 30m"#)]
pub struct Args {
    /// The board, or several, each with a --board of its own; a home with one board needs none
    #[arg(
        id = "board",
        long = "board",
        value_name = "NAME",
        help_heading = "Global options"
    )]
    boards: Vec<Slug>,
    /// Tick every board of "kanban boards list", whatever KANBAN_BOARD says
    #[arg(long, conflicts_with = "board")]
    all: bool,
    /// With several boards, so many at a time [default: as many as there are processors, and 4 at least, as a tick
    /// waits for disks more than it computes]
    #[arg(long, value_name = "N", value_parser = many::places, conflicts_with = "wait")]
    jobs: Option<usize>,
    /// With several boards, how long each is waited for
    #[arg(long, value_name = "DURATION", value_parser = many::patience, default_value = many::PATIENCE)]
    patience: Seconds,
    /// Show what would be done; start and signal nothing, and leave the board as it is
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Go on until nothing is running, due or ready; exit 1 if a card is blocked then
    #[arg(long)]
    wait: bool,
    /// With --wait, exit 75 if that takes longer; workers go on running. Several boards are waited for together
    #[arg(long, requires = "wait", value_name = "DURATION", value_parser = time::duration)]
    timeout: Option<Seconds>,
    /// One of so many boards whose ticks are started together; for --all
    #[arg(long, value_name = "N", hide = true)]
    among: Option<u32>,
    /// Those who were in line for slots of this machine before these; for --all
    #[arg(
        long,
        value_name = "BOARDS",
        hide = true,
        requires = "among",
        value_delimiter = ','
    )]
    ahead: Vec<String>,
    /// Standard input is a slot of this machine; for another tick that hands it over
    #[arg(long, hide = true)]
    in_turn: bool,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    if args.all || args.boards.len() > 1 {
        return many::run(args, global);
    }
    let session = Session::open(global)?;
    if args.wait {
        return until_quiet(&session, global, args.timeout);
    }
    let (config, board) = (&session.config, &session.board);
    let report = match args {
        Args { dry_run: true, .. } => tick::show(config, board)?,
        Args { in_turn: true, .. } => tick::in_turn(config, board, handed_over(config)?)?,
        Args { among, ahead, .. } => {
            let offer = among.map_or(Offer::Nothing, |boards| {
                let ahead = ahead.clone();
                Offer::Round(Round { boards, ahead })
            });
            tick::run_with(config, board, Turn::SkipIfLocked, offer)?
        }
    };
    if global.json {
        render::print(&render::json(&report)?)?;
    } else if args.dry_run || Style::stdout().terminal {
        render::print(&text(&report))?;
    }
    errors(&report.errors)
}

/// The slot that another tick hands to this one.
fn handed_over(config: &Config) -> Result<File> {
    slots::handed_over(&config.home.slots_dir(), config.host_max())?.ok_or_else(|| {
        Failure::usage("--in-turn is given by a tick to another, never by hand").into()
    })
}

fn errors(errors: &[String]) -> Result<()> {
    match errors {
        [] => Ok(()),
        [one] => Err(Failure::new(Kind::Failed, one.clone()).into()),
        [first, rest @ ..] => {
            Err(Failure::new(Kind::Failed, format!("{first} (and {} more)", rest.len())).into())
        }
    }
}

fn text(report: &Report) -> String {
    let would = if report.dry_run { "would be " } else { "" };
    let mut out = String::new();
    for end in report.absorbed.iter().chain(&report.reaped) {
        out += &format!("{} {would}booked: {}\n", end.task, end.outcome.as_str());
    }
    for id in &report.promoted {
        out += &format!("{id} {would}promoted\n");
    }
    for start in &report.started {
        out += &format!(
            "{} {would}started: {} (attempt {})\n",
            start.task,
            escape::line(&start.worker),
            start.attempt
        );
    }
    for waiting in &report.waiting.told {
        out += &format!("{} waits: {}\n", waiting.task, reason(waiting));
    }
    for (kind, more) in &report.waiting.more {
        out += &format!("{more} more wait: {}\n", kind.replace('_', " "));
    }
    for told in &report.delivered {
        out += &format!(
            "{} told of {}\n",
            escape::line(&told.target),
            about(&told.task, &told.kind)
        );
    }
    for untold in &report.undelivered {
        out += &format!(
            "{} not told of {}: {}\n",
            escape::line(&untold.target),
            about(&untold.task, &untold.kind),
            escape::line(&untold.why)
        );
    }
    if let Some(why) = report.held {
        out += &format!("nothing {would}started: {}\n", why.replace('_', " "));
    }
    if let Some(why) = report.skipped {
        out += &format!("nothing done: {why} by another tick\n");
    }
    out
}

/// What a message is about.
fn about(task: &Option<String>, kind: &str) -> String {
    let kind = escape::line(kind);
    match task {
        Some(task) => format!("{}: {kind}", escape::line(task)),
        None => kind,
    }
}

fn reason(waiting: &Waiting) -> String {
    escape::line(&say(&waiting.reason))
}

/// Why a card is not started, in a few words.
pub(super) fn say(reason: &Reason) -> String {
    match reason {
        Reason::BoardFull { max } => format!("{max} workers run on this board (max_in_progress)"),
        Reason::WorkerFull { worker, max } => {
            format!("{max} of {worker} run on this board (its max_in_progress)")
        }
        Reason::HostFull { max } => {
            format!("{max} workers run on this machine ([host] max_in_progress)")
        }
        Reason::Delayed { until } => format!("its next try is not before {}", time::local(*until)),
        Reason::NotBefore { until } => format!("not before {}", time::local(*until)),
        Reason::Paused { worker, why } => {
            let what = worker.as_deref().unwrap_or("the board");
            let why = why
                .as_ref()
                .map_or(String::new(), |why| format!(" ({why})"));
            format!("{what} is paused{why}")
        }
        Reason::LaneHeld {
            worker,
            until,
            error,
        } => format!(
            "{worker} cannot be started here until {}: {error}",
            time::local(*until)
        ),
        Reason::OutsideWindow { worker, until } => {
            format!("{worker} is not started before {}", time::local(*until))
        }
        Reason::NoAssignee => "nobody is assigned".into(),
        Reason::NoWorker { worker } => format!("there is no worker {worker} in the configuration"),
        Reason::PullLane { worker } => format!("somebody has to pull it from {worker}"),
        Reason::EarlierRunAlive { why: None } => "a process of its last run is not gone yet".into(),
        Reason::EarlierRunAlive { why: Some(why) } => why.clone(),
        Reason::ClaimedElsewhere => "another program has claimed it".into(),
        Reason::WaitsForParent => "a parent is not finished".into(),
        Reason::CannotPrepare { error } => error.clone(),
        Reason::Moved => "somebody moved it at the same moment".into(),
    }
}

fn until_quiet(session: &Session, global: &Global, timeout: Option<Seconds>) -> Result<()> {
    let timeout = timeout.map(|s| Duration::from_secs(u64::try_from(s).unwrap_or(0)));
    let json = global.json;
    let outcome = wait::until_quiet(&session.config, &session.board, timeout, |_, events| {
        if json { Ok(()) } else { progress(events) }
    })?;
    if json {
        let object = json!({
            "board": session.board.slug, "finished": outcome.finished, "blocked": outcome.blocked,
            "stuck": outcome.stuck, "errors": outcome.errors,
        });
        render::print(&render::json(&object)?)?;
    }
    verdict(session, &outcome)
}

/// What a person who waits wants to know; claims and process ids are in `kanban events`.
fn progress(events: &[EventRow]) -> Result<()> {
    let style = Style::stdout();
    let told = events.iter().filter(|e| e.kind != "claimed");
    let lines: String = told.map(|e| events::coloured(e, &style)).collect();
    if lines.is_empty() {
        Ok(())
    } else {
        render::print(&lines)
    }
}

fn verdict(session: &Session, outcome: &Outcome) -> Result<()> {
    let slug = &session.board.slug;
    if !outcome.finished {
        return Err(
            Failure::try_again(format!("board {slug} was not finished in time"))
                .hint("its workers go on running; run the same command again to go on waiting")
                .into(),
        );
    }
    errors(&outcome.errors)?;
    if outcome.blocked > 0 {
        return Err(Failure::new(
            Kind::Failed,
            format!("{} cards of board {slug} are blocked", outcome.blocked),
        )
        .hint(format!("kanban list --board {slug} --status blocked"))
        .into());
    }
    match outcome.stuck.first() {
        Some(stuck) => Err(Failure::new(
            Kind::Failed,
            format!("{} cannot be started: {}", stuck.task, reason(stuck)),
        )
        .into()),
        None => Ok(()),
    }
}

/// The lines that a wait prints, for the demonstration.
pub fn show_progress(_store: &Store, events: &[EventRow]) -> Result<()> {
    progress(events)
}
