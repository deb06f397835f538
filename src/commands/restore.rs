//! `kanban restore`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::confirm::Confirm;
use super::{Global, Session, outsider_of};
use crate::exit::Failure;
use crate::fsx;
use crate::platform;
use crate::render;
use crate::render::page::field;
use crate::render::style::Style;
use crate::store::{Origin, outsiders};
use crate::tick::hermes;
use crate::tick::lock::Alone;
use crate::tick::open_runs::{self, OpenRun};
use crate::time;

/// Go back to a backup of the board
///
/// The backup is checked before anything is changed. What the board is now is kept beside it as
/// kanban.db.before-restore-TIME, or as kanban.db.damaged-TIME where SQLite cannot read it any more; nothing is
/// ever overwritten, and what is kept is yours to remove. A quarantine is lifted. Other programs may have the board
/// open meanwhile.
///
/// Refused while a worker runs or a tick is at work. A card that was running when the backup was made is booked
/// by the next tick: its worker is gone, so it counts as lost and is tried again. Work that was finished after
/// the backup is done once more, and messages that were due then are sent once more, under the same id.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban backup ~/kanban.backup
  $ kanban restore ~/kanban.backup --yes"#)]
pub struct Args {
    /// What kanban backup made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// End the workers that run; their work is lost
    #[arg(long)]
    stop_workers: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let (board, db) = (&session.board, session.board.db());
    let origin = Origin::open(&args.file)?;
    if origin.is(&db) {
        return Err(Failure::usage(format!("{} is the board itself", db.display())).into());
    }
    let now = time::now()?;
    let from = origin
        .newest
        .map_or_else(|| "before anything happened".to_owned(), time::local);
    args.confirm.ask(&format!(
        "board {} goes back to {} ({} card{}, as of {from}), and loses what came later",
        board.slug,
        args.file.display(),
        origin.cards,
        if origin.cards == 1 { "" } else { "s" },
    ))?;
    fsx::private_dir(db.parent().unwrap_or(&board.dir))?;
    hermes::admit(board)?;
    let alone = Alone::take(board)?;
    no_outsiders(&session)?;
    no_workers(&session, args.stop_workers)?;
    let restored = origin.restore_to(&db, now)?;
    drop(alone);
    if global.json {
        let object = json!({
            "board": board.slug, "from": args.file.to_string_lossy(), "cards": origin.cards,
            "newest": origin.newest, "kept": restored.kept, "was_damaged": restored.was_damaged,
        });
        return render::print(&render::json(&object)?);
    }
    let style = Style::stdout();
    let mut out = field(&style, "restored", &args.file.display().to_string());
    out += &field(&style, "cards", &origin.cards.to_string());
    out += &field(&style, "as of", &from);
    if let Some(kept) = &restored.kept {
        out += &field(&style, "kept aside", &kept.display().to_string());
    }
    render::print(&out)
}

/// Workers of another program cannot be asked to end by a lock.
fn no_outsiders(session: &Session) -> Result<()> {
    // A damaged board cannot be asked. Its workers will find their card gone.
    let running = session
        .reader()
        .and_then(|store| store.read("cannot look at what runs", outsiders::list))
        .unwrap_or_default();
    let alive = |run: &&outsiders::Outsider| {
        outsider_of(run, &platform::host_name()).is_some_and(|worker| worker.is_alive())
    };
    match running.iter().find(alive) {
        None => Ok(()),
        Some(run) => Err(Failure::refused(format!(
            "another program's worker still runs on {} of board {}",
            run.task, session.board.slug
        ))
        .hint("kanban stop ends it; nothing was changed")
        .into()),
    }
}

/// A worker whose card is put back would not know, and another one would be started beside it. The folders of the runs
/// are asked as well as the board, which may be damaged.
fn no_workers(session: &Session, stop: bool) -> Result<()> {
    let until = Instant::now() + session.end_patience();
    loop {
        let open = open_runs::of_board(&session.config, &session.board, time::now()?)?;
        let Some(first) = open.first().map(OpenRun::why) else {
            return Ok(());
        };
        if !stop {
            return Err(open_runs::refusal(&open, &session.board)
                .hint(
                    "kanban drain waits for workers, --stop-workers ends them; nothing was changed",
                )
                .into());
        }
        let refused = open_runs::end(open, until)?;
        if refused.iter().any(OpenRun::needs_person) || Instant::now() >= until {
            let first = refused.first().map_or(first, OpenRun::why);
            return Err(Failure::try_again(first)
                .hint("nothing was changed; try again, or end that process by hand")
                .into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
