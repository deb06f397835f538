//! `kanban reclaim`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::store::lifecycle;

/// Take running cards away from their workers and let them start again
///
/// For a worker that does nothing any more. Counts of failures start again from zero. Returns when every
/// process of the worker is gone; the next tick starts the card anew.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban reclaim t_6f7a8b9c --reason "it hangs""#)]
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
    let who = Caller::current().name;
    Session::open(global)?.change(
        global,
        &args.ids,
        ("reclaim", Patience::UntilEnded),
        |tx, id, now| lifecycle::reclaim(tx, id, &who, args.reason.as_deref(), now),
    )
}
