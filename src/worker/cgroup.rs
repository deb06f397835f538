//! A cgroup of its own for each run, where this process may create one: then everything that a worker started can
//! be found and ended, whatever it closed, cleared or became.
//!
//! Only the second version of cgroups (cgroups(7)), alone or as `unified` of the hybrid layout. No controller is
//! used, so no limit and no other program is affected. systemd removes empty cgroups below a unit that ends; a folder
//! that is missing is therefore an empty cgroup, in the boot in which it was created.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::process_table::is_supervisor;
use crate::board::id::Nonce;
use crate::platform;

/// The name of a run's cgroup is this and its nonce.
const PREFIX: &str = "kanban-";

/// What writing to a file of a cgroup that was removed meanwhile fails with.
const NODEV: i32 = Errno::NODEV.raw_os_error();

/// How often a process is put into a cgroup that systemd removes meanwhile.
const ATTEMPTS: usize = 10;

/// The cgroup below which runs get theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    path: PathBuf,
    /// This process is in the cgroup of an enclosing run, where its supervisors must not stay.
    enclosed: bool,
}

/// Whether systemd left the cgroup of this process to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delegation {
    /// This process is in a unit with `Delegate=yes`.
    Unit,
    /// It is in a unit without it.
    Refused,
    /// It is in no unit that systemd would answer for.
    NoUnit,
}

/// What a cgroup contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Populated,
    Empty,
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl Parent {
    /// The cgroup of this process, if it may create others below it. The first run that needs one is tried.
    pub fn find(delegation: Delegation) -> Option<Self> {
        if !platform::linux() || platform::variable("KANBAN_TEST_CGROUPS").is_some_and(|v| v == "0")
        {
            return None;
        }
        let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::"))?;
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
        let (outer, enclosed) = outside_runs(Path::new(own));
        let of_systemd = outer.iter().any(|part| {
            let part = Path::new(part).extension();
            part.is_some_and(|kind| kind == "service" || kind == "scope" || kind == "slice")
        });
        match delegation {
            Delegation::Unit => {}
            Delegation::NoUnit if !of_systemd => {}
            // systemd does not expect other cgroups there, and may remove them.
            Delegation::NoUnit | Delegation::Refused => return None,
        }
        let path = on_mount(&mounts, &outer)?;
        let parent = Self { path, enclosed };
        let usable = parent.is_usable();
        if usable {
            parent.remove_empty();
        }
        usable.then_some(parent)
    }

    /// Removes the cgroups of ended runs whose last process ended later. A supervisor whose new cgroup this removes
    /// creates it again.
    fn remove_empty(&self) {
        for cgroup in children(&self.path) {
            if cgroup.file_name().is_some_and(is_of_run) {
                let _ = std::fs::remove_dir(cgroup);
            }
        }
    }

    fn is_usable(&self) -> bool {
        let may = |file: &str| rustix::fs::access(self.path.join(file), Access::WRITE_OK).is_ok();
        let trial = self
            .path
            .join(format!("{PREFIX}trial-{}", std::process::id()));
        may("") && may("cgroup.procs") && {
            let created = std::fs::create_dir(&trial).is_ok();
            created && std::fs::remove_dir(&trial).is_ok()
        }
    }

    /// The folder of a run's cgroup.
    pub fn of_run(&self, nonce: &Nonce) -> PathBuf {
        self.path.join(format!("{PREFIX}{nonce}"))
    }

    /// Takes this process out of the cgroup of an enclosing run, which is ended with that run. Where it may not, the
    /// enclosing supervisor recognises and spares it.
    pub fn leave_enclosing_run(&self) {
        if self.enclosed
            && let Err(e) = std::fs::write(self.path.join("cgroup.procs"), "0")
        {
            log::debug!("cannot move to {}: {e}", self.path.display());
        }
    }
}

/// The part of a cgroup's path that is not inside the cgroup of a run, and whether anything was cut off.
fn outside_runs(own: &Path) -> (PathBuf, bool) {
    let outer: PathBuf = own.iter().take_while(|part| !is_of_run(part)).collect();
    let enclosed = outer != own;
    (outer, enclosed)
}

fn is_of_run(name: &OsStr) -> bool {
    let nonce = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
    nonce.is_some_and(|nonce| nonce.parse::<Nonce>().is_ok())
}

/// Where a cgroup is mounted (proc(5), mountinfo: `id parent dev ROOT MOUNTPOINT options - TYPE …`). A mount may show a
/// part of the hierarchy only.
fn on_mount(mountinfo: &str, cgroup: &Path) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let below = cgroup.strip_prefix(root).ok()?;
        kind.starts_with("cgroup2 ")
            .then(|| Path::new(point).join(below))
    })
}

/// Puts this process into a cgroup, which is created if it is missing.
pub fn enter(cgroup: &Path) -> io::Result<()> {
    let mut outcome = Ok(());
    for _ in 0..ATTEMPTS {
        match std::fs::create_dir(cgroup) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        outcome = std::fs::write(cgroup.join("cgroup.procs"), "0");
        match &outcome {
            // systemd removed it between two calls, because it was empty.
            Err(e) if e.kind() == ErrorKind::NotFound || e.raw_os_error() == Some(NODEV) => {}
            _ => break,
        }
    }
    outcome
}

/// Whether any process is in a cgroup or below it.
pub fn state(cgroup: &Path) -> State {
    match std::fs::read_to_string(cgroup.join("cgroup.events")) {
        Ok(events) if events.lines().any(|line| line == "populated 0") => State::Empty,
        Ok(_) => State::Populated,
        Err(e) if e.kind() == ErrorKind::NotFound => missing(cgroup),
        Err(e) => State::Unknown(format!("{}: {e}", cgroup.display())),
    }
}

/// A cgroup that is not there is empty, if its hierarchy is mounted where it was.
fn missing(cgroup: &Path) -> State {
    const CGROUP2: u64 = 0x6367_7270; // CGROUP2_SUPER_MAGIC, statfs(2)
    let mounted = cgroup.ancestors().skip(1).find(|above| above.exists());
    let kind = mounted.and_then(|above| rustix::fs::statfs(above).ok());
    match kind {
        Some(kind) if kind.f_type as u64 & 0xffff_ffff == CGROUP2 => State::Empty,
        _ => State::Unknown(format!("{} is not mounted here", cgroup.display())),
    }
}

/// The processes in a cgroup and below it.
pub fn processes(cgroup: &Path) -> Vec<i32> {
    let own = std::fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    let own = own.lines().filter_map(|line| line.parse().ok());
    let below = children(cgroup)
        .into_iter()
        .flat_map(|path| processes(&path));
    own.chain(below).collect()
}

fn children(cgroup: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cgroup).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// Kills every process in a cgroup, other users' too; but not if a supervisor of another run is among them.
pub fn kill(cgroup: &Path) -> io::Result<()> {
    if processes(cgroup).into_iter().any(is_supervisor) {
        return Err(io::Error::other("the supervisor of another run is in it"));
    }
    match std::fs::write(cgroup.join("cgroup.kill"), "1") {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        // Empty, or a kernel before 5.14, where the caller kills the processes one by one.
        _ => Ok(()),
    }
}

/// Removes the cgroup of a run that is over, with those that its worker created below it. One that is not empty stays.
pub fn remove(cgroup: &Path) {
    for child in children(cgroup) {
        remove(&child);
    }
    // Only an empty folder is removed; systemd removes it otherwise.
    let _ = std::fs::remove_dir(cgroup);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgroup_of_a_run_is_cut_off_with_all_below_it() {
        let nonce = Nonce::from_random([7; 16]);
        let run = format!("{PREFIX}{nonce}");
        for (own, outer, enclosed) in [
            ("/".to_owned(), "/", false),
            ("/a.slice/b".to_owned(), "/a.slice/b", false),
            (format!("/a/{run}"), "/a", true),
            (format!("/a/{run}/deeper/{run}"), "/a", true),
            (format!("/{run}"), "/", true),
            // These are not the name of a run.
            ("/a/kanban-trial-7".to_owned(), "/a/kanban-trial-7", false),
            (format!("/a/x{run}"), "", false),
            (format!("/a/{run}0"), "", false),
        ] {
            let expected = if outer.is_empty() {
                own.as_str()
            } else {
                outer
            };
            let found = outside_runs(Path::new(&own));
            assert_eq!(found, (PathBuf::from(expected), enclosed), "{own}");
        }
    }

    const HYBRID: &str = "\
        30 25 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n\
        31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n\
        32 30 0:28 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,name=systemd\n";
    const UNIFIED: &str =
        "29 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    /// A container sees its own part of the hierarchy.
    const NESTED: &str = "29 24 0:26 /docker/abc /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n";

    #[test]
    fn folder_of_a_cgroup_is_found_on_every_layout() {
        for (mounts, own, expected) in [
            (HYBRID, "/a/b", Some("/sys/fs/cgroup/unified/a/b")),
            (UNIFIED, "/a/b", Some("/sys/fs/cgroup/a/b")),
            (UNIFIED, "/", Some("/sys/fs/cgroup")),
            (NESTED, "/docker/abc/x", Some("/sys/fs/cgroup/x")),
            (NESTED, "/docker/abcd", None),
            (NESTED, "/other", None),
            ("", "/a", None),
            (
                "29 24 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw,cpu\n",
                "/a",
                None,
            ),
            ("a line in another format\n29 - cgroup2 \n", "/a", None),
        ] {
            let found = on_mount(mounts, Path::new(own));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{own}");
        }
    }

    #[test]
    fn missing_cgroup_is_empty_on_its_file_system_alone() {
        let elsewhere = tempfile::tempdir().unwrap();
        let path = elsewhere.path().join("kanban-x");
        assert!(matches!(state(&path), State::Unknown(_)));
    }
}
