//! `kanban schedule`

use anyhow::Result;

use super::reporting::show_moved;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::statement::{Statement, Verb};
use crate::exit::Failure;
use crate::store::lifecycle;
use crate::time;

/// Put cards off until a moment
///
/// Without --at, a card waits until kanban unblock or kanban promote lets it go. A running card is taken away
/// from its worker, which is asked to end.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban schedule t_1a2b3c4d --at "tomorrow 9:00"
  $ kanban schedule t_2b3c4d5e --at "in 2h" --reason "the mirror is down""#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// Not before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Why, for whoever reads the history
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let now = time::now()?;
    let at = args
        .at
        .as_deref()
        .map(|at| time::moment(at, now))
        .transpose()
        .map_err(Failure::usage)?;
    let reason = args.reason.as_deref();
    let said = Statement {
        reason,
        at,
        ..Statement::bare(Verb::Schedule)
    };
    let session = Session::open(global)?;
    let moved = session.report(&args.ids, said, |tx, id, actor, now| {
        lifecycle::schedule(tx, id, actor, (at, reason), now)
    })?;
    show_moved(global, &moved)
}
