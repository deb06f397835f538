//! `kanban heartbeat`

use anyhow::Result;

use super::{Global, Patience, Session, actor};
use crate::board::id::CardRef;
use crate::store::lifecycle;

/// Say that a worker is alive, and how far it is
///
/// For workers that take long: it is in the history of the card, and on boards of Hermes it keeps others from
/// taking the worker for stuck. A worker does it for its own card, by the run token in its environment.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// What it is at
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let actor = actor();
    let ids = std::slice::from_ref(&args.id);
    Session::open(global)?.change(
        global,
        ids,
        ("take a heartbeat", Patience::NobodyEnds),
        |tx, id, now| lifecycle::heartbeat(tx, id, &actor, args.note.as_deref(), now),
    )
}
