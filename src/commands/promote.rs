//! `kanban promote`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::store::lifecycle;

/// Make cards ready now
///
/// Out of triage, or before the moment they were scheduled for, or before the delay of a retry is over.
/// A card that waits for a parent is refused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban promote t_5e6f7a8b"#)]
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
        ("promote", Patience::NobodyEnds),
        |tx, id, now| lifecycle::promote(tx, id, &who, now),
    )
}
