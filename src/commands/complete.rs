//! `kanban complete`

use anyhow::Result;

use super::{Global, Patience, Session, actor};
use crate::board::id::CardRef;
use crate::store::lifecycle;

/// Mark cards as done
///
/// A running card is taken away from its worker, which is asked to end. A worker reports its own card
/// this way, by the run token in its environment (KANBAN_TOKEN).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// What came of it, kept as the card's result
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let actor = actor();
    Session::open(global)?.change(
        global,
        &args.ids,
        ("complete", Patience::Asked),
        |tx, id, now| lifecycle::complete(tx, id, &actor, args.summary.as_deref(), now),
    )
}
