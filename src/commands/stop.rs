//! `kanban stop`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::store::lifecycle;

/// Take running cards away from their workers and block them
///
/// Returns when every process of the workers is gone, and exits 75 if one of them cannot be ended. kanban unblock lets
/// the cards go again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban stop t_6f7a8b9c --reason "wrong branch""#)]
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
        ("stop", Patience::UntilEnded),
        |tx, id, now| lifecycle::stop(tx, id, &who, args.reason.as_deref(), now),
    )
}
