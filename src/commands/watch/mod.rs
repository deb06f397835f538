//! `kanban watch`

mod screen;

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use anyhow::Result;

use super::events::coloured;
use super::{Global, Session, board, status};
use crate::board::status::Status;
use crate::board::task::Task;
use crate::exit::Failure;
use crate::fsx::Identity;
use crate::render::escape;
use crate::render::style::{Colour, Style};
use crate::store::Store;
use crate::store::history::{self, EventRow};
use crate::store::listing::{self, ListFilter};
use crate::time::{self, Seconds};
use screen::{Screen, Woken};

/// Watch the board as it changes
///
/// Its columns, what runs and for how long, what is wrong, and what happened last, as much of it as the terminal has
/// lines for. q or Ctrl-C leaves. kanban events --follow prints what happens where there is no terminal.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban watch --board default"#)]
pub struct Args {
    /// How often to look whether something changed
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Seconds,
}

/// Runs shown before "+N more", and problems.
const SHOWN: usize = 5;
/// Events that are always shown, and the most that are.
const EVENTS_LEAST: usize = 4;
const EVENTS_MOST: u32 = 100;

fn interval(text: &str) -> Result<Seconds, String> {
    match time::duration(text)? {
        0 => Err("one second is the least".into()),
        seconds => Ok(seconds),
    }
}

/// What is known of the board.
struct View {
    page: String,
    running: Vec<Task>,
    wrong: Vec<String>,
    events: Vec<EventRow>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    if global.json {
        return Err(Failure::usage("what is watched is no JSON")
            .hint("kanban events --follow --json prints an object for each thing that happens")
            .into());
    }
    let session = Session::open(global)?;
    let pause = Duration::from_secs(args.interval.unsigned_abs());
    let mut watched = Watched::open(&session)?;
    let mut screen = Screen::enter()?;
    loop {
        // The width is asked for each time: the terminal may have another one.
        let (style, now) = (Style::stdout(), time::now()?);
        let view = watched.look(&session, &style, now)?;
        screen.show(&fitted(view, screen.lines(), now, &style))?;
        if screen.wait(pause)? == Woken::Leave {
            return Ok(());
        }
    }
}

/// The board, open as long as it is watched. Between two looks no transaction is, so nobody's checkpoint waits for
/// it; a connection of its own for each look could not tell whether anything had changed.
struct Watched {
    store: Store,
    file: Identity,
    seen: Option<(i64, Style, View)>,
}

impl Watched {
    fn open(session: &Session) -> Result<Self> {
        Ok(Self {
            store: session.reader()?,
            file: identity(session)?,
            seen: None,
        })
    }

    /// The board as it is now, read again only if that can have changed.
    fn look(&mut self, session: &Session, style: &Style, now: Seconds) -> Result<&View> {
        // A board that was restored is another file.
        if identity(session)? != self.file {
            *self = Self::open(session)?;
        }
        let version = self.store.data_version()?;
        let (store, seen) = (&self.store, self.seen.take());
        let view = match seen {
            // What waits or runs changes by the clock alone.
            Some((before, drawn, view))
                if before == version
                    && drawn == *style
                    && view.running.is_empty()
                    && view.wrong.is_empty() =>
            {
                view
            }
            _ => view(session, store, style, now)?,
        };
        let seen = self.seen.insert((version, style.clone(), view));
        Ok(&seen.2)
    }
}

fn identity(session: &Session) -> Result<Identity> {
    let path = session.board.db();
    let meta = std::fs::metadata(&path).map_err(|_| {
        Failure::not_found(format!("there is no board at {} any more", path.display()))
    })?;
    Ok(Identity {
        dev: meta.dev(),
        ino: meta.ino(),
    })
}

fn view(session: &Session, store: &Store, style: &Style, now: Seconds) -> Result<View> {
    let page = board::draw(store, &session.board, now, false, style)?;
    let running = ListFilter {
        statuses: vec![Status::Running],
        ..ListFilter::default()
    };
    let (running, events) = store.read("cannot read the board", |conn| {
        Ok((
            listing::list(conn, &running)?,
            history::newest_events(conn, EVENTS_MOST)?,
        ))
    })?;
    Ok(View {
        page,
        running,
        wrong: status::wrong(session, store, now)?,
        events,
    })
}

/// As much as there are lines for: the columns give way to what is below them, down to a third.
fn fitted(view: &View, lines: usize, now: Seconds, style: &Style) -> String {
    let mut below = Vec::new();
    let some = |all: Vec<String>| -> Vec<String> {
        let more = all.len().saturating_sub(SHOWN);
        let rest = (more > 0).then(|| style.paint(Colour::Dim, &format!("+{more} more")));
        all.into_iter().take(SHOWN).chain(rest).collect()
    };
    let wrong = view.wrong.iter().map(|what| {
        let what = escape::cut(&escape::line(what), style.width, style);
        style.paint(Colour::Red, &what)
    });
    below.extend(some(wrong.collect()));
    let running = view.running.iter().map(|task| {
        let worker = task.assignee.as_deref().unwrap_or("-");
        let since = task
            .started_at
            .map_or_else(String::new, |at| time::humane(now - at));
        let line = format!("{}  {since:>8}  {worker}  {}", task.id, task.title);
        escape::cut(&escape::line(&line), style.width, style)
    });
    below.extend(some(running.collect()));
    let columns: Vec<&str> = view.page.lines().collect();
    // One line says how to leave.
    let room = lines.saturating_sub(1);
    let least = below.len() + EVENTS_LEAST.min(view.events.len());
    let above = columns.len().min(room.saturating_sub(least).max(room / 3));
    let mut page: Vec<String> = columns[..above]
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    page.extend(below);
    page.truncate(room);
    let events = room - page.len();
    let skipped = view.events.len().saturating_sub(events);
    page.extend(view.events[skipped..].iter().map(|event| {
        let line = coloured(event, style);
        line.trim_end().to_owned()
    }));
    page.push(style.paint(Colour::Dim, "q leaves"));
    page.join("\n")
}
