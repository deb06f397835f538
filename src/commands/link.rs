//! `kanban link`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::CardRef;
use crate::render;
use crate::store::{links, tasks};

/// Make a card wait for another one
///
/// A ready child goes back to todo until the parent lets it go; one that is running goes on, and waits
/// before it is started again. A link that would close a cycle is refused, and so is one to a card that is
/// at its end already.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The card to finish first
    #[arg(value_name = "PARENT")]
    parent: CardRef,
    /// The card that waits
    #[arg(value_name = "CHILD")]
    child: CardRef,
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
    let (parent, child, added) = session.write(&what, |tx, now| {
        let (parent, child) = (
            tasks::find(tx, &args.parent)?,
            tasks::find(tx, &args.child)?,
        );
        let added = links::link(tx, &parent, &child, args.on, now)?;
        Ok((parent, child, added))
    })?;
    if global.json {
        return render::print(&render::json(
            &json!({"parent": parent, "child": child, "on": args.on, "added": added}),
        )?);
    }
    render::print(&if added {
        format!("{child} waits for {parent}\n")
    } else {
        String::new()
    })
}
