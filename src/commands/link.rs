//! `kanban link`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::{CardRef, TaskId};
use crate::board::statement::{Statement, Verb};
use crate::render;
use crate::store::{links, tasks};

/// Make a card wait for another one
///
/// A ready child goes back to todo until the parent lets it go; one that is running goes on, and waits
/// before it is started again. A link that would close a cycle is refused, and so is one to a card that is
/// at its end already.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban link t_1a2b3c4d t_5e6f7a8b
  $ kanban link t_1a2b3c4d t_2b3c4d5e --on any"#)]
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
    let (parent, child, added) = link(&session, (&args.parent, &args.child), args.on)?;
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

/// Makes a card wait for another one: which for which, and `false` if it did already.
pub(super) fn link(
    session: &Session,
    (parent, child): (&CardRef, &CardRef),
    on: Release,
) -> Result<(TaskId, TaskId, bool)> {
    let what = format!(
        "cannot link {child} to {parent} on board {}",
        session.board.slug
    );
    let said = Statement::bare(Verb::Link);
    session.write_as(&what, said, &[parent, child], |tx, _, now| {
        let (parent, child) = (tasks::find(tx, parent)?, tasks::find(tx, child)?);
        let added = links::link(tx, &parent, &child, on, now)?;
        Ok((parent, child, added))
    })
}
