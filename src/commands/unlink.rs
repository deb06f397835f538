//! `kanban unlink`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::exit::Failure;
use crate::render;
use crate::store::{links, tasks};

/// Make a card no longer wait for another one
///
/// The next tick promotes the child if nothing else holds it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban unlink t_1a2b3c4d t_2b3c4d5e"#)]
pub struct Args {
    /// The card that was to be finished first
    #[arg(value_name = "PARENT")]
    parent: CardRef,
    /// The card that waits
    #[arg(value_name = "CHILD")]
    child: CardRef,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!(
        "cannot unlink {} from {} on board {}",
        args.child, args.parent, session.board.slug
    );
    let (parent, child, removed) = session.write(&what, |tx, now| {
        let (parent, child) = (
            tasks::find(tx, &args.parent)?,
            tasks::find(tx, &args.child)?,
        );
        let removed = links::unlink(tx, &parent, &child, now)?;
        Ok((parent, child, removed))
    })?;
    if !removed {
        return Err(Failure::not_found(format!("{child} does not wait for {parent}")).into());
    }
    if global.json {
        return render::print(&render::json(
            &json!({"parent": parent, "child": child, "removed": true}),
        )?);
    }
    render::print(&format!("{child} no longer waits for {parent}\n"))
}
