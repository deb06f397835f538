//! `kanban unlink`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::id::TaskId;
use crate::exit::Failure;
use crate::render;
use crate::store::links;

/// Make a card no longer wait for another one
///
/// The next tick promotes the child if nothing else holds it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The card that was to be finished first
    #[arg(value_name = "PARENT")]
    parent: TaskId,
    /// The card that waits
    #[arg(value_name = "CHILD")]
    child: TaskId,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!(
        "cannot unlink {} from {} on board {}",
        args.child, args.parent, session.board.slug
    );
    let removed = session.write(&what, |tx, now| {
        links::unlink(tx, &args.parent, &args.child, now)
    })?;
    if !removed {
        return Err(Failure::not_found(format!(
            "{} does not wait for {}",
            args.child, args.parent
        ))
        .into());
    }
    if global.json {
        return render::print(&render::json(
            &json!({"parent": args.parent, "child": args.child, "removed": true}),
        )?);
    }
    render::print(&format!(
        "{} no longer waits for {}\n",
        args.child, args.parent
    ))
}
