//! `kanban cancel`

use anyhow::Result;

use super::reporting::show_moved;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::statement::{Statement, Verb};
use crate::store::lifecycle;

/// Give cards up
///
/// A cancelled card is not done: children that wait for its success go on waiting, and those made with
/// --after-any start. A running card is taken away from its worker; the command returns when every process
/// of it is gone, and exits 75 if one of them cannot be ended. kanban retry takes the card up again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban cancel t_1a2b3c4d --reason "no longer needed""#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// Why, for whoever reads the history
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let reason = args.reason.as_deref();
    let said = Statement {
        reason,
        ..Statement::bare(Verb::Cancel)
    };
    let session = Session::open(global)?;
    let moved = session.report(&args.ids, said, |tx, id, actor, now| {
        lifecycle::cancel(tx, id, actor, reason, now)
    })?;
    show_moved(global, &moved)
}
