//! `kanban unblock`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::store::lifecycle;

/// Let blocked cards go again
///
/// Its counts of failures start again from zero. A card whose parents are open goes back to todo.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban unblock t_3c4d5e6f"#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let who = Caller::current().name;
    Session::open(global)?.change(
        global,
        &args.ids,
        ("unblock", Patience::NobodyEnds),
        |tx, id, now| lifecycle::unblock(tx, id, &who, now),
    )
}
