//! `kanban reprioritize`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::exit::Failure;
use crate::store::lifecycle;

/// Give cards another priority: higher ones start first
#[derive(Debug, clap::Args)]
#[command(override_usage = "kanban reprioritize [OPTIONS] <ID>... <PRIORITY>")]
#[command(after_long_help = r#"Examples:
  $ kanban reprioritize t_1a2b3c4d 10
  $ kanban reprioritize t_1a2b3c4d t_2b3c4d5e 0"#)]
pub struct Args {
    /// The cards, and last the priority; 0 is that of cards without one
    #[arg(required = true, value_name = "ID... PRIORITY", num_args = 2.., allow_negative_numbers = true)]
    words: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let Some((last, ids)) = args.words.split_last() else {
        return Err(Failure::usage("no priority is given").into());
    };
    let priority: i64 = last
        .parse()
        .map_err(|_| Failure::usage(format!("{last:?} is no priority: a whole number")))?;
    let ids: Vec<CardRef> = ids
        .iter()
        .map(|id| id.parse().map_err(Failure::usage))
        .collect::<Result<_, _>>()?;
    let by = Caller::current().name;
    let session = Session::open(global)?;
    session.change(
        global,
        &ids,
        ("reprioritize", Patience::NobodyEnds),
        |tx, id, now| lifecycle::reprioritize(tx, id, priority, &by, now),
    )
}
