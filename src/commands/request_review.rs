//! `kanban request-review`

use anyhow::Result;

use super::reporting::{Moved, show_moved};
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::statement::{self, Metadata, Statement, Verb};
use crate::store::lifecycle;

/// Hand the work on cards over to be looked at before they are done
///
/// The card goes to the review column: to the worker that review_worker names in the configuration, else to
/// people. kanban complete accepts it, and kanban request-changes sends it back. A worker hands its own card over
/// this way, by the run token in its environment (KANBAN_TOKEN); a running card is else taken away from its worker.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban request-review t_1a2b3c4d --summary "please look at the cookie""#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// What came of it, for whoever looks at it; kept as the card's result
    #[arg(long, value_name = "TEXT", value_parser = statement::text)]
    summary: Option<String>,
    /// Facts about it, as a JSON object: kept with its run
    #[arg(long, value_name = "JSON")]
    metadata: Option<Metadata>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let done = (args.summary.as_deref(), args.metadata.as_ref());
    show_moved(global, &request_review(&session, &args.ids, done)?)
}

/// Puts cards into review, with what came of them.
pub(super) fn request_review(
    session: &Session,
    cards: &[CardRef],
    (summary, metadata): (Option<&str>, Option<&Metadata>),
) -> Result<Vec<Moved>> {
    let said = Statement {
        summary,
        metadata,
        ..Statement::bare(Verb::RequestReview)
    };
    session.report(cards, said, |tx, id, actor, now| {
        lifecycle::request_review(tx, id, actor, (summary, metadata), now)
    })
}
