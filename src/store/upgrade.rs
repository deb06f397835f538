//! The upgrade of a board that an earlier release wrote, and the backup that precedes it.
//!
//! An earlier release refuses a board with newer tables, so the backup is the way back to it. The backup holds every
//! commit that precedes the upgrade: a commit that reached the board while it was copied makes the copy stale, and the
//! second copy is made under the write lock. So other programs wait only for the migration, or for one copy if they
//! were writing just then. Without a complete, synced backup, nothing is migrated.
//!
//! This file must not open the board: the caller holds the init lock and passes both connections.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, TransactionBehavior};

use super::{Store, backup, explain, quarantine, schema};
use crate::exit::{self, Failure, Kind};
use crate::fsx;

/// How many backups of one version may exist beside a board before an upgrade needs a person.
const BACKUPS_MAX: u32 = 100;

/// The upgrade of one board.
pub(super) struct Upgrade {
    /// The board as the user names it.
    pub shown: PathBuf,
    real: PathBuf,
    from: i64,
}

/// A complete, synced backup under its final name.
struct Kept {
    path: PathBuf,
    origin: Origin,
}

#[derive(PartialEq, Eq)]
enum Origin {
    /// This process copied it.
    Copied,
    /// An earlier upgrade that did not reach its end left it, and the board has not changed since.
    Found,
}

impl Upgrade {
    pub fn of(store: &Store) -> Result<Self> {
        Ok(Self {
            shown: store.path.clone(),
            real: store.real(),
            from: schema::version(&store.conn)?,
        })
    }

    /// Backs the board up through `reader` and migrates it through `writer`.
    pub fn run(&self, writer: &mut Connection, reader: Connection) -> Result<()> {
        // The caller waited for the init lock; the process that held it may have done the upgrade.
        if schema::version(writer)? != self.from {
            return schema::migrate(writer);
        }
        let building = self.beside(".tmp");
        backup::remove_leftovers(&building);
        let kept = self.migrate(writer, reader, &building);
        backup::remove_leftovers(&building);
        if let Some(path) = kept? {
            exit::notice(&format!(
                "the tables of {} were upgraded from version {} to {}; the board as it was is kept in {}",
                self.shown.display(),
                self.from,
                schema::VERSION,
                path.display(),
            ));
        }
        Ok(())
    }

    /// The path of the backup; `None` if another program upgraded the board in the meantime.
    fn migrate(
        &self,
        writer: &mut Connection,
        reader: Connection,
        building: &Path,
    ) -> Result<Option<PathBuf>> {
        let copied = copy(&reader, building)?;
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if schema::version(&tx)? != self.from {
            drop(tx);
            schema::migrate(writer)?;
            return Ok(None);
        }
        if data_version(&reader)? != copied {
            backup::remove_leftovers(building);
            copy(&reader, building)?;
        }
        drop(reader);
        let kept = self.name(building)?;
        if let Err(e) = schema::migrate_inside(&tx) {
            drop(tx);
            // The board is as it was. Ticks repeat the attempt every minute, and must not fill the disk.
            if kept.origin == Origin::Copied {
                backup::remove_leftovers(&kept.path);
            }
            return Err(e);
        }
        // After a failed commit the backup stays: only the next reader of the log finds out whether it took effect.
        tx.commit()?;
        Ok(Some(kept.path))
    }

    /// Gives a finished copy the first free name, unless it equals a backup that is there.
    fn name(&self, building: &Path) -> Result<Kept> {
        let dir = self.real.parent().unwrap_or(Path::new("."));
        for number in 1..=BACKUPS_MAX {
            let path = match number {
                1 => self.beside(""),
                _ => self.beside(&format!(".{number}")),
            };
            let origin = match path.symlink_metadata() {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    std::fs::rename(building, &path)
                        .with_context(|| format!("cannot name it {}", path.display()))?;
                    Origin::Copied
                }
                Err(e) => Err(e).with_context(|| format!("cannot look at {}", path.display()))?,
                Ok(_) if is_same(building, &path).unwrap_or(false) => Origin::Found,
                Ok(_) => continue,
            };
            fsx::sync_dir(dir)?;
            return Ok(Kept { path, origin });
        }
        Err(Failure::new(
            Kind::Failed,
            format!(
                "{BACKUPS_MAX} backups of earlier attempts are kept as {}",
                self.beside("*").display()
            ),
        )
        .hint("the board was not changed; remove those that you do not need")
        .into())
    }

    /// A name beside the board.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.real.as_os_str().to_owned();
        name.push(format!(".before-schema-{}{ending}", schema::VERSION));
        name.into()
    }

    /// States which upgrade failed, and what the user can do. Damage of the board stays an error of SQLite, by which the
    /// caller quarantines the board.
    pub fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        if quarantine::damage(&error).is_some() {
            return error;
        }
        let error = match error.downcast_ref::<io::Error>() {
            Some(_) => Failure::new(exit::kind(&error), format!("{error:#}"))
                .hint(format!(
                    "the board was not changed; a copy of it needs write access to the folder {} and as much free space as the board has",
                    self.real.parent().unwrap_or(Path::new(".")).display()
                ))
                .into(),
            None => explain(error, &self.shown),
        };
        error.context(format!(
            "cannot back up {} and upgrade its tables from version {} to {}",
            self.shown.display(),
            self.from,
            schema::VERSION,
        ))
    }
}

/// Keeps processes that open the board for the first time from changing its tables at the same time. Hermes takes this
/// lock too, and continues without it after ten seconds. `None`: another process still holds it after that time.
pub(super) fn init_lock(real: &Path) -> Result<Option<File>> {
    let mut name = real.as_os_str().to_owned();
    name.push(".init.lock");
    let lock = fsx::open_lock(Path::new(&name))?;
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if fsx::lock_exclusive(&lock, fsx::Wait::No)? {
            return Ok(Some(lock));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Copies one state of the board and returns the number of that state.
fn copy(reader: &Connection, building: &Path) -> Result<i64> {
    let _snapshot = reader.unchecked_transaction()?;
    let version = data_version(reader)?;
    backup::copy(reader, building)?;
    Ok(version)
}

/// A number that differs after another connection has committed.
fn data_version(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("PRAGMA data_version", [], |r| r.get(0))?)
}

/// Whether two files have the same bytes. Neither is a board that is open.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (fsx::open_existing(one)?, fsx::open_existing(other)?);
    let length = one.metadata()?.len();
    if length != other.metadata()?.len() {
        return Ok(false);
    }
    let mut left = length;
    while left > 0 {
        let (a, b) = (chunk(&mut one, left)?, chunk(&mut other, left)?);
        if a != b {
            return Ok(false);
        }
        left -= a.len() as u64;
    }
    Ok(true)
}

/// The next bytes of a file that has at least `left` more.
fn chunk(file: &mut File, left: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(left.min(1 << 20)).unwrap_or(1 << 20)];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
