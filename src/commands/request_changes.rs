//! `kanban request-changes`

use anyhow::Result;

use super::reporting::{Moved, show_moved};
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::statement::{self, Statement, Verb};
use crate::config::Caller;
use crate::store::lifecycle;

/// Send a card back from review to whoever did the work
///
/// The reason becomes a comment on the card, which its worker is told at its next run. A worker that reviews does
/// this for its own card, by the run token in its environment (KANBAN_TOKEN). When workers have sent a card back
/// review_limit times, it is blocked for a person to decide.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban request-changes t_7a8b9c0d --reason "a test is missing""#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// What is to be changed
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it does not say what is to be changed".into()),
        text => statement::text(text),
    }
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    show_moved(global, &request_changes(&session, &args.id, &args.reason)?)
}

/// Sends a card back, and says why.
pub(super) fn request_changes(
    session: &Session,
    card: &CardRef,
    reason: &str,
) -> Result<Vec<Moved>> {
    let said = Statement {
        reason: Some(reason),
        ..Statement::bare(Verb::RequestChanges)
    };
    let who = Caller::current().name;
    let policy = session.config.policy(&session.board.slug, None);
    session.report(std::slice::from_ref(card), said, |tx, id, actor, now| {
        lifecycle::request_changes(tx, id, actor, (reason, &who), &policy, now)
    })
}
