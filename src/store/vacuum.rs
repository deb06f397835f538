//! Giving the room back that removed rows have left in the file.

use anyhow::Result;
use serde::Serialize;

use super::{Checkpoint, Store, condemn};

/// How large a board is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Size {
    /// Bytes of the database.
    pub bytes: u64,
    /// Bytes of it that hold nothing.
    pub free: u64,
}

impl Size {
    /// Bytes that hold something.
    pub fn used(self) -> u64 {
        self.bytes.saturating_sub(self.free)
    }
}

impl Store {
    /// How large the board is.
    pub fn size(&self) -> Result<Size> {
        self.read("measuring the board", |conn| {
            let ask =
                |what: &str| conn.query_row(&format!("PRAGMA {what}"), [], |r| r.get::<_, i64>(0));
            let page = ask("page_size")?;
            let bytes = |pages: i64| u64::try_from(pages.saturating_mul(page)).unwrap_or(0);
            Ok(Size {
                bytes: bytes(ask("page_count")?),
                free: bytes(ask("freelist_count")?),
            })
        })
    }

    /// Writes the board anew without what is empty, and moves it into the file. A busy board is an error, and
    /// then nothing was changed; a log that somebody reads from is an answer, and then the file shrinks later.
    pub fn vacuum(&mut self) -> Result<Checkpoint> {
        let attempt = || -> Result<()> {
            // The copy in between is as large as the board, which need not fit into memory.
            self.conn
                .execute_batch("PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY;")?;
            Ok(())
        };
        attempt().map_err(|e| condemn(e, &self.path))?;
        self.checkpoint()
    }
}
