//! `kanban block`

use anyhow::Result;

use super::{Global, Session, actor};
use crate::board::id::TaskId;
use crate::store::lifecycle;

/// Put cards where only kanban unblock takes them out again
///
/// A running card is taken away from its worker, which is asked to end. A worker blocks its own card
/// this way when it needs a person, by the run token in its environment (KANBAN_TOKEN).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<TaskId>,
    /// Why, for whoever is to unblock it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let actor = actor();
    Session::open(global)?.change(global, &args.ids, "block", |tx, id, now| {
        lifecycle::block(tx, id, &actor, args.reason.as_deref(), now)
    })
}
