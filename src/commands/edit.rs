//! `kanban edit`

use anyhow::Result;
use serde_json::json;

use super::create::text_or_stdin;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::task;
use crate::config::Caller;
use crate::exit::Failure;
use crate::render;
use crate::store::lifecycle::{self, Words};
use crate::store::tasks;

/// Change what a card says
///
/// A worker that has the card goes on with what it was told; its next one reads the new words.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban edit t_1a2b3c4d --title "Mend the login page"
  $ kanban edit t_1a2b3c4d --body - <notes.md"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// What it is called
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["body", "tenant"])]
    title: Option<String>,
    /// What is to be done; - reads it from standard input, an empty one takes it away
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A name to group cards by; an empty one takes it away
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let body = args.body.as_deref().map(text_or_stdin).transpose()?;
    let words = Words {
        title: args
            .title
            .as_deref()
            .map(task::title)
            .transpose()
            .map_err(Failure::usage)?,
        body: body.map(task::body).transpose().map_err(Failure::usage)?,
        tenant: args.tenant.clone(),
    };
    let session = Session::open(global)?;
    let by = Caller::current().name;
    let what = format!("cannot edit {} on board {}", args.id, session.board.slug);
    let (id, fields) = session.write(&what, |tx, now| {
        let id = tasks::find(tx, &args.id)?;
        let fields = lifecycle::edit(tx, &id, &words, &by, now)?;
        Ok((id, fields))
    })?;
    if global.json {
        let object = json!({"id": id, "changed": fields});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}
