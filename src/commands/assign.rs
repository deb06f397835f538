//! `kanban assign`

use anyhow::Result;

use super::{Global, Patience, Session};
use crate::board::id::CardRef;
use crate::board::status::Status;
use crate::config::Caller;
use crate::exit::Failure;
use crate::store::{lifecycle, tasks};

/// Give cards to another worker or lane
///
/// A running card is refused, unless --reclaim takes it away from its worker first. Counts of failures start
/// again from zero.
#[derive(Debug, clap::Args)]
#[command(override_usage = "kanban assign [OPTIONS] <ID>... <WORKER>")]
#[command(after_long_help = r#"Examples:
  $ kanban assign t_1a2b3c4d me
  $ kanban assign t_1a2b3c4d t_5e6f7a8b coder"#)]
pub struct Args {
    /// The cards, and last the worker or lane; - for nobody
    #[arg(required = true, value_name = "ID... WORKER", num_args = 2..)]
    words: Vec<String>,
    /// Take running cards away from their workers first
    #[arg(long)]
    reclaim: bool,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let Some((name, ids)) = args.words.split_last() else {
        return Err(Failure::usage("no worker is named").into());
    };
    let ids: Vec<CardRef> = ids
        .iter()
        .map(|id| id.parse().map_err(Failure::usage))
        .collect::<Result<_, _>>()?;
    let who = Caller::current().name;
    let session = Session::open(global)?;
    let assignee = (name != "-").then_some(name.as_str());
    if let Some(name) = assignee {
        session.config.require_worker(name)?;
    }
    let reclaim = args.reclaim;
    let patience = match reclaim {
        true => Patience::UntilEnded,
        false => Patience::NobodyEnds,
    };
    session.change(global, &ids, ("assign", patience), |tx, id, now| {
        let running = tasks::get(tx, id)?.status == Status::Running;
        let taken = match reclaim && running {
            true => lifecycle::reclaim(tx, id, &who, Some("given to another worker"), now)?.cancel,
            false => None,
        };
        let mut changed = lifecycle::assign(tx, id, assignee, &who, now)?;
        changed.cancel = taken;
        Ok(changed)
    })
}
