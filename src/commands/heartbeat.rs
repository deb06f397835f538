//! `kanban heartbeat`

use anyhow::Result;

use super::reporting::{Moved, show_moved};
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::statement::{self, Statement, Verb};
use crate::store::lifecycle;

/// Say that a worker is alive, and how far it is
///
/// For workers that take long: it is in the history of the card, and on boards of Hermes it keeps others from
/// taking the worker for stuck. A worker does it for its own card, by the run token in its environment.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ "$KANBAN_BIN" heartbeat "$KANBAN_TASK" --note "3 of 7 files"  # by its worker"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// What it is at
    #[arg(long, value_name = "TEXT", value_parser = statement::text)]
    note: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let moved = heartbeat(&session, &args.id, args.note.as_deref())?;
    show_moved(global, &moved)
}

/// Notes that the worker of a card is alive.
pub(super) fn heartbeat(
    session: &Session,
    card: &CardRef,
    note: Option<&str>,
) -> Result<Vec<Moved>> {
    let said = Statement::bare(Verb::Heartbeat);
    session.report(std::slice::from_ref(card), said, |tx, id, actor, now| {
        lifecycle::heartbeat(tx, id, actor, note, now)
    })
}
