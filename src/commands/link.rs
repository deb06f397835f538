//! `kanban link`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::TaskId;
use crate::render;
use crate::store::links;

/// Make a card wait for another one
///
/// A ready child goes back to todo until the parent lets it go; one that is running goes on, and waits
/// before it is started again. A link that would close a cycle is refused, and so is one to a card that is
/// at its end already.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The card to finish first
    #[arg(value_name = "PARENT")]
    parent: TaskId,
    /// The card that waits
    #[arg(value_name = "CHILD")]
    child: TaskId,
    /// Which end of the parent lets the child go: success, failure (it gave up) or any
    #[arg(long, value_name = "END", default_value_t = Release::Success)]
    on: Release,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!(
        "cannot link {} to {} on board {}",
        args.child, args.parent, session.board.slug
    );
    let added = session.write(&what, |tx, now| {
        links::link(tx, &args.parent, &args.child, args.on, now)
    })?;
    if global.json {
        return render::print(&render::json(
            &json!({"parent": args.parent, "child": args.child, "on": args.on, "added": added}),
        )?);
    }
    render::print(&if added {
        format!("{} waits for {}\n", args.child, args.parent)
    } else {
        String::new()
    })
}
