//! `kanban subscribe`

use anyhow::Result;
use serde_json::json;

use super::notify::require_channel;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::config::Caller;
use crate::exit::Failure;
use crate::render::{self, escape};
use crate::store::{history, subscriptions, tasks};
use crate::tick::announce::target_at;

/// Tell a channel what happens to a card
///
/// Cards that wait for it are told of too, those that come to wait for it later included. The subscription
/// ends by itself when its card is done, cancelled or archived and all of that was told. Channels hear of a
/// whole board without any subscription unless they have subscribed_only.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban subscribe t_1a2b3c4d team
  $ kanban subscribe t_2b3c4d5e team --only"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// A channel of the configuration
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// The chat, channel, room or topic there [default: what the configuration says]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// The thread there
    #[arg(long, value_name = "THREAD")]
    thread: Option<String>,
    /// Only of this card, not of those that wait for it
    #[arg(long)]
    only: bool,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let channel = require_channel(&session.config, &args.channel)?;
    let (to, thread) = (args.to.as_deref(), args.thread.as_deref());
    if to.is_none() && channel.lacks_address() {
        let message = format!("channel {} does not say whom it tells", args.channel);
        return Err(Failure::usage(message)
            .hint("name a chat or room with --to")
            .into());
    }
    if [to, thread]
        .into_iter()
        .flatten()
        .any(|text| text.trim().is_empty())
    {
        return Err(Failure::usage("an empty address reaches nobody").into());
    }
    let target = target_at(
        channel,
        to.or(channel.keys.to.as_deref()).unwrap_or_default(),
        thread
            .or(channel.keys.thread.as_deref())
            .unwrap_or_default(),
    );
    let by = Caller::current().name;
    let what = format!(
        "cannot subscribe {} to {} on board {}",
        args.channel, args.id, session.board.slug
    );
    let (card, new) = session.write(&what, |tx, now| {
        let card = tasks::find(tx, &args.id)?;
        if tasks::get(tx, &card)?.status.is_final() {
            return Err(Failure::refused(format!(
                "{card} is at its end already, so nothing more would be told of it"
            ))
            .into());
        }
        let since = (history::last_event(tx)?, by.as_str(), now);
        let mut new = Vec::new();
        let below = match args.only {
            true => Vec::new(),
            false => subscriptions::descendants(tx, &card)?,
        };
        for id in std::iter::once(&card).chain(&below) {
            if subscriptions::subscribe(tx, id, &target, !args.only, since)? {
                new.push(id.clone());
            }
        }
        Ok((card, new))
    })?;
    if global.json {
        let object =
            json!({"task_id": card, "target": target, "inherits": !args.only, "subscribed": new});
        return render::print(&render::json(&object)?);
    }
    let lines: String = new
        .iter()
        .map(|id| format!("{} hears of {id}\n", escape::line(&target.to_string())))
        .collect();
    match lines.is_empty() {
        true => Ok(()),
        false => render::print(&lines),
    }
}
