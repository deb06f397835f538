//! `kanban demo`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Global, board, events, tick as tick_command};
use crate::board::dependency::Release;
use crate::board::id::TaskId;
use crate::board::task::NewTask;
use crate::config::{self, Board, Config, Home};
use crate::exit::{Failure, Kind};
use crate::fsx;
use crate::render::{self, escape, page, style::Style};
use crate::store::{Store, history, tasks};
use crate::tick::wait;
use crate::time;

/// Run a small example from beginning to end
///
/// Makes a board in a folder of its own with five cards: two downloads side by side, a check that fails
/// once and is tried again, and a report that waits for all three and then releases a last card. Real
/// workers (sh) run under real ticks. Nothing outside that folder is touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban demo"#)]
pub struct Args {
    /// Make the folder here [default: demo, demo-2, … in the home of kanban]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

const CONFIG: &str = r#"# Configuration of the demonstration. The worker "check" fails on its first attempt.
[defaults]
retry_delay = "1s"

[workers.download]
command = ["sh", "-c", "echo \"fetching $KANBAN_TITLE\"; sleep 0.2; echo fetched"]

[workers.check]
command = ["sh", "-c", "if [ \"$KANBAN_ATTEMPT\" = 1 ]; then echo 'connection reset by peer'; exit 1; fi; echo 'all 42 checks passed'"]

[workers.report]
command = ["sh", "-c", "date > report.txt; echo \"wrote report.txt in $KANBAN_WORKSPACE\""]
"#;

/// Runs the command.
pub fn run(args: &Args, _global: &Global) -> Result<()> {
    let dir = match &args.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => unused(&config::load(None)?.home.dir)?,
    };
    if dir.symlink_metadata().is_ok() {
        return Err(
            Failure::new(Kind::Refused, format!("{} is there already", dir.display()))
                .hint("name another folder, or remove it")
                .into(),
        );
    }
    fsx::private_dir(&dir)?;
    let file = dir.join("config.toml");
    std::fs::write(&file, CONFIG).with_context(|| format!("cannot write {}", file.display()))?;
    let mut config = config::load(Some(&file))?;
    config.home = Home { dir: dir.clone() };
    let board = config.board(&"demo".parse().map_err(Failure::usage)?);
    Store::create(&board.db())?;
    play(&config, &board, &dir)
}

fn unused(home: &Path) -> Result<PathBuf> {
    (1..10_000)
        .map(|n| {
            if n == 1 {
                home.join("demo")
            } else {
                home.join(format!("demo-{n}"))
            }
        })
        .find(|dir| dir.symlink_metadata().is_err())
        .ok_or_else(|| Failure::refused("too many demonstrations; remove some").into())
}

fn play(config: &Config, board: &Board, dir: &Path) -> Result<()> {
    let style = Style::stdout();
    let flaky = make_cards(board)?;
    say(&style, "The board before")?;
    draw(board, &style)?;
    say(&style, "kanban tick --wait")?;
    let outcome = wait::until_quiet(config, board, None, tick_command::show_progress)?;
    say(&style, "The board after")?;
    draw(board, &style)?;
    say(&style, "The card that was tried again (kanban events)")?;
    let history = Store::open_to_read(&board.db())?
        .read("reading the history", |conn| history::events(conn, &flaky))?;
    render::print(&history.iter().map(events::line).collect::<String>())?;
    say(&style, "Look further")?;
    let shown = escape::line(&dir.display().to_string());
    render::print(&format!(
        "  export KANBAN_HOME='{shown}'\n  kanban show {flaky}\n  kanban runs\n  kanban log {flaky}\n\nRemove it\n\n  rm -r '{shown}'\n"
    ))?;
    match (outcome.finished, outcome.blocked, outcome.errors.first()) {
        (true, 0, None) => Ok(()),
        (_, _, Some(error)) => Err(Failure::new(Kind::Failed, error.clone()).into()),
        _ => Err(Failure::new(Kind::Failed, "the demonstration did not come to its end").into()),
    }
}

fn say(style: &Style, text: &str) -> Result<()> {
    render::print(&format!("\n{}\n", page::heading(style, text)))
}

fn draw(board: &Board, style: &Style) -> Result<()> {
    let store = Store::open_to_read(&board.db())?;
    render::print(&board::draw(&store, board, time::now()?, false, style)?)
}

/// Makes the graph in one transaction and returns the card that fails once.
fn make_cards(board: &Board) -> Result<TaskId> {
    let now = time::now()?;
    Store::open(&board.db())?.write("making the cards", |tx| {
        let make = |title: &str, worker: &str, parents: &[&TaskId]| -> Result<TaskId> {
            let new = NewTask {
                title: title.to_owned(),
                assignee: Some(worker.to_owned()),
                parents: parents
                    .iter()
                    .map(|id| ((*id).clone(), Release::Success))
                    .collect(),
                created_by: "demo".into(),
                ..NewTask::default()
            };
            Ok(tasks::create(tx, &new, now)?.id)
        };
        let prices = make("prices of today", "download", &[])?;
        let weather = make("weather of today", "download", &[])?;
        let check = make("check the sources", "check", &[])?;
        let report = make("write the report", "report", &[&prices, &weather, &check])?;
        make("archive the report", "download", &[&report])?;
        Ok(check)
    })
}
