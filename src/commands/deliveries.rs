//! `kanban deliveries`: what was told to whom, what is still to be told, and what could not be.

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::delivery::State;
use crate::board::id::CardRef;
use crate::board::notice::Notice;
use crate::config::Caller;
use crate::delivery::message::Message;
use crate::delivery::text::{Dialect, Unit};
use crate::exit::Failure;
use crate::render;
use crate::render::page::{field, heading, indented};
use crate::render::style::Style;
use crate::render::table::Table;
use crate::store::deliveries::{self, DeliveryRow, Which};
use crate::store::tasks;
use crate::time;

/// Look at what is told to whom, and try again or give up what could not be
///
/// Nothing is dropped silently: a message is due, in flight, to be tried again (retry), delivered, held back
/// (told by a later message about its card), cancelled by somebody, or dead: refused, tried for three days,
/// or for a target that is broken.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List deliveries, oldest first
    #[command(after_long_help = r#"Examples:
  $ kanban deliveries list
  $ kanban deliveries list --state retry --state dead"#)]
    List {
        /// Only in this state: due, in_flight, retry, delivered, dead, cancelled or held_back; repeatable
        #[arg(long, value_name = "STATE")]
        state: Vec<State>,
        /// Only to this channel
        #[arg(long, value_name = "CHANNEL")]
        channel: Option<String>,
        /// Only about this card
        #[arg(long, value_name = "ID")]
        task: Option<CardRef>,
        /// At most the newest so many; 0 is all
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// Show a delivery: its target, its tries, and what it tells
    #[command(after_long_help = r#"Examples:
  $ kanban deliveries show 1"#)]
    Show {
        /// Its number or its id
        #[arg(value_name = "DELIVERY")]
        delivery: String,
    },
    /// Try again: at the next tick, as if it was the first time
    #[command(after_long_help = r#"Examples:
  $ kanban deliveries retry 1
  $ kanban deliveries retry --dead --channel team"#)]
    Retry(Chosen),
    /// Give up: it is not sent any more
    #[command(after_long_help = r#"Examples:
  $ kanban deliveries cancel 1"#)]
    Cancel(Chosen),
}

/// Which deliveries.
#[derive(Debug, clap::Args)]
struct Chosen {
    /// Numbers or ids
    #[arg(value_name = "DELIVERY", required_unless_present = "dead")]
    deliveries: Vec<String>,
    /// All that are dead
    #[arg(long, conflicts_with = "deliveries")]
    dead: bool,
    /// With --dead, only those to this channel
    #[arg(long, value_name = "CHANNEL", requires = "dead")]
    channel: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    match &args.what {
        What::List {
            state,
            channel,
            task,
            limit,
        } => {
            let which = Which {
                states: state.clone(),
                channel: channel.clone(),
                task: None,
                limit: (*limit > 0).then_some(*limit),
            };
            list(&session, global, which, task.as_ref())
        }
        What::Show { delivery } => show(&session, global, delivery),
        What::Retry(chosen) => change(&session, global, chosen, Change::Retry),
        What::Cancel(chosen) => change(&session, global, chosen, Change::Cancel),
    }
}

fn list(
    session: &Session,
    global: &Global,
    mut which: Which,
    task: Option<&CardRef>,
) -> Result<()> {
    let rows = session.read("cannot list the deliveries", |conn| {
        which.task = tasks::find_if_named(conn, task)?.map(|id| id.to_string());
        deliveries::list(conn, &which)
    })?;
    if global.json {
        return render::print(&render::json(&rows)?);
    }
    let mut table = Table::new(&[
        "N", "CARD", "EVENT", "TARGET", "STATE", "TRIES", "WHEN", "WHY",
    ])
    .right(0)
    .right(5);
    for row in rows {
        let why = match row.told_by {
            Some(by) => format!("told by {by}"),
            None => row.why.clone().unwrap_or_default(),
        };
        table.row([
            row.seq.to_string(),
            row.task_id.clone().unwrap_or_else(|| "-".into()),
            row.kind.clone(),
            row.target.to_string(),
            row.state.to_string(),
            row.attempts.to_string(),
            when(&row),
            why,
        ]);
    }
    render::print(&table.render(&Style::stdout()))
}

fn when(row: &DeliveryRow) -> String {
    match (row.done_at, row.next_at) {
        (Some(at), _) | (None, Some(at)) => time::local(at),
        (None, None) => "-".into(),
    }
}

fn show(session: &Session, global: &Global, name: &str) -> Result<()> {
    let (row, facts) = session.read("cannot show the delivery", |conn| {
        deliveries::get(conn, name)
    })?;
    if global.json {
        let object = json!({"delivery": row, "notice": facts});
        return render::print(&render::json(&object)?);
    }
    let style = Style::stdout();
    let mut out = heading(&style, &format!("{}  {}", row.seq, row.id));
    let mut line = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            out += &field(&style, label, &value);
        }
    };
    line("event", Some(row.kind.clone()));
    line("card", row.task_id.clone());
    line("target", Some(row.target.to_string()));
    line("state", Some(row.state.to_string()));
    line("tries", Some(row.attempts.to_string()));
    line("made", Some(time::local(row.created_at)));
    line("last try", row.tried_at.map(time::local));
    line(
        "next try",
        row.next_at
            .map(|at| format!("not before {}", time::local(at))),
    );
    line("over", row.done_at.map(time::local));
    line("outcome", row.outcome.clone());
    line("why", row.why.clone());
    line("receipt", row.receipt.clone());
    line("told by", row.told_by.map(|by| by.to_string()));
    let about: Notice = serde_json::from_value(facts)?;
    let text =
        Message::of(&about, &row.id, row.held_back).whole(&Dialect::plain(Unit::Utf16), 4_000);
    out += &format!(
        "\n{}{}",
        heading(&style, "What it tells"),
        indented(&style, &text)
    );
    render::print(&out)
}

#[derive(Clone, Copy)]
enum Change {
    Retry,
    Cancel,
}

fn change(session: &Session, global: &Global, chosen: &Chosen, change: Change) -> Result<()> {
    let (verb, done) = match change {
        Change::Retry => ("retry", "is tried again at the next tick"),
        Change::Cancel => ("cancel", "is cancelled"),
    };
    let by = Caller::current().name;
    let what = format!("cannot {verb} deliveries of board {}", session.board.slug);
    let changed = session.write(&what, |tx, now| {
        let mut seqs = Vec::new();
        if chosen.dead {
            let which = Which {
                states: vec![State::Dead],
                channel: chosen.channel.clone(),
                ..Which::default()
            };
            seqs.extend(deliveries::list(tx, &which)?.iter().map(|row| row.seq));
        }
        for name in &chosen.deliveries {
            seqs.push(deliveries::get(tx, name)?.0.seq);
        }
        for seq in &seqs {
            let moved = match change {
                Change::Retry => deliveries::again(tx, *seq, now)?,
                Change::Cancel => deliveries::cancel(tx, *seq, &by, now)?,
            };
            if !moved {
                let state = deliveries::get(tx, &seq.to_string())?.0.state;
                return Err(Failure::refused(format!("delivery {seq} is {state}"))
                    .hint("nothing was changed")
                    .into());
            }
        }
        Ok(seqs)
    })?;
    if global.json {
        return render::print(&render::json(&json!({"changed": changed}))?);
    }
    let lines: String = changed
        .iter()
        .map(|seq| format!("{seq} {done}\n"))
        .collect();
    match lines.is_empty() {
        true => Ok(()),
        false => render::print(&lines),
    }
}
