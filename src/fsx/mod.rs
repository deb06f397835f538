//! Files and folders as this program makes them: private, durable where it matters, and locked with
//! `flock`, which belongs to the open file description: an inherited descriptor keeps the lock after
//! the parent closes its copy, and the kernel frees it when the last holder dies.
//!
//! Never `fcntl` locks (they do neither), and never a database file: that is opened by SQLite alone.

#[cfg(test)]
pub mod forking;
mod whole;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FallocateFlags, FlockOperation, OFlags};
use rustix::io::Errno;

use crate::exit::Failure;

pub use whole::{Draft, create_whole};

/// How long a lock may be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: a held lock is an answer.
    No,
    /// Until it is free.
    Forever,
}

/// A device and inode number: which file a descriptor or a path really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
}

impl Identity {
    /// The identity of an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Self {
            dev: meta.dev(),
            ino: meta.ino(),
        })
    }
}

/// Makes a folder and its missing parents, 0700 at any umask. An existing one is left as it is.
pub fn private_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        private_dir(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other.with_context(|| format!("cannot make the folder {}", path.display())),
    }
}

/// Refuses a folder that other users could change: what runs from it would run as us.
pub fn require_private(path: &Path) -> Result<()> {
    let meta =
        std::fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    let mode = meta.permissions().mode();
    let us = rustix::process::geteuid();
    if meta.uid() != us.as_raw() && !us.is_root() {
        return Err(Failure::refused(format!(
            "the folder {} belongs to user {}, not to us",
            path.display(),
            meta.uid()
        ))
        .hint("run kanban as its owner, or use another KANBAN_HOME")
        .into());
    }
    if mode & 0o002 != 0 {
        return Err(Failure::refused(format!(
            "anybody can write to the folder {}",
            path.display()
        ))
        .hint(format!("chmod o-w {}", path.display()))
        .into());
    }
    Ok(())
}

/// Creates a file that must not exist, 0600, never through a link.
pub fn create_private(path: &Path) -> io::Result<File> {
    private_options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
}

/// Opens a file for appending and makes it if it is missing, 0600, never through a link.
pub fn append_private(path: &Path) -> io::Result<File> {
    private_options().append(true).create(true).open(path)
}

/// Opens a file and makes it if it is missing, 0600, never through a link. What it has stays until it is written over.
pub fn open_private(path: &Path) -> io::Result<File> {
    private_options()
        .read(true)
        .write(true)
        .create(true)
        .open(path)
}

/// Opens an existing file for reading, never through a link, and never blocking on a pipe.
pub fn open_existing(path: &Path) -> io::Result<File> {
    private_options().read(true).open(path)
}

/// Opens an existing file for writing, never through a link, and never blocking on a pipe.
pub fn write_existing(path: &Path) -> io::Result<File> {
    private_options().write(true).open(path)
}

/// Opens a lock file, making it if it is missing; it is never removed and nothing is written to it.
pub fn open_lock(path: &Path) -> Result<File> {
    open_private(path).with_context(|| format!("cannot open the lock file {}", path.display()))
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    options
}

/// Takes the lock for us alone. `false`: somebody holds it.
pub fn lock_exclusive(file: &File, wait: Wait) -> io::Result<bool> {
    let operation = match wait {
        Wait::No => FlockOperation::NonBlockingLockExclusive,
        Wait::Forever => FlockOperation::LockExclusive,
    };
    flock(file, operation)
}

/// Takes the lock beside other readers of it. `false`: somebody holds it exclusively.
///
/// Whoever only wants to know whether a lock is held asks this way, so that two who ask at the same
/// moment do not take each other for the holder.
pub fn lock_shared(file: &File, wait: Wait) -> io::Result<bool> {
    let operation = match wait {
        Wait::No => FlockOperation::NonBlockingLockShared,
        Wait::Forever => FlockOperation::LockShared,
    };
    flock(file, operation)
}

/// Lets a lock go whose file stays open.
pub fn unlock(file: &File) -> io::Result<()> {
    flock(file, FlockOperation::Unlock).map(drop)
}

fn flock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    loop {
        match rustix::fs::flock(file.as_fd(), operation) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Replaces a file as a whole: temporary file beside it, fsync, rename, fsync of the folder.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    replace_with_mode(path, content, 0o600)
}

/// [`replace`] with a file that everybody may read, for what another program reads and shows.
pub fn publish(path: &Path, content: &[u8]) -> Result<()> {
    replace_with_mode(path, content, 0o644)
}

/// [`replace`] with the permissions that the file has, for what its owner may have let others read; a new one
/// is private.
pub fn renew(path: &Path, content: &[u8]) -> Result<()> {
    let mode = match path.symlink_metadata() {
        Ok(meta) if meta.is_file() => meta.permissions().mode() & 0o666,
        _ => 0o600,
    };
    replace_with_mode(path, content, mode)
}

/// [`replace`] that does not wait for the disk, for what can be done without: after a power cut the file may be the
/// old one, empty or missing.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> Result<()> {
    replace_by(path, |file| file.write_all(content))
}

fn replace_with_mode(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    replace_by(path, |file| {
        file.write_all(content)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()
    })?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Has a new file filled beside the old one, and puts it in its place.
fn replace_by(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = Path::new(&name);
    let written = create_private(temporary).and_then(|mut file| {
        fill(&mut file)?;
        std::fs::rename(temporary, path)
    });
    if written.is_err() {
        // What failed is told below; the leftover is the lesser evil and removed if it can be.
        let _ = std::fs::remove_file(temporary);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a file as a whole, unless there is one: then that one stays as it is.
pub fn put(path: &Path, content: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = Path::new(&name);
    let written = (|| {
        let mut file = create_private(temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        match std::fs::hard_link(temporary, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other.and_then(|()| sync_dir(path.parent().unwrap_or(Path::new(".")))),
        }
    })();
    // It is the other name of what was written, or a leftover in nobody's way.
    let _ = std::fs::remove_file(temporary);
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Removes a file for good. `false`: there was none.
pub fn remove(path: &Path) -> Result<bool> {
    let removed = match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other.and_then(|()| sync_dir(path.parent().unwrap_or(Path::new(".")))),
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(true)
}

/// Bytes of the files at and below a path, through no link. What cannot be looked at counts as nothing.
pub fn weight(path: &Path) -> u64 {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| weight(&entry.path())).sum()
        }
        Ok(meta) => meta.len(),
        Err(_) => 0,
    }
}

/// Bytes that this user may still write where a path is.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// A private folder for temporary files, gone with this value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one that did not exist.
    pub fn new() -> Result<Self> {
        let (temporary, us) = (std::env::temp_dir(), std::process::id());
        let mut attempt = 0_u32;
        loop {
            let path = temporary.join(format!("kanban-{us}-{attempt}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                // Left there by a process of this number that was killed, or put there by somebody.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Ok(()) => return Ok(Self(path)),
                Err(e) => {
                    return Err(e)
                        .with_context(|| format!("cannot make the folder {}", path.display()));
                }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the folder of temporary files is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes the entries of a folder durable.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Sees to it that the first bytes of a file can be written on a disk that is full by then.
pub fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        // A file system that cannot reserve allocates when it is made to write.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            file.set_len(bytes)?;
            file.sync_all()
        }
        other => Ok(other?),
    }
}

/// Whether `flock` on this file system knows two open descriptions of one file apart.
///
/// Where it is emulated by `fcntl` locks (NFS, SMB), the second one is granted inside one process, and
/// neither inheritance nor release on death works: no worker may be started there.
pub fn flock_works(lock: &File, path: &Path) -> io::Result<bool> {
    let second = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path)?;
    debug_assert_eq!(Identity::of(lock).ok(), Identity::of(&second).ok());
    Ok(!lock_exclusive(&second, Wait::No)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_against_others_and_asking_does_not_look_like_holding() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let (held, first, second) = (
            create_private(&path).unwrap(),
            open_existing(&path).unwrap(),
            open_existing(&path).unwrap(),
        );
        assert!(lock_exclusive(&held, Wait::No).unwrap());
        assert!(flock_works(&held, &path).unwrap());
        assert!(!lock_shared(&first, Wait::No).unwrap());
        drop(held);
        assert!(lock_shared(&first, Wait::No).unwrap());
        assert!(lock_shared(&second, Wait::No).unwrap());
    }

    #[test]
    fn what_is_made_is_private_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        private_dir(&deep).unwrap();
        assert_eq!(mode(&deep), 0o700);
        let file = deep.join("f");
        replace(&file, b"x").unwrap();
        assert_eq!(mode(&file), 0o600);
        renew(&file, b"x").unwrap();
        assert_eq!(mode(&file), 0o600);
        publish(&file, b"y").unwrap();
        renew(&file, b"z").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"z");
        assert_eq!(mode(&file), 0o644);
        std::os::unix::fs::symlink(&file, deep.join("l")).unwrap();
        assert!(append_private(&deep.join("l")).is_err());
        assert!(open_existing(&deep.join("l")).is_err());
    }

    #[test]
    fn a_draft_is_whole_before_it_has_a_name_and_takes_none_from_anybody() {
        let dir = tempfile::tempdir().unwrap();
        let (free, taken) = (dir.path().join("free"), dir.path().join("taken"));
        std::fs::write(&taken, "theirs").unwrap();
        assert!(Draft::copy(dir.path(), &b"four"[..], 3).unwrap().is_none());
        let draft = Draft::copy(dir.path(), &b"four"[..], 4).unwrap().unwrap();
        assert!(!draft.keep_as(&taken).unwrap() && draft.keep_as(&free).unwrap());
        assert_eq!(
            (draft.len(), std::fs::read(&taken).unwrap()),
            (4, b"theirs".to_vec())
        );
        drop(draft);
        assert_eq!(std::fs::read(&free).unwrap(), b"four");
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            2,
            "no leftovers"
        );
    }

    #[test]
    fn a_scratch_folder_is_private_and_one_of_its_kind_and_goes() {
        let (one, two) = (Scratch::new().unwrap(), Scratch::new().unwrap());
        let path = one.path().to_owned();
        assert_ne!(path, two.path());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(path.join("f"), "").unwrap();
        drop(one);
        assert!(!path.exists() && two.path().exists());
    }

    #[test]
    fn a_folder_that_anybody_can_write_to_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        require_private(dir.path()).unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o707)).unwrap();
        assert!(
            require_private(dir.path())
                .unwrap_err()
                .to_string()
                .contains("chmod o-w")
        );
    }
}
