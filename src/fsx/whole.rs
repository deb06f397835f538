//! New files that are whole and durable before they have their name, and never overwrite another one.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{create_private, sync_dir};
use crate::exit::Failure;

/// A copy beside the place where it is to be: whole and durable before it gets a name, and gone if it gets none.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    len: u64,
}

impl Draft {
    /// Copies at most `limit` bytes into a folder. `None`: the source has more.
    pub fn copy(dir: &Path, source: impl Read, limit: u64) -> io::Result<Option<Self>> {
        let us = std::process::id();
        let mut attempt = 0_u32;
        let (mut file, path) = loop {
            let path = dir.join(format!(".kanban-{us}-{attempt}.tmp"));
            match create_private(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                made => break (made?, path),
            }
        };
        let mut draft = Self { path, len: 0 };
        draft.len = io::copy(&mut source.take(limit.saturating_add(1)), &mut file)?;
        if draft.len > limit {
            return Ok(None);
        }
        file.sync_all()?;
        Ok(Some(draft))
    }

    /// Its size in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Gives it a name in the same folder. `false`: somebody has that name, and nothing is overwritten.
    pub fn keep_as(&self, path: &Path) -> Result<bool> {
        match std::fs::hard_link(&self.path, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            other => other.with_context(|| format!("cannot make {}", path.display()))?,
        }
        sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        Ok(true)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A leftover has a name that no attachment can have, and is only in the way.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes a file that must not exist, whole and durable before it has its name, for us alone.
pub fn create_whole<T>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let shown = path.display();
    if path.symlink_metadata().is_ok() {
        return Err(Failure::refused(format!("{shown} is there already"))
            .hint("nothing is ever overwritten; name another file")
            .into());
    }
    let dir = match path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        Some(dir) => dir,
        None => Path::new("."),
    };
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = Path::new(&name);
    let made = (|| -> Result<T> {
        let mut file = io::BufWriter::new(create_private(temporary)?);
        let value = fill(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        // A name that somebody else took meanwhile is not overwritten either.
        std::fs::hard_link(temporary, path)?;
        sync_dir(dir)?;
        Ok(value)
    })();
    // What failed is told below; the leftover is the lesser evil and removed if it can be.
    let _ = std::fs::remove_file(temporary);
    made.with_context(|| format!("cannot write {shown}"))
}
