//! How a board is read and written: one snapshot or one transaction at a time, as a whole or not at all.
//!
//! A commit waits for the disk, or is left to the next that does. Through a store that only imagines
//! ([`Store::imagine`]), everything is part of one transaction, which is never committed.

use std::ops::Deref;

use anyhow::{Context, Result};
use rusqlite::{Connection, Params, Row, Savepoint, Transaction, TransactionBehavior};

use super::{Store, condemn, explain};

/// What becomes of what is written through a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    /// Each transaction is committed.
    Kept,
    /// All are parts of one that is open already, and undone when the connection is closed.
    Undone,
}

/// How a transaction ends whose work succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finish {
    Commit,
    RollBack,
}

/// How far the write-ahead log is on the disk.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Commits of this connection so far.
    written: Commit,
    /// The last of them that waited for the disk, which takes all before it along.
    synced: Commit,
    /// Whether the board has such a log, once that was asked.
    kept: Option<bool>,
}

/// The number of a commit of one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit(u64);

/// A transaction, or a part of one. Dropped before it is finished, it is undone.
enum Open<'a> {
    Whole(Transaction<'a>),
    Part(Savepoint<'a>),
}

impl Open<'_> {
    fn finish(self, finish: Finish) -> rusqlite::Result<()> {
        match (self, finish) {
            (Self::Whole(whole), Finish::Commit) => whole.commit(),
            (Self::Part(part), Finish::Commit) => part.commit(),
            (Self::Whole(_) | Self::Part(_), Finish::RollBack) => Ok(()),
        }
    }
}

impl Deref for Open<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Whole(whole) => whole,
            Self::Part(part) => part,
        }
    }
}

/// An open write transaction. Dropped without [`Store::write`] reaching its end, it rolls back.
pub struct Tx<'a>(pub(super) &'a Connection);

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

/// What is run here is mostly run again for the next of many cards, so it is compiled once.
impl Tx<'_> {
    /// [`Connection::execute`], compiled once.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// [`Connection::query_row`], compiled once.
    pub(super) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }
}

impl Store {
    /// Runs one write transaction. `what` says what was attempted, for the error.
    pub fn write<T>(&mut self, what: &str, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let value = self.transact(what, Finish::Commit, work)?;
        self.log.synced = self.log.written;
        Ok(value)
    }

    /// [`Store::write`], but the next commit that waits for the disk is left to take this one along. Everybody sees
    /// it at once; only a power cut before that commit undoes it, and never without what came after it. For what
    /// nothing outside the board rests on until then.
    pub fn write_unsynced<T>(
        &mut self,
        what: &str,
        work: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        // Without a log, less syncing could damage the file and not only undo a commit.
        if self.writes == Writes::Undone || !self.keeps_log()? {
            return self.write(what, work);
        }
        self.conn.execute_batch("PRAGMA synchronous = NORMAL")?;
        let outcome = self.transact(what, Finish::Commit, work);
        self.conn.execute_batch("PRAGMA synchronous = FULL")?;
        outcome
    }

    fn transact<T>(
        &mut self,
        what: &str,
        finish: Finish,
        work: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let (conn, writes) = (&mut self.conn, self.writes);
        let attempt = || -> Result<T> {
            let open = match writes {
                Writes::Kept => {
                    Open::Whole(conn.transaction_with_behavior(TransactionBehavior::Immediate)?)
                }
                Writes::Undone => Open::Part(conn.savepoint()?),
            };
            let value = work(&Tx(&open))?;
            open.finish(finish)?;
            Ok(value)
        };
        let value = attempt()
            .map_err(|e| self.blame(e))
            .with_context(|| what.to_owned())?;
        self.log.written.0 += u64::from(finish == Finish::Commit);
        Ok(value)
    }

    /// The last commit of this connection.
    pub fn last_commit(&self) -> Commit {
        self.log.written
    }

    /// Whether a power cut would leave a commit of this connection as it is.
    pub fn is_durable(&self, commit: Commit) -> bool {
        commit <= self.log.synced
    }

    /// Whether the board has a write-ahead log; another program may have chosen otherwise.
    pub(super) fn keeps_log(&mut self) -> Result<bool> {
        if let Some(kept) = self.log.kept {
            return Ok(kept);
        }
        let mode: String = self
            .conn
            .query_row("PRAGMA journal_mode", [], |r| r.get(0))?;
        Ok(*self.log.kept.insert(mode.eq_ignore_ascii_case("wal")))
    }

    /// Runs what [`Store::write`] would, to learn whether it would be refused, and undoes it.
    pub fn rehearse(&mut self, what: &str, work: impl FnOnce(&Tx<'_>) -> Result<()>) -> Result<()> {
        self.transact(what, Finish::RollBack, work)
    }

    /// Runs queries that belong to one snapshot. `what` says what was attempted, for the error.
    pub fn read<T>(&self, what: &str, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let attempt = || -> Result<T> {
            let _snapshot = match self.writes {
                Writes::Kept => Some(self.conn.unchecked_transaction()?),
                Writes::Undone => None,
            };
            work(&self.conn)
        };
        attempt()
            .map_err(|e| self.blame(e))
            .with_context(|| what.to_owned())
    }

    /// Explains an error. Whoever must not write to the board does not mark it as damaged either.
    fn blame(&self, error: anyhow::Error) -> anyhow::Error {
        match self.writes == Writes::Kept
            && !self.conn.is_readonly(rusqlite::MAIN_DB).unwrap_or(true)
        {
            true => condemn(error, &self.path),
            false => explain(error, &self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::meta;

    fn board(mode: &str) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("board/kanban.db");
        Store::create(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", mode).unwrap();
        drop(other);
        let store = Store::open(&path).unwrap();
        (dir, store)
    }

    fn nothing(tx: &Tx<'_>) -> Result<()> {
        tx.execute("UPDATE tasks SET priority = 1", [])?;
        Ok(())
    }

    #[test]
    fn a_commit_that_does_not_wait_is_taken_along_by_the_next_that_does() {
        let (_dir, mut store) = board("WAL");
        store.write_unsynced("a", nothing).unwrap();
        let first = store.last_commit();
        assert!(!store.is_durable(first));
        store
            .write_unsynced("b", |_| -> Result<()> { anyhow::bail!("no") })
            .unwrap_err();
        assert_eq!(store.last_commit(), first, "what is undone is no commit");
        store.write("c", nothing).unwrap();
        assert!(store.is_durable(first) && store.is_durable(store.last_commit()));
        let full = store
            .conn
            .query_row("PRAGMA synchronous", [], |r| r.get::<_, i64>(0));
        assert_eq!(full.unwrap(), 2, "the next one waits again");
    }

    #[test]
    fn where_there_is_no_log_every_commit_waits() {
        let (_dir, mut store) = board("DELETE");
        store.write_unsynced("a", nothing).unwrap();
        assert!(store.is_durable(store.last_commit()));
    }

    #[test]
    fn what_is_imagined_is_seen_by_nobody_else_and_undone() {
        for mode in ["WAL", "DELETE"] {
            let (dir, store) = board(mode);
            let path = dir.path().join("board/kanban.db");
            let sizes = || {
                let files = path.parent().unwrap().read_dir().unwrap().flatten();
                let sizes = files.filter(|file| !file.path().ends_with("kanban.db-shm"));
                let mut sizes: Vec<_> = sizes
                    .map(|file| (file.file_name(), file.metadata().unwrap().len()))
                    .collect();
                sizes.sort();
                sizes
            };
            let noted = |conn: &Connection| meta::number(conn, "here");
            store.read("a", noted).unwrap();
            let before = sizes();

            let mut imagined = Store::imagine(&path).unwrap();
            let remember = |tx: &Tx<'_>| meta::remember(tx, "here", 1);
            imagined.write("a", remember).unwrap();
            imagined
                .write_unsynced("b", |tx| -> Result<()> {
                    meta::remember(tx, "here", 2)?;
                    anyhow::bail!("no")
                })
                .unwrap_err();
            imagined
                .rehearse("c", |tx| meta::remember(tx, "here", 3))
                .unwrap();
            // More than the page cache keeps.
            imagined
                .write_unsynced("d", |tx| {
                    tx.execute_batch(
                        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
                         INSERT INTO tick_meta SELECT printf('%01000d', n), n FROM n",
                    )?;
                    Ok(())
                })
                .unwrap();
            assert_eq!(imagined.read("e", noted).unwrap(), Some(1));
            assert_eq!(store.read("e", noted).unwrap(), None, "{mode}");
            assert_eq!(sizes(), before, "{mode}");
            drop(imagined);
            assert_eq!(store.read("f", noted).unwrap(), None);
            let other = Connection::open(&path).unwrap();
            let kept: String = other
                .query_row("PRAGMA journal_mode", [], |r| r.get(0))
                .unwrap();
            assert_eq!(kept.to_uppercase(), mode);
        }
    }
}
