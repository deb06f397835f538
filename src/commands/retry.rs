//! `kanban retry`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::store::lifecycle;

/// Take cards up again that are blocked, cancelled, done or archived
///
/// Their counts of failures start again from zero, and a card that waits for its next try may start at once.
/// Children that have started already are left alone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban retry t_3c4d5e6f"#)]
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
        ("retry", Patience::NobodyEnds),
        |tx, id, now| lifecycle::retry(tx, id, &who, now),
    )
}
