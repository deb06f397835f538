//! `kanban complete`

use anyhow::Result;

use super::reporting::{Moved, show_moved};
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::statement::{self, Metadata, Statement, Verb};
use crate::store::lifecycle;

/// Mark cards as done
///
/// A running card is taken away from its worker, which is asked to end. A worker reports its own card
/// this way, by the run token in its environment (KANBAN_TOKEN). If its run no longer has the card, it is
/// refused (exit status 4) and told why, and what it reported is kept as a late result that kanban show has.
/// The report that ended its run can be repeated: that succeeds and changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban complete t_1a2b3c4d --summary "it was the cookie"
  $ "$KANBAN_BIN" complete "$KANBAN_TASK" --summary "it was the cookie"  # by its worker"#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// What came of it, kept as the card's result
    #[arg(long, value_name = "TEXT", value_parser = statement::text)]
    summary: Option<String>,
    /// Facts about it, as a JSON object, for the cards that wait for it: kept with its run
    #[arg(long, value_name = "JSON")]
    metadata: Option<Metadata>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let done = (args.summary.as_deref(), args.metadata.as_ref());
    show_moved(global, &complete(&session, &args.ids, done)?)
}

/// Marks cards as done, with what came of them.
pub(super) fn complete(
    session: &Session,
    cards: &[CardRef],
    (summary, metadata): (Option<&str>, Option<&Metadata>),
) -> Result<Vec<Moved>> {
    let said = Statement {
        summary,
        metadata,
        ..Statement::bare(Verb::Complete)
    };
    session.report(cards, said, |tx, id, actor, now| {
        lifecycle::complete(tx, id, actor, (summary, metadata), now)
    })
}
