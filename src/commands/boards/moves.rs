//! Boards as wholes: making them, moving their folders, deleting them.
//!
//! A folder is moved by one rename, under the locks of the board and while no worker of it lives, so there is never
//! half a board under a name. What lives where the configuration says is moved by whoever wrote that.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::super::confirm::Confirm;
use super::super::{Global, outsider_of};
use crate::board::id::Slug;
use crate::board::status::Status;
use crate::config::{Board, Config};
use crate::exit::Failure;
use crate::render::{self, escape, size};
use crate::store::{Store, moved, outsiders, tasks};
use crate::tick::lock::Alone;
use crate::tick::open_runs;
use crate::{fsx, platform, time};

/// Makes a board.
pub fn create(config: &Config, name: &Slug, global: &Global) -> Result<()> {
    let board = config.board(name);
    let taken = board.db().symlink_metadata().is_ok();
    if taken || board.hermes.is_some() || !Store::create(&board.db())? {
        let message = format!(
            "there is a board {name} already, at {}",
            board.db().display()
        );
        return Err(Failure::refused(message).hint("choose another name").into());
    }
    tell(
        global,
        &json!({"board": name, "path": board.db()}),
        &board.db().display().to_string(),
    )
}

/// Gives a board another name.
pub fn rename(config: &Config, old: &Slug, new: &Slug, global: &Global) -> Result<()> {
    let what = format!("cannot rename board {old} to {new}");
    let board = movable(config, old).context(what.clone())?;
    let to = vacant(config, new).context(what.clone())?;
    let alone = at_rest(config, &board).context(what.clone())?;
    relocate(&board.dir, &to).context(what)?;
    drop(alone);
    remind(config, old, Some(new));
    tell(
        global,
        &json!({"board": new, "was": old, "path": to.db()}),
        &to.db().display().to_string(),
    )
}

/// Puts a board away.
pub fn archive(config: &Config, name: &Slug, global: &Global) -> Result<()> {
    let what = format!("cannot archive board {name}");
    let board = movable(config, name).context(what.clone())?;
    let alone = at_rest(config, &board).context(what.clone())?;
    let archives = config.home.archived_dir();
    fsx::private_dir(&archives)?;
    let stamp: String = time::rfc3339(time::now()?)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let archived = format!("{name}-{}", stamp.to_ascii_lowercase());
    let to = Board::native(name.clone(), archives.join(&archived));
    if to.dir.symlink_metadata().is_ok() {
        let message = format!("{} is there already", to.dir.display());
        return Err(Failure::try_again(message)
            .hint("try again in a second")
            .into());
    }
    relocate(&board.dir, &to).context(what)?;
    drop(alone);
    remind(config, name, None);
    let way_back = format!("kanban boards unarchive {archived}");
    render::print_err(&format!("kanban: {way_back} brings it back"));
    tell(
        global,
        &json!({"board": name, "archived": archived, "path": to.db()}),
        &archived,
    )
}

/// Lists what was put away.
pub fn list_archived(config: &Config, global: &Global) -> Result<()> {
    let names: Vec<String> = archives(config)?.iter().map(ToString::to_string).collect();
    if global.json {
        return render::print(&render::json(&names)?);
    }
    match names.is_empty() {
        true => Ok(()),
        false => render::print(&format!("{}\n", names.join("\n"))),
    }
}

/// Brings a board back.
pub fn unarchive(
    config: &Config,
    archived: &Slug,
    name: Option<&Slug>,
    global: &Global,
) -> Result<()> {
    let what = format!("cannot bring {archived} back");
    let board = find_archived(config, archived).context(what.clone())?;
    let name = match name {
        Some(name) => name.clone(),
        None => original(archived),
    };
    let to = vacant(config, &name).context(what.clone())?;
    let alone = at_rest(config, &board).context(what.clone())?;
    relocate(&board.dir, &to).context(what)?;
    drop(alone);
    tell(
        global,
        &json!({"board": name, "was": archived, "path": to.db()}),
        &to.db().display().to_string(),
    )
}

/// Deletes a board.
pub fn remove(config: &Config, name: &Slug, confirm: Confirm, global: &Global) -> Result<()> {
    let what = format!("cannot delete board {name}");
    let board = match config.board(name).db().symlink_metadata().is_ok() {
        true => movable(config, name),
        false => find_archived(config, name),
    }
    .context(what.clone())?;
    // Whoever could not delete it is not asked first.
    drop(at_rest(config, &board).context(what.clone())?);
    confirm.ask(&lost(&board, name)?)?;
    let alone = at_rest(config, &board).context(what.clone())?;
    // Under a name that no board has: a kill leaves a board or none, not the rest of one.
    let archives = config.home.archived_dir();
    fsx::private_dir(&archives)?;
    sweep(&archives);
    let doomed = archives.join(format!("{DOOMED}{name}-{}", std::process::id()));
    rename_dir(&board.dir, &doomed).context(what)?;
    drop(alone);
    std::fs::remove_dir_all(&doomed).with_context(|| {
        format!(
            "board {name} is gone, but {} is left of it",
            doomed.display()
        )
    })?;
    remind(config, name, None);
    match global.json {
        true => render::print(&render::json(&json!({"board": name, "removed": true}))?),
        false => Ok(()),
    }
}

/// How the folder of a board that is being deleted begins; no board can be called so.
const DOOMED: &str = ".deleted-";

/// Removes what an interrupted deletion has left.
fn sweep(archives: &Path) {
    for entry in std::fs::read_dir(archives).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DOOMED)
            && let Err(e) = std::fs::remove_dir_all(entry.path())
        {
            log::warn!("cannot remove {}: {e}", entry.path().display());
        }
    }
}

/// What would be lost, in a sentence.
fn lost(board: &Board, name: &Slug) -> Result<String> {
    let bytes = fsx::weight(&board.dir);
    // A damaged board cannot be counted, and is no less lost.
    let counted = Store::open_to_read(&board.db())
        .and_then(|store| store.read("cannot count the cards", tasks::counts));
    let cards = match counted {
        Err(_) => "its cards, which cannot be counted".to_owned(),
        Ok(counts) => {
            let sum = |which: fn(&Status) -> bool| -> i64 {
                counts
                    .iter()
                    .filter(|(s, _)| which(s))
                    .map(|(_, n)| n)
                    .sum()
            };
            let (all, open) = (sum(|_| true), sum(|status| !status.is_final()));
            format!(
                "{all} card{} ({open} open)",
                if all == 1 { "" } else { "s" }
            )
        }
    };
    Ok(format!(
        "board {name} will be deleted with {cards}, logs, workspaces and attachments: {} in {}",
        size(bytes),
        board.dir.display()
    ))
}

/// A board of the home, which is ours to move.
fn movable(config: &Config, name: &Slug) -> Result<Board> {
    let board = config.board(name);
    if board.hermes.is_some() {
        return Err(
            Failure::refused(format!("{name} is a board of Hermes Agent"))
                .hint("use hermes kanban boards")
                .into(),
        );
    }
    if board.dir != config.home.boards_dir().join(name.as_str()) {
        let (dir, config) = (board.dir.display(), config.path.as_deref());
        let file = config
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let message = format!("it lives in {dir}, because [boards.{name}] path says so");
        return Err(Failure::refused(message)
            .hint(format!("move the folder and edit {file} yourself"))
            .into());
    }
    match board.dir.symlink_metadata() {
        Ok(meta) if meta.is_symlink() => {
            let message = format!("{} is a link", board.dir.display());
            Err(Failure::refused(message)
                .hint("move the link and what it leads to yourself")
                .into())
        }
        Ok(_) if board.db().symlink_metadata().is_ok() => Ok(board),
        _ => Err(Failure::not_found(format!("there is no board {name}"))
            .hint("kanban boards list")
            .into()),
    }
}

/// Where a board of this name can be put.
fn vacant(config: &Config, name: &Slug) -> Result<Board> {
    let board = config.board(name);
    let home = config.home.boards_dir().join(name.as_str());
    if board.dir != home {
        let message = format!("[boards.{name}] of the configuration names another folder");
        return Err(Failure::refused(message).hint("choose another name").into());
    }
    match home.symlink_metadata() {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(board),
        _ => Err(
            Failure::refused(format!("{} is there already", home.display()))
                .hint("choose another name")
                .into(),
        ),
    }
}

/// Holds a board that no tick works on, whose messages nobody sends, and that has no worker.
fn at_rest(config: &Config, board: &Board) -> Result<Alone> {
    let alone = Alone::take(board)?;
    let open = open_runs::of_board(config, board, time::now()?)?;
    if !open.is_empty() {
        return Err(open_runs::refusal(&open, board).into());
    }
    // A damaged board has nobody whom it could name.
    let outsiders = Store::open_to_read(&board.db())
        .and_then(|store| store.read("cannot look at what runs", outsiders::list))
        .unwrap_or_default();
    let host = platform::host_name();
    let alive = outsiders
        .iter()
        .find(|run| outsider_of(run, &host).is_some_and(|worker| worker.is_alive()));
    match alive {
        None => Ok(alone),
        Some(run) => Err(Failure::refused(format!(
            "another program's worker still runs on {}",
            run.task
        ))
        .hint("kanban drain waits for workers, kanban stop ends them; nothing was changed")
        .into()),
    }
}

/// Moves the folder, then says on the board where its files are now. If that cannot be said, it is moved back.
fn relocate(from: &Path, to: &Board) -> Result<()> {
    rename_dir(from, &to.dir)?;
    let told = Store::open(&to.db()).and_then(|mut store| {
        store.write("cannot say where its files are", |tx| {
            moved::to(tx, &to.dir)
        })?;
        store.checkpoint_if_large()
    });
    told.inspect_err(|_| {
        if let Err(e) = rename_dir(&to.dir, from) {
            log::error!("cannot move {} back: {e:#}", to.dir.display());
        }
    })
    .map(drop)
}

fn rename_dir(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(|e| {
        let message = format!("cannot move {} to {}", from.display(), to.display());
        match e.kind() {
            ErrorKind::CrossesDevices => {
                Failure::refused(format!("{message}: they are on different file systems"))
                    .hint("nothing was changed; move it by hand while no tick runs")
                    .into()
            }
            _ => anyhow::Error::from(e).context(message),
        }
    })?;
    for dir in [from, to].into_iter().filter_map(Path::parent) {
        fsx::sync_dir(dir)?;
    }
    Ok(())
}

/// What was put away, oldest first of each name.
fn archives(config: &Config) -> Result<Vec<Slug>> {
    let dir = config.home.archived_dir();
    let entries = match std::fs::read_dir(&dir) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("cannot list {}", dir.display()))?,
    };
    let mut found: Vec<Slug> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|slug: &Slug| db_of(config, slug).is_file())
        .collect();
    found.sort();
    Ok(found)
}

fn db_of(config: &Config, archived: &Slug) -> PathBuf {
    Board::native(
        archived.clone(),
        config.home.archived_dir().join(archived.as_str()),
    )
    .db()
}

fn find_archived(config: &Config, archived: &Slug) -> Result<Board> {
    if !archives(config)?.contains(archived) {
        return Err(Failure::not_found(format!(
            "there is neither a board {archived} nor one that was put away under this name"
        ))
        .hint("kanban boards list, kanban boards unarchive")
        .into());
    }
    let dir = config.home.archived_dir().join(archived.as_str());
    Ok(Board::native(archived.clone(), dir))
}

/// The name that an archived board had.
fn original(archived: &Slug) -> Slug {
    let cut = archived.as_str().rsplit_once('-').map(|(name, _)| name);
    cut.and_then(|name| name.parse().ok())
        .unwrap_or_else(|| archived.clone())
}

/// What is not moved with a board, because somebody else wrote it.
fn remind(config: &Config, old: &Slug, new: Option<&Slug>) {
    if config.file.boards.contains_key(old.as_str()) {
        let then = new.map_or_else(
            || "is no longer needed".to_owned(),
            |new| format!("has to be [boards.{new}]"),
        );
        render::print_err(&format!(
            "kanban: [boards.{old}] of the configuration {then}"
        ));
    }
    let again = new.map_or_else(String::new, |new| {
        format!(", and kanban timer install --board {new} makes a new one")
    });
    render::print_err(&format!(
        "kanban: if {old} has a timer, kanban timer remove --board {old} takes it away{again}"
    ));
}

fn tell(global: &Global, object: &Value, line: &str) -> Result<()> {
    match global.json {
        true => render::print(&render::json(object)?),
        false => render::print(&format!("{}\n", escape::line(line))),
    }
}
