//! `kanban boards`

use anyhow::Result;
use serde::Serialize;

use super::confirm::Confirm;
use super::{Global, Session};
use crate::board::id::Slug;
use crate::board::status::Status;
use crate::config::{Config, load};
use crate::exit;
use crate::render;
use crate::render::style::Style;
use crate::render::table::Table;
use crate::store::{Store, quarantine, tasks};
use crate::tick;
use crate::time::{self, Seconds};

mod moves;

/// List, make, rename and put away boards, or print where one is
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the boards of the home and those that the configuration names
    ///
    /// A board that cannot be read is listed with the reason, and the others all the same.
    #[command(after_long_help = r#"Examples:
  $ kanban boards list"#)]
    List,
    /// Print the path of the board's database
    #[command(after_long_help = r#"Examples:
  $ ls -l "$(kanban boards path)""#)]
    Path,
    /// Make a board
    #[command(after_long_help = r#"Examples:
  $ kanban boards create website"#)]
    Create {
        /// What it is to be called
        #[arg(value_name = "NAME")]
        name: Slug,
    },
    /// Give a board another name
    ///
    /// Its folder is moved, and with it its logs, workspaces and attachments. Refused while a worker runs.
    #[command(after_long_help = r#"Examples:
  $ kanban boards rename default website"#)]
    Rename {
        /// What it is called
        #[arg(value_name = "OLD")]
        old: Slug,
        /// What it is to be called
        #[arg(value_name = "NEW")]
        new: Slug,
    },
    /// Put a board away
    ///
    /// Its folder is moved to archived/ in the home, under its name and the time; kanban boards unarchive brings
    /// it back. Refused while a worker runs.
    #[command(after_long_help = r#"Examples:
  $ kanban boards archive default"#)]
    Archive {
        /// The board
        #[arg(value_name = "NAME")]
        name: Slug,
    },
    /// Bring a board back that was put away, or list those that were
    #[command(after_long_help = r#"Examples:
  $ kanban boards unarchive"#)]
    Unarchive {
        /// What kanban boards archive printed [default: list what could be brought back]
        #[arg(value_name = "ARCHIVED")]
        archived: Option<Slug>,
        /// What it is to be called [default: as it was]
        #[arg(long, value_name = "NAME", requires = "archived")]
        name: Option<Slug>,
    },
    /// Delete a board for good, with everything in its folder
    ///
    /// Refused while a worker runs.
    #[command(after_long_help = r#"Examples:
  $ kanban boards rm default --yes"#)]
    Rm {
        /// The board, or what kanban boards archive printed
        #[arg(value_name = "NAME")]
        name: Slug,
        #[command(flatten)]
        confirm: Confirm,
    },
}

/// A board, as the list has it.
#[derive(Debug, Serialize)]
struct Line {
    board: Slug,
    path: String,
    /// Whether it belongs to Hermes Agent.
    of_hermes: bool,
    /// Cards that are not at an end.
    open: Option<i64>,
    /// Cards that wait for a person.
    blocked: Option<i64>,
    /// Unix seconds.
    last_tick_at: Option<Seconds>,
    /// Why it could not be read.
    error: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let config = || load(global.config.as_deref());
    match &args.what {
        What::Create { name } => moves::create(&config()?, name, global),
        What::Rename { old, new } => moves::rename(&config()?, old, new, global),
        What::Archive { name } => moves::archive(&config()?, name, global),
        What::Unarchive { archived, name } => match archived {
            Some(archived) => moves::unarchive(&config()?, archived, name.as_ref(), global),
            None => moves::list_archived(&config()?, global),
        },
        What::Rm { name, confirm } => moves::remove(&config()?, name, *confirm, global),
        What::Path => {
            let session = Session::open(global)?;
            let path = session.board.db().to_string_lossy().into_owned();
            if global.json {
                let object = serde_json::json!({"board": session.board.slug, "path": path});
                return render::print(&render::json(&object)?);
            }
            render::print(&format!("{path}\n"))
        }
        What::List => list(&config()?, global),
    }
}

fn list(config: &Config, global: &Global) -> Result<()> {
    let lines: Vec<Line> = config
        .list_boards()?
        .into_iter()
        .map(|slug| look(config, slug))
        .collect();
    if global.json {
        return render::print(&render::json(&lines)?);
    }
    let now = time::now()?;
    let mut table = Table::new(&["BOARD", "OPEN", "BLOCKED", "LAST TICK", "PATH"])
        .right(1)
        .right(2);
    let number = |n: Option<i64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    for line in lines {
        let ago = line
            .last_tick_at
            .map(|at| format!("{} ago", time::humane(now.saturating_sub(at))));
        table.row([
            line.board.to_string(),
            number(line.open),
            number(line.blocked),
            ago.unwrap_or_else(|| "-".into()),
            line.error.unwrap_or(line.path),
        ]);
    }
    render::print(&table.render(&Style::stdout()))
}

fn look(config: &Config, slug: Slug) -> Line {
    let board = config.board(&slug);
    let counts = match quarantine::read(&board.db()) {
        Some(mark) => Err(mark.failure(&board.db()).into()),
        None => Store::open_to_read(&board.db()),
    };
    let counts = counts.and_then(|store| store.read("cannot count the cards", tasks::counts));
    let (counts, error) = match counts {
        Ok(counts) => (Some(counts), None),
        Err(e) => (None, Some(exit::line(&e))),
    };
    let sum = |which: fn(&Status) -> bool| {
        let counts = counts.as_ref()?;
        Some(
            counts
                .iter()
                .filter(|(s, _)| which(s))
                .map(|(_, n)| n)
                .sum(),
        )
    };
    Line {
        path: board.db().to_string_lossy().into_owned(),
        of_hermes: board.hermes.is_some(),
        open: sum(|status| !status.is_final()),
        blocked: sum(|status| *status == Status::Blocked),
        last_tick_at: tick::last_at(&board),
        board: slug,
        error,
    }
}
