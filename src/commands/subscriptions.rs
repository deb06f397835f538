//! `kanban subscriptions`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::render;
use crate::render::style::Style;
use crate::render::table::Table;
use crate::store::{subscriptions, tasks};
use crate::tick::announce::serving;
use crate::time;

/// List who is told what happens to which card
///
/// Those of Hermes are listed too, with the channel that serves them, if one does. Channels that hear of the
/// whole board are in kanban notify list.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban subscriptions"#)]
pub struct Args {
    /// Only those to this card
    #[arg(value_name = "ID")]
    id: Option<CardRef>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let (own, shared) = session.read("cannot list the subscriptions", |conn| {
        let id = tasks::find_if_named(conn, args.id.as_ref())?;
        if let Some(id) = &id {
            tasks::get(conn, id)?;
        }
        Ok((
            subscriptions::list(conn, id.as_ref())?,
            subscriptions::shared(conn, id.as_ref())?,
        ))
    })?;
    let served = |sub: &subscriptions::Shared| {
        serving(&session.config, sub).map(|(channel, _)| channel.name.clone())
    };
    if global.json {
        let shared: Vec<_> = shared
            .iter()
            .map(|sub| json!({"subscription": sub, "channel": served(sub)}))
            .collect();
        let object = json!({"subscriptions": own, "of_hermes": shared});
        return render::print(&render::json(&object)?);
    }
    let mut table = Table::new(&["CARD", "TARGET", "INHERITED", "SINCE", "BY"]);
    for sub in own {
        let known = session.config.channel(&sub.target.channel).is_some();
        let target = match known {
            true => sub.target.to_string(),
            false => format!("{} (no such channel)", sub.target),
        };
        table.row([
            sub.task_id.to_string(),
            target,
            if sub.inherits { "yes" } else { "no" }.into(),
            time::local(sub.created_at),
            sub.created_by,
        ]);
    }
    for sub in shared {
        let target = format!("{}:{}", sub.platform, sub.chat_id);
        let by = match served(&sub) {
            Some(channel) => format!("Hermes, served by {channel}"),
            None => "Hermes, served by its gateway".into(),
        };
        table.row([sub.task_id.to_string(), target, "-".into(), "-".into(), by]);
    }
    render::print(&table.render(&Style::stdout()))
}
