//! `kanban gc`

use anyhow::Result;
use serde_json::{Value, json};

use super::{Global, Session};
use crate::exit::{Failure, Kind};
use crate::render::page::field;
use crate::render::style::Style;
use crate::render::{self, size};
use crate::store::Store;
use crate::tick::Effects;
use crate::tick::lock::Alone;
use crate::tick::prune::{Durability, Extent, Pruned, Shared, Sweep};
use crate::time;

/// Remove what is no longer needed: old history, runs, logs, workspaces, messages that were delivered
///
/// How long each is kept stands in the configuration: keep_events, keep_runs, keep_logs, keep_artifacts and
/// workspace_keep among the defaults, and keep of the deliveries. Ticks do the same little by little. Cards, their
/// results and comments always stay, and so does what has still to be told, what a worker may be at work on, and a
/// worktree with changes that are nowhere else.
///
/// No tick begins while files are looked through; while history is removed, which may take minutes, ticks go on.
///
/// The room that is freed in the file is used again; kanban vacuum gives it back to the disk.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban gc --dry-run
  $ kanban gc"#)]
pub struct Args {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// On a board of Hermes, remove history, runs and logs too, which it reads as well
    #[arg(long)]
    shared: bool,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let board = &session.board;
    let alone = match args.dry_run {
        true => None,
        false => Some(Alone::take(board)?),
    };
    let (effects, mut store) = match args.dry_run {
        true => (Effects::Shown, session.reader()?),
        false => (Effects::Real, Store::open(&board.db())?),
    };
    let shared = match args.shared {
        true => Shared::Removed,
        false => Shared::Kept,
    };
    let mut sweep = Sweep {
        config: &session.config,
        board,
        store: &mut store,
        now: time::now()?,
        effects,
        extent: Extent::All,
        shared,
        durability: Durability::default(),
        unknown: None,
        pruned: Pruned::default(),
    };
    sweep.files()?;
    // History may take minutes, which no worker has to wait for.
    drop(alone);
    sweep.rows()?;
    let pruned = sweep.pruned;
    if effects == Effects::Real {
        store.checkpoint()?;
    }
    let free = store.size()?.free;
    drop(store);
    if global.json {
        let mut object = json!(pruned);
        if let Some(object) = object.as_object_mut() {
            object.insert("board".into(), json!(board.slug));
            object.insert("dry_run".into(), Value::Bool(args.dry_run));
            object.insert("free_in_file".into(), json!(free));
        }
        render::print(&render::json(&object)?)?;
    } else {
        render::print(&text(&pruned, args.dry_run, free))?;
    }
    match pruned.failed.as_slice() {
        [] => Ok(()),
        [first, rest @ ..] => {
            let more = match rest.len() {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            Err(Failure::new(Kind::Failed, format!("{first}{more}")).into())
        }
    }
}

fn text(pruned: &Pruned, dry_run: bool, free: u64) -> String {
    let style = Style::stdout();
    let would = if dry_run { "would go" } else { "removed" };
    let mut out = String::new();
    for (name, freed) in pruned.parts() {
        if freed.count > 0 {
            out += &field(
                &style,
                name,
                &format!("{} {would}, {}", freed.count, size(freed.bytes)),
            );
        }
    }
    if out.is_empty() {
        out += &field(&style, "nothing", "is old enough");
    }
    for kept in &pruned.kept {
        out += &field(&style, "kept", kept);
    }
    if free > 0 {
        out += &field(
            &style,
            "in the file",
            &format!("{} are free; kanban vacuum gives them back", size(free)),
        );
    }
    out
}
