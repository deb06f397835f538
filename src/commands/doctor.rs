//! `kanban doctor`

use std::ffi::OsStr;
use std::fs::File;

use anyhow::Result;
use serde::Serialize;

use super::timer::installed;
use super::{Global, Session};
use crate::config::Secret;
use crate::delivery::sender;
use crate::exit::{Failure, Kind};
use crate::fsx;
use crate::platform;
use crate::render;
use crate::render::page::field_in;
use crate::render::style::{Colour, Style};
use crate::store::{Store, quarantine};
use crate::tick::{self, hermes};
use crate::time;
use crate::worker::unit::{self, Fate};

/// The search path of a job under cron, where the crontab sets none (Debian's cron(8)).
const CRON_PATH: &str = "/usr/bin:/bin";

/// Fewer descriptors make a tick work in small batches.
const FEW_DESCRIPTORS: u64 = 64;

/// Say what would keep this board from being served here, and what would kill its workers
///
/// Looks for each worker's program where cron would look, at the channels (nothing is sent), the board, the
/// locks, the timer, and at what the machine does to processes that outlive a session. Exits 1 if something is bad; changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban doctor
  $ kanban doctor --json"#)]
pub struct Args {}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    /// Likely a mistake.
    Warn,
    /// It cannot work.
    Bad,
}

#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    about: &'static str,
    what: String,
}

/// Runs the command.
pub fn run(_: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let mut found = Vec::new();
    workers(&session, &mut found);
    channels(&session, &mut found);
    board(&session, &mut found);
    locks(&session, &mut found);
    ticks(&session, &mut found);
    host(&mut found);
    units(&session, &mut found);
    of_hermes(&session, &mut found);
    let bad = found.iter().filter(|f| f.level == Level::Bad).count();
    if global.json {
        render::print(&render::json(&found)?)?;
    } else {
        let style = Style::stdout();
        let lines: String = found
            .iter()
            .map(|finding| {
                let (word, colour) = match finding.level {
                    Level::Ok => ("ok", Colour::Green),
                    Level::Warn => ("warning", Colour::Yellow),
                    Level::Bad => ("bad", Colour::Red),
                };
                let label = format!("{word:<8}{}", finding.about);
                field_in(&style, colour, &label, &finding.what)
            })
            .collect();
        render::print(&lines)?;
    }
    match bad {
        0 => Ok(()),
        n => Err(Failure::new(Kind::Failed, format!("{n} things cannot work here")).into()),
    }
}

fn add(found: &mut Vec<Finding>, level: Level, about: &'static str, what: impl Into<String>) {
    let what = what.into();
    found.push(Finding { level, about, what });
}

/// Under cron there is hardly an environment: what is found in a shell need not be found there.
fn workers(session: &Session, found: &mut Vec<Finding>) {
    let config = &session.config;
    // Whether programs are found is asked below, where cron would look.
    let of_programs = |w: &String| w.starts_with("workers.") && w.contains(".command: ");
    for warning in config.warnings().into_iter().filter(|w| !of_programs(w)) {
        add(found, Level::Warn, "config", warning);
    }
    for worker in config.workers().filter(|worker| !worker.pull) {
        let under_cron = worker
            .env
            .get("PATH")
            .map_or(OsStr::new(CRON_PATH), OsStr::new);
        match config.doubt(worker, under_cron) {
            None => add(
                found,
                Level::Ok,
                "worker",
                format!("{} is found under cron", worker.name),
            ),
            Some(doubt) => add(
                found,
                Level::Warn,
                "worker",
                match doubt.contains("PATH") {
                    true => format!(
                        "{}: {doubt}; kanban timer install carries the PATH of this shell, a crontab of yours may set one",
                        worker.name
                    ),
                    false => format!("{}: {doubt}", worker.name),
                },
            ),
        }
    }
    if config.workers().next().is_none() {
        add(
            found,
            Level::Warn,
            "worker",
            "none is declared, so nothing is ever started",
        );
    }
}

/// A secret that a shell has in its environment, cron may not have.
fn channels(session: &Session, found: &mut Vec<Finding>) {
    for channel in session.config.channels() {
        let name = &channel.name;
        match sender::check(channel) {
            Err(why) => add(found, Level::Bad, "channel", format!("{name}: {why}")),
            Ok(doubts) if doubts.is_empty() => {
                let variable = [&channel.url, &channel.token, &channel.secret]
                    .into_iter()
                    .flatten()
                    .find_map(|secret| match secret {
                        Secret::Env(variable) => Some(variable),
                        _ => None,
                    });
                match variable {
                    None => add(
                        found,
                        Level::Ok,
                        "channel",
                        format!("{name} can be sent to"),
                    ),
                    Some(variable) => add(
                        found,
                        Level::Warn,
                        "channel",
                        format!(
                            "{name}: {variable} is set here; a timer needs it too, or a file instead"
                        ),
                    ),
                }
            }
            Ok(doubts) => {
                for doubt in doubts {
                    add(found, Level::Warn, "channel", format!("{name}: {doubt}"));
                }
            }
        }
    }
}

fn board(session: &Session, found: &mut Vec<Finding>) {
    let db = session.board.db();
    if let Some(name) = db.parent().and_then(platform::network_file_system) {
        let what = format!(
            "{} is on {name}, where neither locks nor a WAL are safe",
            db.display()
        );
        add(found, Level::Bad, "board", what);
    }
    if let Some(mark) = quarantine::read(&db) {
        add(found, Level::Bad, "board", mark.failure(&db).to_string());
        return;
    }
    match Store::open_to_read(&db) {
        Ok(_) => add(found, Level::Ok, "board", db.display().to_string()),
        Err(e) => add(found, Level::Bad, "board", crate::exit::line(&e)),
    }
}

fn locks(session: &Session, found: &mut Vec<Finding>) {
    let runs = session.board.runs();
    let path = runs.join(".doctor");
    let tried = fsx::private_dir(&runs).and_then(|()| {
        let _ = std::fs::remove_file(&path);
        let lock: File = fsx::create_private(&path)?;
        let works = fsx::lock_exclusive(&lock, fsx::Wait::No)? && fsx::flock_works(&lock, &path)?;
        std::fs::remove_file(&path)?;
        Ok(works)
    });
    let shown = runs.display();
    match tried {
        Ok(true) => add(
            found,
            Level::Ok,
            "locks",
            format!("file locks work in {shown}"),
        ),
        Ok(false) => add(
            found,
            Level::Bad,
            "locks",
            format!("file locks do not work in {shown}; put the board on a local disk"),
        ),
        Err(e) => add(found, Level::Bad, "locks", format!("{e:#}")),
    }
}

fn ticks(session: &Session, found: &mut Vec<Finding>) {
    let every = session.config.defaults().tick_every.0;
    let age = time::now()
        .ok()
        .zip(tick::last_at(&session.board))
        .map(|(now, at)| now - at);
    match age {
        Some(age) if age <= 3 * every => {
            add(
                found,
                Level::Ok,
                "ticks",
                format!("the last was {} ago", time::humane(age)),
            );
        }
        Some(age) => add(
            found,
            Level::Warn,
            "ticks",
            format!(
                "none for {}; kanban timer install makes one every minute",
                time::humane(age)
            ),
        ),
        None => add(
            found,
            Level::Warn,
            "ticks",
            "there has been none; kanban timer install makes one every minute",
        ),
    }
}

fn host(found: &mut Vec<Finding>) {
    match unit::fate() {
        Fate::Live => {}
        Fate::Killed(why) => add(found, Level::Bad, "unit", why),
    }
    match platform::logout_kills() {
        true => add(
            found,
            Level::Warn,
            "logout",
            "logind has KillUserProcesses=yes: workers that a shell of yours started end with your session, unless loginctl enable-linger was run",
        ),
        false => add(
            found,
            Level::Ok,
            "logout",
            "processes may outlive a session",
        ),
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if let Some(limit) = limit.filter(|limit| *limit < FEW_DESCRIPTORS) {
        add(
            found,
            Level::Warn,
            "limits",
            format!("only {limit} descriptors (ulimit -n)"),
        );
    }
}

fn units(session: &Session, found: &mut Vec<Finding>) {
    match installed::undelegated(&session.config) {
        Ok(units) => {
            for unit in units {
                add(
                    found,
                    Level::Warn,
                    "unit",
                    format!(
                        "{} lacks Delegate=yes, so a run gets no cgroup of its own and processes that its worker leaves may escape; write the unit again with: {} (and the same --every)",
                        unit.path.display(),
                        unit.command
                    ),
                );
            }
        }
        Err(e) => add(found, Level::Warn, "unit", format!("{e:#}")),
    }
}

fn of_hermes(session: &Session, found: &mut Vec<Finding>) {
    let Some(home) = &session.config.hermes else {
        return;
    };
    if hermes::gateway_dispatches(home) {
        add(
            found,
            Level::Bad,
            "hermes",
            "its gateway dispatches these boards itself; set kanban.dispatch_in_gateway: false and restart it",
        );
    }
    if home.emergency_stop().symlink_metadata().is_ok() {
        let what = format!(
            "{} is set: nothing is started",
            home.emergency_stop().display()
        );
        add(found, Level::Warn, "hermes", what);
    }
}
