//! `kanban link`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::id::TaskId;
use crate::render;
use crate::store::links;

/// Make a card wait for another one
///
/// A ready child goes back to todo until the parent is finished. A link that would close a cycle is
/// refused, and so is one to a card that has been started already.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The card to finish first
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
        "cannot link {} to {} on board {}",
        args.child, args.parent, session.board.slug
    );
    let added = session.write(&what, |tx, now| {
        links::link(tx, &args.parent, &args.child, now)
    })?;
    if global.json {
        return render::print(&render::json(
            &json!({"parent": args.parent, "child": args.child, "added": added}),
        )?);
    }
    render::print(&if added {
        format!("{} waits for {}\n", args.child, args.parent)
    } else {
        String::new()
    })
}
