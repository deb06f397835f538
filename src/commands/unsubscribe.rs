//! `kanban unsubscribe`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::exit::Failure;
use crate::render;
use crate::store::{subscriptions, tasks};

/// No longer tell a channel, or any channel, what happens to a card
///
/// What is in the outbox already is still told; kanban deliveries cancel takes it out. Channels that hear of
/// the whole board still do.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban subscribe t_1a2b3c4d team
  $ kanban unsubscribe t_1a2b3c4d team"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// The channel [default: every one that is subscribed]
    #[arg(value_name = "CHANNEL")]
    channel: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!(
        "cannot unsubscribe from {} on board {}",
        args.id, session.board.slug
    );
    let (id, ended) = session.write(&what, |tx, _| {
        let id = tasks::find(tx, &args.id)?;
        let ended = subscriptions::unsubscribe(tx, &id, args.channel.as_deref())?;
        Ok((id, ended))
    })?;
    if ended == 0 {
        let who = args.channel.as_deref().unwrap_or("nobody");
        return Err(
            Failure::not_found(format!("{who} is not subscribed to {id}"))
                .hint("kanban subscriptions")
                .into(),
        );
    }
    if global.json {
        let object = json!({"task_id": id, "channel": args.channel, "ended": ended});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}
