//! What `/proc` tells about processes (proc(5)).

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use super::{Environment, Process, ProcessTable, Seen, nonces_in};
use crate::platform;

/// A directory that is read again until it shows nothing new finds a process that began meanwhile; at most so often.
const READINGS: usize = 20;

/// Reads the table from a directory that should be `/proc`.
pub(super) fn read(proc: &Path) -> Result<ProcessTable, String> {
    let us = std::process::id().cast_signed();
    let own = std::fs::read_link(proc.join("self")).map_err(|e| format!("/proc/self: {e}"))?;
    if own != Path::new(&us.to_string()) {
        return Err("/proc shows another PID namespace".into());
    }
    let (mut all, mut dead_groups) = (HashMap::new(), HashSet::new());
    let mut known = HashSet::new();
    for _ in 0..READINGS {
        let new: Vec<i32> = pids(proc)?
            .into_iter()
            .filter(|pid| known.insert(*pid))
            .collect();
        if new.is_empty() {
            break;
        }
        for pid in new.into_iter().filter(|pid| *pid != us) {
            match process(pid) {
                Some(Seen::Alive(process)) => drop(all.insert(pid, process)),
                Some(Seen::Dead { group }) => drop(dead_groups.insert(group)),
                None => {}
            }
        }
    }
    match known.contains(&us) {
        true => Ok(ProcessTable { all, dead_groups }),
        false => Err("/proc does not show this process".into()),
    }
}

fn pids(proc: &Path) -> Result<Vec<i32>, String> {
    let failed = |e| format!("/proc: {e}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(proc).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        found.extend(name.to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    Ok(found)
}

/// A process by its number. `None`: it is gone.
fn process(pid: i32) -> Option<Seen> {
    let (state, parent, group, session, started) = match Stat::read(pid) {
        Ok(stat) => (
            stat.state,
            stat.parent,
            stat.group,
            stat.session,
            Some(stat.started),
        ),
        Err(e) if is_gone(&e) => return None,
        // Hidden (the mount option hidepid). These calls need no permission.
        Err(_) => {
            let raw = Pid::from_raw(pid)?;
            let group = rustix::process::getpgid(Some(raw)).ok()?;
            let session = rustix::process::getsid(Some(raw)).ok()?;
            ('?', 0, group.as_raw_pid(), session.as_raw_pid(), None)
        }
    };
    if matches!(state, 'Z' | 'X') {
        return Some(Seen::Dead { group });
    }
    Some(Seen::Alive(Process {
        pid,
        parent,
        group,
        session: Some(session),
        started,
        environment: environment(pid),
        supervisor: is_supervisor(pid),
    }))
}

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// The fields of `/proc/PID/stat` that are used here (proc(5)).
pub(super) struct Stat {
    pub(super) state: char,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    pub(super) started: i64,
}

impl Stat {
    pub(super) fn read(pid: i32) -> std::io::Result<Self> {
        let text = std::fs::read(format!("/proc/{pid}/stat"))?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text).ok_or_else(|| std::io::Error::other("an unknown format"))
    }

    /// The name of the program is in parentheses and may contain anything.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
        let small = |field: usize| i32::try_from(number(field)?).ok();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: small(4)?,
            group: small(5)?,
            session: small(6)?,
            started: number(22)?,
        })
    }
}

fn environment(pid: i32) -> Environment {
    let Ok(bytes) = std::fs::read(format!("/proc/{pid}/environ")) else {
        return Environment::Unreadable;
    };
    Environment::Readable {
        nonces: nonces_in(bytes.split(|byte| *byte == 0)),
    }
}

/// The nonces of the runs whose cookie a process carries.
pub fn cookies_of(pid: i32) -> Vec<String> {
    match environment(pid) {
        Environment::Readable { nonces } => nonces,
        Environment::Unreadable => Vec::new(),
    }
}

/// Whether a process is a supervisor of ours, or a guard. Ticks alone start these, by this command line; nobody can
/// start one by hand. The file may be of an earlier release that an upgrade replaced, so its name is compared.
pub fn is_supervisor(pid: i32) -> bool {
    if !platform::linux() {
        // Nothing becomes a child of ours here, and no process is ended that this would spare.
        return false;
    }
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let is_ours =
        matches!(arguments[..], [b"kanban", b"supervise", board, b""] if !board.is_empty());
    is_ours && program_name(&format!("/proc/{pid}/exe")) == program_name("/proc/self/exe")
}

/// The name of the file that a process executes, without the mark of a removed one.
fn program_name(link: &str) -> Option<String> {
    let target = std::fs::read_link(link).ok()?;
    let name = target.file_name()?.to_str()?;
    Some(name.trim_end_matches(" (deleted)").to_owned())
}

/// The user id of a process (proc(5), `Uid` in status: real, effective, …). `None`: it cannot be told.
pub fn owner(pid: i32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_whitespace().next()?.parse().ok()
}

/// The living children of a process, from the process table.
pub fn children_of(pid: u32) -> Vec<Pid> {
    let Ok(table) = ProcessTable::read() else {
        return Vec::new();
    };
    let ours = table
        .iter()
        .filter(|process| process.parent == pid.cast_signed());
    ours.filter_map(|process| Pid::from_raw(process.pid))
        .collect()
}

/// The processes that have a lock of a run open exclusively: `lock` or `tree` in the folder of this name. A process
/// that only asks holds a shared lock, and is not among them.
pub fn lock_holders(table: &ProcessTable, folder: &str, file: &str) -> Vec<i32> {
    if !platform::linux() {
        return Vec::new();
    }
    let ending = PathBuf::from(folder).join(file);
    let holds = |process: &&Process| {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", process.pid));
        fds.into_iter()
            .flatten()
            .flatten()
            .any(|fd| is_path(&fd.path(), &ending) && is_locked(process.pid, &fd.file_name()))
    };
    table.iter().filter(holds).map(|found| found.pid).collect()
}

fn is_path(link: &Path, ending: &Path) -> bool {
    std::fs::read_link(link).is_ok_and(|target| {
        let shown = target.to_string_lossy();
        Path::new(shown.trim_end_matches(" (deleted)")).ends_with(ending)
    })
}

/// Whether this descriptor carries an exclusive lock (proc(5), fdinfo: `lock: 1: FLOCK ADVISORY WRITE …`).
fn is_locked(pid: i32, fd: &OsStr) -> bool {
    let path = Path::new("/proc")
        .join(pid.to_string())
        .join("fdinfo")
        .join(fd);
    std::fs::read_to_string(path).is_ok_and(|text| {
        let mut lines = text.lines();
        lines.any(|line| {
            line.starts_with("lock:") && line.contains("FLOCK") && line.contains("WRITE")
        })
    })
}
