//! `kanban notify`: the channels, whether they work, and trying one.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::{Global, Session};
use crate::board::delivery::Outcome;
use crate::board::notice::{self, Card, Happened, Next, Notice, Run, VERSION};
use crate::config::{Channel, Config};
use crate::delivery::wire::{Exchange, Program, Wire};
use crate::delivery::{Parcel, sender};
use crate::exit::{Failure, Kind};
use crate::render::page::{field, field_in, heading, indented};
use crate::render::style::{Colour, Style};
use crate::render::table::Table;
use crate::render::{self};
use crate::store::targets::{self, Standing, Target};
use crate::store::{Snapshot, deliveries};
use crate::tick::announce::target_at;
use crate::tick::means;
use crate::time::{self, Seconds};

/// List the channels, try one, or let one be sent to again
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the channels of the configuration and how each stands on this board
    #[command(after_long_help = r#"Examples:
  $ kanban notify list"#)]
    List,
    /// Send one message to a channel, and show what was sent and what came of it
    ///
    /// Secrets are shown as ***. Nothing is put on the board, but if the message is delivered, a channel that
    /// was paused is sent to again. Exits 1 if it is not delivered.
    #[command(after_long_help = r#"Examples:
  $ kanban notify test team
  $ kanban notify test team --event gave_up"#)]
    Test {
        /// The channel
        #[arg(value_name = "CHANNEL")]
        channel: String,
        /// A message about an event of this kind
        #[arg(long, value_name = "KIND", default_value = "test")]
        event: String,
        /// The chat, channel, room or topic there [default: what the configuration says]
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
        /// The thread there
        #[arg(long, value_name = "THREAD")]
        thread: Option<String>,
    },
    /// Let a paused channel be sent to again, with all that died of it
    #[command(after_long_help = r#"Examples:
  $ kanban notify resume team"#)]
    Resume {
        /// The channel
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    match &args.what {
        What::List => list(&session, global),
        What::Test {
            channel,
            event,
            to,
            thread,
        } => test(
            &session,
            global,
            channel,
            event,
            (to.as_deref(), thread.as_deref()),
        ),
        What::Resume { channel } => resume(&session, global, channel),
    }
}

/// A channel by name, or a refusal that says which there are.
pub(super) fn require_channel<'a>(config: &'a Config, name: &str) -> Result<&'a Channel> {
    if let Some(channel) = config.channel(name) {
        return Ok(channel);
    }
    let all: Vec<&str> = config.channels().map(|c| c.name.as_str()).collect();
    let (there_are, hint) = match all.is_empty() {
        true => (
            "none is in the configuration".to_owned(),
            "add [channels.NAME]; see kanban-notifications(7)".to_owned(),
        ),
        false => (
            format!("there are {}", all.join(", ")),
            "kanban notify list".to_owned(),
        ),
    };
    Err(
        Failure::not_found(format!("no channel is called {name:?}; {there_are}"))
            .hint(hint)
            .into(),
    )
}

/// A channel, as `notify list` shows it.
#[derive(Serialize)]
struct Line<'a> {
    channel: &'a str,
    kind: &'static str,
    description: Option<&'a str>,
    /// Whether it hears of the whole board.
    board_wide: bool,
    /// Messages to be sent.
    open: i64,
    /// Messages that could not be.
    dead: i64,
    /// What holds its targets.
    targets: Vec<Held>,
}

#[derive(Serialize)]
struct Held {
    #[serde(flatten)]
    target: Target,
    #[serde(flatten)]
    standing: Standing,
}

fn list(session: &Session, global: &Global) -> Result<()> {
    let what = format!(
        "cannot look at the deliveries of board {}",
        session.board.slug
    );
    let look = |conn: &Snapshot| Ok((deliveries::standing(conn)?, targets::list(conn)?));
    // Channels are there before the first board is.
    let (counts, held) = match has_board(session) {
        true => session.read(&what, look)?,
        false => Default::default(),
    };
    let lines: Vec<Line<'_>> = session
        .config
        .channels()
        .map(|channel| {
            let (open, dead) = counts
                .iter()
                .find(|(name, ..)| *name == channel.name)
                .map_or((0, 0), |(_, open, dead)| (*open, *dead));
            Line {
                channel: &channel.name,
                kind: channel.kind.as_str(),
                description: channel.keys.description.as_deref(),
                board_wide: channel.is_board_wide()
                    && channel.filter.wants_board(session.board.slug.as_str()),
                open,
                dead,
                targets: held
                    .iter()
                    .filter(|(target, _)| target.channel == channel.name)
                    .map(|(target, standing)| Held {
                        target: target.clone(),
                        standing: standing.clone(),
                    })
                    .collect(),
            }
        })
        .collect();
    if global.json {
        return render::print(&render::json(&lines)?);
    }
    let mut table = Table::new(&["CHANNEL", "KIND", "HEARS OF", "TO SEND", "DEAD", "STATE"])
        .right(3)
        .right(4);
    let now = time::now()?;
    for line in lines {
        let hears = if line.board_wide {
            "the board"
        } else {
            "subscriptions"
        };
        table.row([
            line.channel.to_owned(),
            line.kind.to_owned(),
            hears.to_owned(),
            line.open.to_string(),
            line.dead.to_string(),
            state(&line.targets, now),
        ]);
    }
    render::print(&table.render(&Style::stdout()))
}

fn state(held: &[Held], now: Seconds) -> String {
    let paused = held.iter().find(|h| h.standing.paused_at.is_some());
    if let Some(paused) = paused {
        let why = paused.standing.why.as_deref().unwrap_or_default();
        return format!("paused: {why}");
    }
    let waits = held
        .iter()
        .filter_map(|h| h.standing.hold_until)
        .filter(|at| *at > now)
        .max();
    match waits {
        Some(at) => format!("asked us to wait until {}", time::local(at)),
        None => "fine".into(),
    }
}

fn test(
    session: &Session,
    global: &Global,
    name: &str,
    kind: &str,
    (to, thread): (Option<&str>, Option<&str>),
) -> Result<()> {
    let channel = require_channel(&session.config, name)?;
    if notice::known(kind).is_none() {
        let all: Vec<&str> = notice::KINDS.iter().map(|k| k.name).collect();
        let message = format!("{kind:?} is no kind of event; there are {}", all.join(", "));
        return Err(Failure::usage(message).into());
    }
    let now = time::now()?;
    let parcel = Parcel {
        id: test_id()?,
        at: now,
        attempt: 1,
        notice: sample(session.board.slug.as_str(), kind, now),
        held_back: 0,
        to: to.map(str::to_owned),
        thread: thread.map(str::to_owned),
    };
    let http = means::client(&session.config).map_err(Failure::usage)?;
    let timeout = Duration::from_secs(channel.timeout.unsigned_abs());
    let until = Instant::now() + 2 * timeout;
    let board = &session.board;
    let run = |program: &Program| means::run_program(board, channel, program);
    let wire = Wire::new(&http, &run, timeout, until).recorded();
    let outcome = match sender::open(channel, &run, timeout) {
        Ok((opened, secrets)) => sender::send(&*opened, &secrets, &parcel, &wire),
        Err(outcome) => outcome,
    };
    if matches!(outcome, Outcome::Delivered { .. }) {
        let address = to.or(channel.keys.to.as_deref()).unwrap_or_default();
        let thread = thread
            .or(channel.keys.thread.as_deref())
            .unwrap_or_default();
        resume_if_board(session, &target_at(channel, address, thread), now)?;
    }
    tell(global, name, &outcome, &wire.exchanges())?;
    match outcome.why() {
        None => Ok(()),
        Some(why) => Err(Failure::new(
            Kind::Failed,
            format!("channel {name}: not delivered ({}): {why}", outcome.word()),
        )
        .into()),
    }
}

/// An id that no delivery of a board has.
fn test_id() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("test_{:032x}", u128::from_be_bytes(bytes)))
}

fn has_board(session: &Session) -> bool {
    session.board.db().symlink_metadata().is_ok()
}

/// A channel can be tried before there is a board.
fn resume_if_board(session: &Session, target: &Target, now: Seconds) -> Result<()> {
    if !has_board(session) {
        return Ok(());
    }
    let what = format!("resuming channel {}", target.channel);
    session.write(&what, |tx, _| targets::resume(tx, target, now))?;
    Ok(())
}

fn tell(global: &Global, name: &str, outcome: &Outcome, exchanges: &[Exchange]) -> Result<()> {
    let receipt = match outcome {
        Outcome::Delivered { receipt } => receipt.clone(),
        _ => None,
    };
    if global.json {
        let sent: Vec<_> = exchanges
            .iter()
            .map(|e| json!({"what": e.what, "headers": e.headers, "body": e.body, "answer": e.answer}))
            .collect();
        let object = json!({
            "channel": name, "outcome": outcome.word(), "why": outcome.why(), "receipt": receipt, "sent": sent,
        });
        return render::print(&render::json(&object)?);
    }
    let style = Style::stdout();
    let mut out = String::new();
    for exchange in exchanges {
        out += &heading(&style, &exchange.what);
        out += &indented(&style, &exchange.headers.join("\n"));
        out += &indented(&style, &pretty(&exchange.body));
        out += &heading(&style, "Answer");
        out += &indented(&style, &pretty(&exchange.answer));
        out.push('\n');
    }
    let colour = match outcome {
        Outcome::Delivered { .. } => Colour::Green,
        _ => Colour::Red,
    };
    out += &field_in(&style, colour, "verdict", outcome.word());
    out += &outcome
        .why()
        .map(|why| field(&style, "why", why))
        .unwrap_or_default();
    out += &receipt
        .map(|receipt| field(&style, "receipt", &receipt))
        .unwrap_or_default();
    render::print(&out)
}

/// JSON on lines of its own; anything else as it is.
fn pretty(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned())
}

/// A notice with something in every part of it.
fn sample(board: &str, kind: &str, now: Seconds) -> Notice {
    let payload = json!({
        "summary": "what came of it", "reason": "what a person has to decide", "error": "exit 3",
        "failures": 2, "worker": "coder", "kind": "needs_input",
    });
    Notice {
        version: VERSION,
        board: board.to_owned(),
        event: Happened {
            id: None,
            kind: kind.to_owned(),
            at: now,
            payload,
        },
        task: Some(Card {
            id: "t_00000000".into(),
            title: "A test of this channel".into(),
            status: "ready".into(),
            assignee: Some("coder".into()),
            created_at: now,
            ..Card::default()
        }),
        run: Some(Run {
            attempt: Some(1),
            worker: Some("coder".into()),
            duration_ms: Some(61_000),
            last_line: Some("the last line of its output".into()),
            ..Run::default()
        }),
        next: Next::Nothing,
        look: format!("kanban notify list --board {board}"),
    }
}

fn resume(session: &Session, global: &Global, name: &str) -> Result<()> {
    require_channel(&session.config, name)?;
    let what = format!(
        "cannot resume channel {name} on board {}",
        session.board.slug
    );
    let resumed = session.write(&what, |tx, now| {
        let mut targets: Vec<Target> = targets::list(tx)?
            .into_iter()
            .map(|(target, _)| target)
            .filter(|target| target.channel == name)
            .collect();
        targets.push(Target::of_channel(name));
        targets.dedup();
        let mut resumed = Vec::new();
        for target in targets {
            if targets::resume(tx, &target, now)? {
                resumed.push(target);
            }
        }
        Ok(resumed)
    })?;
    if global.json {
        let object = json!({"channel": name, "resumed": resumed});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}
