//! `kanban archive`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::store::lifecycle;

/// Put cards away
///
/// They no longer show on the board, and their children no longer wait for them. A running card is
/// taken away from its worker, which is asked to end. Nothing is deleted.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban archive t_4d5e6f7a
  t_4d5e6f7a archived"#)]
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
        ("archive", Patience::Asked),
        |tx, id, now| lifecycle::archive(tx, id, &who, now),
    )
}
