//! Opening a board file so that nobody who shares it is harmed.
//!
//! The rules, each of which an incident paid for: the file is never opened except by SQLite (a plain
//! open and close drops every lock the process holds on it); closing never checkpoints or unlinks the
//! write-ahead log (another program may have lost its own locks and still be writing); the journal mode
//! of an existing file is never changed; and nothing is written to a file that is not a board.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::backup::remove_leftovers;
use super::schema::{self, Fit};
use super::upgrade::{Upgrade, init_lock};
use super::{Log, Store, Tx, Writes, condemn, explain, quarantine};
use crate::exit::Failure;
use crate::{fsx, platform};

/// The oldest SQLite without the bug that could corrupt a database when the write-ahead log is reset
/// while another connection writes (release notes of SQLite 3.51.3).
const SQLITE_MIN: i32 = 3_051_003;

/// How long a writer waits for another one, in milliseconds.
pub const BUSY_TIMEOUT: Duration = Duration::from_millis(5_000);
/// How long he waits whom nobody waits for, and without whose word a run would be wasted: that a worker begins, and
/// what it reports. A hundred that begin together on a slow disk take longer than a person should wait.
pub const TURN: Duration = Duration::from_mins(2);
/// How long he sleeps at most before he looks again, in milliseconds.
const BUSY_LOOK_MAX: u64 = 10;

/// Compiled statements that are kept: more than the longest round of a tick has, which else would compile each of
/// them again for every card.
const STATEMENTS_KEPT: usize = 128;

/// Refuses to run with an SQLite that can corrupt a board.
pub fn require_sqlite() -> Result<()> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(Failure::unusable(format!(
            "this kanban was built with SQLite {}, which can corrupt a board",
            rusqlite::version()
        ))
        .hint("build it with the bundled SQLite 3.51.3 or newer")
        .into());
    }
    Ok(())
}

impl Store {
    /// Opens an existing board for reading and writing, unless it is quarantined.
    pub fn open(path: &Path) -> Result<Self> {
        let real = resolve(path);
        refuse_quarantined(path, real.as_deref().unwrap_or(path))?;
        Self::open_real(path, &real?)
    }

    /// [`Store::open`] for who knows the path without links.
    pub fn open_at(path: &Path, real: &Path) -> Result<Self> {
        refuse_quarantined(path, real)?;
        Self::open_real(path, real)
    }

    /// [`Store::open`] for who has to look into a board that is quarantined.
    pub(super) fn open_checked(path: &Path) -> Result<Self> {
        Self::open_real(path, &resolve(path)?)
    }

    fn open_real(path: &Path, real: &Path) -> Result<Self> {
        let mut store = connect_real(path, real, Access::Write).map_err(|e| condemn(e, path))?;
        let checked = (|| {
            let fit = store.inspect()?;
            // Nothing is written to a file that is damaged.
            if fit == Fit::AsSeen || quarantine::beside(real).is_some() {
                return Ok(());
            }
            if fit == Fit::Older {
                return upgrade_older(&mut store, real);
            }
            let _alone = init_lock(real)?;
            match schema::migrate(&mut store.conn) {
                // The board can be used as it is, and whoever opens it next tries again.
                Err(e) if fit == Fit::Changed => {
                    log::debug!("{}: not seen to: {e:#}", path.display());
                    Ok(())
                }
                done => done,
            }
        })();
        checked.map_err(|e| condemn(e, path))?;
        Ok(store)
    }

    /// Opens an existing board for a command that only looks: writing to it fails. One that is quarantined can
    /// be looked at for as long as SQLite can read it.
    pub fn open_to_read(path: &Path) -> Result<Self> {
        let store = Self::open_checked(path)?;
        store.conn.pragma_update(None, "query_only", true)?;
        Ok(store)
    }

    /// Lets a board be written to that was opened to be looked at, unless it is quarantined.
    pub fn allow_writing(&mut self) -> Result<()> {
        refuse_quarantined(&self.path, &self.real())?;
        self.conn.pragma_update(None, "query_only", false)?;
        Ok(())
    }

    /// Waits as long as a worker should for the others who write ([`TURN`]).
    pub fn wait_for_its_turn(&mut self) -> Result<()> {
        Ok(wait_when_busy(&mut self.conn, TURN)?)
    }

    /// The file as SQLite opened it, without links. Nothing for a board that is nowhere.
    pub(super) fn real(&self) -> PathBuf {
        self.conn.path().map(PathBuf::from).unwrap_or_default()
    }

    /// [`schema::inspect`], of one state of the board.
    fn inspect(&self) -> Result<Fit> {
        let snapshot = self.conn.unchecked_transaction()?;
        schema::inspect(&snapshot, &self.path.display().to_string())
    }

    /// An existing board as it would be: what is written here is seen here alone, and undone when the store is
    /// dropped. Until then nobody else can write, so it is for what takes no longer than a tick. It costs what is
    /// looked at and changed, not what is on the board.
    pub fn imagine(path: &Path) -> Result<Self> {
        let real = resolve(path);
        refuse_quarantined(path, real.as_deref().unwrap_or(path))?;
        let imagined = (|| {
            let mut store = connect_real(path, &real?, Access::Imagine)?;
            // Nothing leaves memory: neither a log nor a journal gets a page of it.
            store.conn.pragma_update(None, "cache_spill", false)?;
            if !store.keeps_log()? {
                store.conn.pragma_update(None, "journal_mode", "MEMORY")?;
            }
            store.inspect()?;
            store.conn.execute_batch("BEGIN IMMEDIATE")?;
            store.writes = Writes::Undone;
            schema::migrate_inside(&store.conn)?;
            Ok(store)
        })();
        imagined.map_err(|e| explain(e, path))
    }

    /// A new board that is nowhere: to see what would come of something where there is no board yet.
    pub fn imaginary() -> Result<Self> {
        let mut conn = Connection::open_in_memory()?;
        schema::create_shared(&conn)?;
        schema::migrate(&mut conn)?;
        Ok(Self {
            conn,
            path: PathBuf::from("a new board"),
            log: Log::default(),
            writes: Writes::Kept,
        })
    }

    /// Makes a board. `false`: there is one already, and it is left as it is.
    pub fn create(path: &Path) -> Result<bool> {
        Ok(Self::create_filled(path, |_| Ok(()))?.is_some())
    }

    /// Makes a board that has from its first moment on what `fill` puts into it. `None`: there is one already.
    pub fn create_filled<T>(
        path: &Path,
        fill: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let dir = path.parent().context("a board path has a folder")?;
        fsx::private_dir(dir)?;
        fsx::require_private(dir)?;
        // One maker at a time; the second finds a whole board, never half of one.
        let lock = fsx::open_lock(&dir.join(".init.lock"))?;
        fsx::lock_exclusive(&lock, fsx::Wait::Forever)?;
        if path.symlink_metadata().is_ok() {
            Self::open(path)?;
            return Ok(None);
        }
        refuse_network(dir)?;
        // The file is built under another name and renamed when whole: a kill in between leaves no board
        // that a later command would have to tell from a damaged one.
        let building = dir.join(".kanban.db.new");
        remove_leftovers(&building);
        let built = build(&building, fill)
            .map_err(|e| explain(e, path))
            .with_context(|| format!("cannot make {}", path.display()));
        if built.is_err() {
            remove_leftovers(&building);
        }
        let filled = built?;
        std::fs::rename(&building, path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        fsx::sync_dir(dir)?;
        // A mark was on a file that somebody removed.
        quarantine::lift(path)?;
        Self::open(path)?;
        Ok(Some(filled))
    }
}

/// Upgrades the tables of a board that an earlier release wrote. A second connection exists meanwhile: SQLite copies
/// nothing through a connection that has a write transaction open.
fn upgrade_older(store: &mut Store, real: &Path) -> Result<()> {
    let upgrade = Upgrade::of(store)?;
    let mut attempt = || -> Result<()> {
        let Some(_alone) = init_lock(real)? else {
            return Err(Failure::try_again(
                "another process has been upgrading it for ten seconds",
            )
            .hint("nothing was changed; try again in a moment")
            .into());
        };
        let reader = connect_real(&upgrade.shown, real, Access::Read)?;
        upgrade.run(&mut store.conn, reader.conn)
    };
    attempt().map_err(|e| upgrade.explain(e))
}

/// Writes a whole new board in rollback mode, then marks it WAL: there is no log to carry over a rename.
fn build<T>(path: &Path, fill: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
    // Made by us with its mode, before SQLite would make it with that of the umask.
    fsx::create_private(path)?;
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    let filled = {
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        schema::create_shared(&tx)?;
        schema::migrate_inside(&tx)?;
        let filled = fill(&Tx(&tx))?;
        tx.commit()?;
        filled
    };
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.close().map_err(|(_, e)| e)?;
    Ok(filled)
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading and writing.
    Write,
    /// Reading and writing, but nothing stays.
    Imagine,
    /// Reading, also from a file that nobody may write to.
    Read,
}

/// The path of a board without links. SQLite refuses links itself (NOFOLLOW); one that leads to the board is resolved
/// here, once, so that every spelling of a path takes the same locks.
fn resolve(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    path.canonicalize().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!("there is no board at {shown}"))
            .hint("make one with kanban init")
            .into(),
        _ => Failure::unusable(format!("cannot reach the board {shown}: {e}")).into(),
    })
}

fn refuse_quarantined(path: &Path, real: &Path) -> Result<()> {
    match quarantine::beside(real) {
        Some(mark) => Err(mark.failure(path).into()),
        None => Ok(()),
    }
}

/// Connects to a file. The error of SQLite comes as it is.
pub(super) fn connect(path: &Path, access: Access) -> Result<Store> {
    connect_real(path, &resolve(path)?, access)
}

fn connect_real(path: &Path, real: &Path, access: Access) -> Result<Store> {
    let shown = path.display();
    let meta = real
        .symlink_metadata()
        .with_context(|| format!("cannot look at {shown}"))?;
    require_file(&meta, path, access)?;
    if let Some(dir) = real.parent() {
        fsx::require_private(dir)?;
        refuse_network(dir)?;
    }
    let mode = match access {
        Access::Write | Access::Imagine => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = Connection::open_with_flags(real, flags)?;
    #[cfg(test)]
    super::scans::watch(&mut conn);
    configure(&mut conn)?;
    Ok(Store {
        conn,
        path: path.to_owned(),
        log: Log::default(),
        writes: Writes::Kept,
    })
}

fn require_file(meta: &Metadata, path: &Path, access: Access) -> Result<()> {
    if meta.is_file() && meta.len() == 0 && access == Access::Write {
        quarantine::set(path, "it is empty");
    }
    let shown = path.display();
    let us = rustix::process::geteuid();
    let problem = if meta.is_dir() {
        Some((
            "it is a folder",
            "name the board file itself, or another board",
        ))
    } else if !meta.is_file() {
        Some((
            "it is not a regular file",
            "name the board file itself, or another board",
        ))
    } else if meta.len() == 0 {
        Some((
            "it is empty",
            "if it was a board, kanban restore brings a backup back; else remove it and run kanban init",
        ))
    } else if access != Access::Read && meta.permissions().mode() & 0o200 == 0 {
        Some((
            "it is read-only",
            "chmod u+w it if this program is to work on it",
        ))
    } else if meta.uid() != us.as_raw() && !us.is_root() {
        Some(("it belongs to another user", "run kanban as its owner"))
    } else {
        None
    };
    match problem {
        Some((why, hint)) => Err(Failure::unusable(format!(
            "{shown} cannot be used as a board: {why}"
        ))
        .hint(hint)
        .into()),
        None => Ok(()),
    }
}

/// The log of a WAL board is shared memory, which network file systems do not keep coherent.
fn refuse_network(dir: &Path) -> Result<()> {
    match platform::network_file_system(dir) {
        Some(name) => Err(Failure::unusable(format!(
            "the board folder {} is on a network file system ({name}), where SQLite's write-ahead log and file locks are not safe",
            dir.display()
        ))
        .hint("put the board on a local disk: set [boards.NAME] path, or KANBAN_HOME")
        .into()),
        None => Ok(()),
    }
}

/// Every setting relied on, set explicitly. Closing without a checkpoint comes first: whatever fails
/// after it, the log stays.
pub(super) fn configure(conn: &mut Connection) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // Else a statement with a value that an index could be chosen by is compiled again for every value.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    wait_when_busy(conn, BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;",
    )?;
    // Elsewhere fsync alone waits for the disk, and these two do nothing.
    if platform::MACOS {
        conn.execute_batch("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
    }
    Ok(())
}

/// Has a connection wait for other writers. The handler of SQLite comes to sleep for a tenth of a second, in which a
/// board that many wait for is nobody's.
pub(super) fn wait_when_busy(conn: &mut Connection, longest: Duration) -> rusqlite::Result<()> {
    let mut since = Instant::now();
    conn.busy_handler(Some(move |looks: i32| {
        if looks == 0 {
            since = Instant::now();
        }
        let waits = since.elapsed() < longest;
        if waits {
            let pause = (u64::from(looks.unsigned_abs()) + 1).min(BUSY_LOOK_MAX);
            std::thread::sleep(Duration::from_millis(pause));
        }
        waits
    }))
}
