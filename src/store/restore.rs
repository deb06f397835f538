//! Going back to a backup: into the file that is there, or into its place where SQLite cannot read it any more.
//!
//! Whoever calls this keeps ticks, senders and workers away. Other programs may have the board open: to them, a
//! restore is one transaction of somebody else.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::backup::remove_leftovers;
use super::open::{Access, BUSY_TIMEOUT, configure, connect};
use super::{Store, explain, meta, quarantine, schema};
use crate::exit::Failure;
use crate::fsx;
use crate::time::{self, Seconds};

/// How often a board that is busy is tried.
const PAUSE: Duration = Duration::from_millis(20);

/// A file that was found fit to go back to.
pub struct Origin {
    conn: Connection,
    path: PathBuf,
    /// How many cards are in it.
    pub cards: i64,
    /// When the last thing in it happened.
    pub newest: Option<Seconds>,
}

/// What became of the board.
#[derive(Debug)]
pub struct Restored {
    /// Where the board is kept that was there before.
    pub kept: Option<PathBuf>,
    /// SQLite could not read it, so that its file was moved aside.
    pub was_damaged: bool,
}

/// How the board is that is there now.
enum Current {
    Missing,
    Damaged,
    Sound(Store),
}

impl Origin {
    /// Opens a backup and checks all of it. Nothing is written to it.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let real = path.canonicalize().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                anyhow::Error::from(Failure::not_found(format!("there is no file {shown}")))
            }
            _ => anyhow::Error::new(e).context(format!("cannot reach {shown}")),
        })?;
        let attempt = || -> Result<Self> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let mut conn = Connection::open_with_flags(&real, flags)?;
            configure(&mut conn)?;
            schema::inspect(&conn, &shown.to_string())?;
            let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
            if verdict != "ok" {
                return Err(unfit(path, &verdict));
            }
            let (cards, newest) = conn.query_row(
                "SELECT (SELECT count(*) FROM tasks),
                        (SELECT created_at FROM task_events ORDER BY id DESC LIMIT 1)",
                [],
                |r| Ok((r.get(0)?, r.get(1).unwrap_or(None))),
            )?;
            Ok(Self {
                conn,
                path: real.clone(),
                cards,
                newest,
            })
        };
        attempt().map_err(|e| match quarantine::damage(&e) {
            Some(why) => unfit(path, &why),
            None => explain(e, path),
        })
    }

    /// Whether it is the board itself.
    pub fn is(&self, db: &Path) -> bool {
        db.canonicalize().is_ok_and(|db| db == self.path)
    }

    /// Puts what is in it into the place of a board, and keeps aside what is there.
    pub fn restore_to(&self, db: &Path, now: Seconds) -> Result<Restored> {
        let db = &db.canonicalize().unwrap_or_else(|_| db.to_owned());
        let building = with_ending(db, ".restoring");
        remove_leftovers(&building);
        let made = self.build(&building).and_then(|fresh| {
            let current = look(db)?;
            let was_damaged = matches!(current, Current::Damaged);
            let kept = match current {
                Current::Sound(mut store) => Some(copy_in(fresh, &mut store, now)?),
                Current::Damaged => Some(replace(fresh, &building, db, now)?),
                Current::Missing => {
                    replace(fresh, &building, db, now)?;
                    None
                }
            };
            Ok(Restored { kept, was_damaged })
        });
        remove_leftovers(&building);
        let restored = made.map_err(|e| explain(e, db)).with_context(|| {
            format!("cannot restore {} to {}", self.path.display(), db.display())
        })?;
        quarantine::lift(db)?;
        Store::open(db)?;
        Ok(restored)
    }

    /// A copy with everything that has to differ from the backup, so that the board changes once and as a whole.
    fn build(&self, path: &Path) -> Result<Connection> {
        fsx::create_private(path)?;
        let mut fresh = Connection::open(path)?;
        whole(&self.conn, &mut fresh)?;
        fresh.pragma_update(None, "journal_mode", "DELETE")?;
        schema::migrate(&mut fresh)?;
        // Events that were told after the backup share their numbers with others that are still to come. Under
        // another number of the board, nobody takes the one for a repetition of the other.
        meta::renumber(&fresh)?;
        Ok(fresh)
    }
}

fn unfit(path: &Path, why: &str) -> anyhow::Error {
    Failure::unusable(format!("the backup {} is no good: {why}", path.display()))
        .hint("nothing was changed; take another one")
        .into()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn look(db: &Path) -> Result<Current> {
    let meta = match db.symlink_metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Current::Missing),
        other => other?,
    };
    if meta.is_file() && meta.len() == 0 {
        return Ok(Current::Damaged);
    }
    let attempt = || -> Result<Option<Store>> {
        let store = connect(db, Access::Write)?;
        schema::inspect(&store.conn, &db.display().to_string())?;
        let verdict: String = store
            .conn
            .query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
        Ok((verdict == "ok").then_some(store))
    };
    match attempt() {
        Ok(Some(store)) => Ok(Current::Sound(store)),
        Ok(None) => Ok(Current::Damaged),
        Err(e) if quarantine::damage(&e).is_some() => Ok(Current::Damaged),
        Err(e) => Err(e),
    }
}

/// Copies one database over another, in one transaction of the other.
fn whole(from: &Connection, to: &mut Connection) -> Result<()> {
    let copy = Backup::new(from, to)?;
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match copy.step(-1)? {
            StepResult::Done => return Ok(()),
            _ if Instant::now() >= until => {
                return Err(
                    Failure::try_again("another program is writing to the board")
                        .hint("nothing was changed; try again in a moment")
                        .into(),
                );
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Into the file that is there.
fn copy_in(fresh: Connection, store: &mut Store, now: Seconds) -> Result<PathBuf> {
    let size = |conn: &Connection| conn.query_row("PRAGMA page_size", [], |r| r.get::<_, i64>(0));
    let pages = size(&store.conn)?;
    if size(&fresh)? != pages {
        // A board with a write-ahead log keeps its page size.
        fresh.pragma_update(None, "page_size", pages)?;
        fresh.execute_batch("VACUUM")?;
    }
    let kept = free_name(&store.path, "before-restore", now)?;
    store.back_up(&kept)?;
    if let Err(e) = whole(&fresh, &mut store.conn) {
        // Nothing was changed, so nothing has to be kept.
        remove_leftovers(&kept);
        return Err(e);
    }
    store.checkpoint()?;
    Ok(kept)
}

/// Into the place of a file that cannot be read, or that is gone. A kill in between leaves the damaged board, which
/// is quarantined, or the new one, and never none: nobody would know that there was one.
fn replace(fresh: Connection, building: &Path, db: &Path, now: Seconds) -> Result<PathBuf> {
    fresh.pragma_update(None, "journal_mode", "WAL")?;
    fresh.close().map_err(|(_, e)| e)?;
    let kept = free_name(db, "damaged", now)?;
    let dir = db.parent().unwrap_or(Path::new("."));
    if db.symlink_metadata().is_ok() {
        // Without its log it could pass for sound.
        quarantine::set(db, "a restore was begun and not finished");
    }
    // The log goes first: it must never meet another board.
    for ending in ["-wal", "-shm", "-journal"] {
        let from = with_ending(db, ending);
        absent(std::fs::rename(&from, with_ending(&kept, ending)))
            .with_context(|| format!("cannot move {} aside", from.display()))?;
    }
    absent(std::fs::hard_link(db, &kept))
        .with_context(|| format!("cannot keep {} as {}", db.display(), kept.display()))?;
    fsx::sync_dir(dir)?;
    std::fs::rename(building, db)?;
    fsx::sync_dir(dir)?;
    Ok(kept)
}

/// What is not there need not be moved.
fn absent(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A name beside the board that nobody has.
fn free_name(db: &Path, what: &str, now: Seconds) -> Result<PathBuf> {
    let stamp: String = time::rfc3339(now)
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    let names = std::iter::once(String::new()).chain((2..1_000).map(|n| format!(".{n}")));
    names
        .map(|more| with_ending(db, &format!(".{what}-{stamp}{more}")))
        .find(|path| path.symlink_metadata().is_err())
        .context("there is no free name for what is kept aside")
}
