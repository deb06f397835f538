//! Moving the write-ahead log into the board file and truncating it.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::{Store, condemn};

/// Past this size, in bytes, a command other than a tick checkpoints as well.
const WAL_LARGE: u64 = 4 * 1_048_576;

/// What a checkpoint came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoint {
    /// The log is empty.
    Truncated,
    /// Somebody is reading from it or writing to it: left for the next tick.
    Busy,
    /// The board has no write-ahead log (another program chose its journal mode).
    NotWal,
}

impl Store {
    /// Checkpoints with TRUNCATE. A busy log is an answer and not an error, and nobody is made to wait.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        let mut attempt = || -> Result<Checkpoint> {
            // With a busy timeout the checkpoint would hold the write lock while it waits for readers.
            self.conn.busy_timeout(Duration::ZERO)?;
            let result = self
                .conn
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| {
                    Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?))
                });
            super::open::wait_when_busy(&mut self.conn, super::open::BUSY_TIMEOUT)?;
            match result {
                // So SQLite answers where there is no log, and does nothing.
                Ok((0, -1)) => Ok(Checkpoint::NotWal),
                Ok((0, _)) => Ok(Checkpoint::Truncated),
                Ok(_) => Ok(Checkpoint::Busy),
                Err(rusqlite::Error::SqliteFailure(e, _))
                    if matches!(
                        e.code,
                        rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked
                    ) =>
                {
                    Ok(Checkpoint::Busy)
                }
                Err(e) => Err(e.into()),
            }
        };
        attempt().map_err(|e| condemn(e, &self.path))
    }

    /// For commands other than a tick, and between many commits: checkpoints only a log that has grown large. Whoever
    /// opens the board reads all of it.
    pub fn checkpoint_if_large(&mut self) -> Result<()> {
        if self.log_size() > WAL_LARGE {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// The size of the write-ahead log, in bytes.
    pub fn log_size(&self) -> u64 {
        let mut log = self.real().into_os_string();
        log.push("-wal");
        std::fs::symlink_metadata(&log).map_or(0, |meta| meta.len())
    }
}
