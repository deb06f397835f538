//! The cap on workers of this machine, over all boards of one home: as many lock files as workers may
//! run, each held by a supervisor for as long as it lives. A killed supervisor gives its slot back
//! without anybody's help.

use std::fs::File;
use std::path::Path;

use anyhow::Result;

use crate::fsx::{self, Wait};

/// Takes a free slot. `None`: all are held.
pub fn take(dir: &Path, slots: u32) -> Result<Option<File>> {
    fsx::private_dir(dir)?;
    for slot in 0..slots {
        let file = fsx::open_lock(&dir.join(slot.to_string()))?;
        if fsx::lock_exclusive(&file, Wait::No)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// How many slots nobody holds, without taking or making any.
pub fn free(dir: &Path, slots: u32) -> u32 {
    let held = (0..slots)
        .filter_map(|slot| fsx::open_existing(&dir.join(slot.to_string())).ok())
        .filter(|file| !matches!(fsx::lock_shared(file, Wait::No), Ok(true)))
        .count();
    slots.saturating_sub(u32::try_from(held).unwrap_or(slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_slots_as_the_cap() {
        let dir = tempfile::tempdir().unwrap();
        let held: Vec<_> = (0..3)
            .filter_map(|_| take(dir.path(), 2).unwrap())
            .collect();
        assert_eq!(held.len(), 2);
        drop(held);
        assert!(take(dir.path(), 2).unwrap().is_some());
    }
}
