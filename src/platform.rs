//! What only Linux has, each with what the program does elsewhere.
//!
//! `KANBAN_TEST_PORTABLE=1` switches the Linux parts off, so that the portable ways are tested on Linux
//! too. This is the one file with a `cfg` on the operating system.

use std::path::Path;

/// Whether the Linux-only helps may be used.
#[cfg(target_os = "linux")]
pub fn linux() -> bool {
    std::env::var_os("KANBAN_TEST_PORTABLE").is_none_or(|v| v != "1")
}

/// Whether the Linux-only helps may be used.
#[cfg(not(target_os = "linux"))]
pub fn linux() -> bool {
    false
}

/// What `ru_maxrss` counts to a KiB: Linux counts KiB, macOS bytes (getrusage(2) of each).
pub const MAX_RSS_PER_KIB: i64 = if cfg!(target_os = "macos") { 1_024 } else { 1 };

/// Whether this is macOS, where launchd is.
pub const MACOS: bool = cfg!(target_os = "macos");

pub use imp::{
    NOT_FOR_OTHERS, adopt_orphans, adopted, any_belonging, die_with_parent, kill_belonging,
    network_file_system, own_executable, process, raise_oom_score, service_unit,
};

/// The systemd service that this process is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Such as `kanban-tick-default.service`.
    pub name: String,
    /// Of the user's own manager, not the machine's.
    pub of_user: bool,
}

/// Whether logind ends what a user leaves running at logout (logind.conf(5)).
pub fn logout_kills() -> bool {
    let mut files = vec![std::path::PathBuf::from("/etc/systemd/logind.conf")];
    if let Ok(more) = std::fs::read_dir("/etc/systemd/logind.conf.d") {
        let mut more: Vec<_> = more.flatten().map(|entry| entry.path()).collect();
        more.sort();
        files.extend(more);
    }
    let text: String = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect();
    let set = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("KillUserProcesses="))
        .next_back();
    set.is_some_and(|value| matches!(value.trim(), "yes" | "true" | "1" | "on"))
}

/// What can be said of a process by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// There is none, or it is dead and only not reaped yet.
    Gone,
    /// It has the entry that was asked for in its environment.
    Marked,
    /// It has not.
    Unmarked {
        /// When it began, in Unix seconds.
        since: Option<i64>,
    },
    /// There is one, and no more can be told.
    Unknown,
}

/// Asks by a signal that is not sent.
fn process_by_signal(pid: i32) -> Process {
    match rustix::process::Pid::from_raw(pid).map(rustix::process::test_kill_process) {
        None | Some(Err(rustix::io::Errno::SRCH)) => Process::Gone,
        Some(_) => Process::Unknown,
    }
}

/// The id of this boot: two different ones mean that every process of the older one is gone.
pub fn boot_id() -> String {
    read_line("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// The id of this machine, which unlike its name does not change.
pub fn machine_id() -> String {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .find_map(read_line)
        .unwrap_or_else(host_name)
}

/// The name of this machine, for people and for the claim text that Hermes reads.
pub fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

fn read_line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Path of the running program, for starting it again.
pub fn executable_by_path() -> std::path::PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "kanban".into())
}

#[cfg(target_os = "linux")]
mod imp {
    use super::*;
    use crate::fsx::Identity;
    use rustix::net::RecvFlags;
    use rustix::process::{Pid, Signal};
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    /// Descriptors that are received so are closed when another program is executed.
    pub const NOT_FOR_OTHERS: RecvFlags = RecvFlags::CMSG_CLOEXEC;

    /// From now on, what a descendant leaves behind becomes our child instead of init's.
    pub fn adopt_orphans() {
        if linux() && rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_err()
        {
            log::warn!(
                "cannot become a subreaper; what a worker leaves behind is found by its lock only"
            );
        }
    }

    /// Asks the kernel to kill this process when its parent dies, and says whether the parent is still `parent`.
    pub fn die_with_parent(parent: Pid) -> bool {
        if linux() && rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err()
        {
            return false;
        }
        rustix::process::getppid() == Some(parent)
    }

    /// When memory runs out, the worker goes before the supervisor that has to record it.
    pub fn raise_oom_score() {
        if linux() {
            // Refused in some containers, and only a preference: not worth a failed start.
            let _ = std::fs::write("/proc/self/oom_score_adj", "300");
        }
    }

    /// The running program itself, even when its file was replaced by an upgrade meanwhile.
    pub fn own_executable() -> PathBuf {
        if linux() {
            PathBuf::from("/proc/self/exe")
        } else {
            executable_by_path()
        }
    }

    /// Our living children: the worker, and what was left behind and came to us.
    pub fn adopted() -> Vec<Pid> {
        let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
            return Vec::new();
        };
        tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
            .flat_map(|list| {
                list.split_whitespace()
                    .filter_map(|pid| pid.parse().ok())
                    .collect::<Vec<i32>>()
            })
            .filter_map(Pid::from_raw)
            .collect()
    }

    /// Whether any process, other than this one, carries the environment entry `cookie` or has `file` open.
    /// `None`: cannot tell.
    pub fn any_belonging(cookie: &str, file: Identity) -> Option<bool> {
        if !linux() {
            return None;
        }
        Some(others()?.any(|dir| has_entry(&dir, cookie) || has_open(&dir, file)))
    }

    /// Kills every process that carries the environment entry `cookie` or has `file` open, and says how
    /// many there were. Each is pinned by a descriptor before it is looked at, so that a number that
    /// was given to another process meanwhile is never hit. `None`: cannot tell.
    pub fn kill_belonging(cookie: &str, file: Option<Identity>) -> Option<usize> {
        if !linux() {
            return None;
        }
        let mut killed = 0;
        for dir in others()? {
            let Some(pid) = pid_of(&dir).and_then(Pid::from_raw) else {
                continue;
            };
            let Ok(pinned) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
            else {
                continue;
            };
            let belongs = has_entry(&dir, cookie) || file.is_some_and(|f| has_open(&dir, f));
            if belongs && rustix::process::pidfd_send_signal(&pinned, Signal::KILL).is_ok() {
                killed += 1;
            }
        }
        Some(killed)
    }

    /// The service that this process is in, where systemd started it or something above it.
    pub fn service_unit() -> Option<Unit> {
        std::env::var_os("INVOCATION_ID")?;
        let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        // The unified hierarchy or systemd's own, whichever it manages here (cgroups(7)).
        let paths = groups.lines().filter_map(|line| {
            let own = line.split_once(":name=systemd:").map(|(_, path)| path);
            line.strip_prefix("0::").or(own)
        });
        let (name, path) = paths
            .filter_map(|path| {
                let name = path.rsplit('/').find(|part| part.ends_with(".service"))?;
                Some((name, path))
            })
            .next()?;
        // A session's own scope is below the user's manager, which is no service that ends with a tick.
        if name.starts_with("user@") || path.ends_with(".scope") {
            return None;
        }
        Some(Unit {
            name: name.to_owned(),
            // A user's manager need not be below user@.service, but sets this variable (systemd.exec(5)).
            of_user: path.contains("/user@") || std::env::var_os("MANAGERPID").is_some(),
        })
    }

    /// What a process is, as far as can be told.
    pub fn process(pid: i32, entry: &str) -> Process {
        let known = process_by_signal(pid);
        if known == Process::Gone || !linux() {
            return known;
        }
        let dir = PathBuf::from(format!("/proc/{pid}"));
        if !dir.exists() || is_zombie(&dir) {
            return Process::Gone;
        }
        match std::fs::read(dir.join("environ")) {
            Err(_) => Process::Unknown,
            Ok(bytes) if bytes.split(|b| *b == 0).any(|e| e == entry.as_bytes()) => Process::Marked,
            Ok(_) => Process::Unmarked { since: began(&dir) },
        }
    }

    /// When a process began: clock ticks after the boot (proc(5): field 22 of stat, btime).
    fn began(dir: &Path) -> Option<i64> {
        let stat = std::fs::read_to_string(dir.join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let ticks: u64 = rest.split_whitespace().nth(19)?.parse().ok()?;
        let boot = std::fs::read_to_string("/proc/stat").ok()?;
        let boot: i64 = boot
            .lines()
            .find_map(|line| line.strip_prefix("btime "))?
            .trim()
            .parse()
            .ok()?;
        Some(boot + i64::try_from(ticks / rustix::param::clock_ticks_per_second()).ok()?)
    }

    /// The `/proc` folders of all processes but this one and the dead.
    fn others() -> Option<impl Iterator<Item = PathBuf>> {
        let ours = i32::try_from(std::process::id()).ok();
        let entries = std::fs::read_dir("/proc").ok()?;
        Some(entries.flatten().map(|e| e.path()).filter(move |dir| {
            let pid = pid_of(dir);
            pid.is_some_and(|p| p > 1) && pid != ours && !is_zombie(dir)
        }))
    }

    fn pid_of(dir: &Path) -> Option<i32> {
        dir.file_name()?.to_str()?.parse().ok()
    }

    fn has_entry(dir: &Path, entry: &str) -> bool {
        std::fs::read(dir.join("environ"))
            .is_ok_and(|bytes| bytes.split(|b| *b == 0).any(|e| e == entry.as_bytes()))
    }

    fn has_open(dir: &Path, file: Identity) -> bool {
        let Ok(fds) = std::fs::read_dir(dir.join("fd")) else {
            return false;
        };
        fds.flatten().any(|fd| {
            std::fs::metadata(fd.path()).is_ok_and(|meta| {
                Identity {
                    dev: meta.dev(),
                    ino: meta.ino(),
                } == file
            })
        })
    }

    fn is_zombie(proc_dir: &Path) -> bool {
        // The state follows the command name, which is in parentheses and may hold anything.
        std::fs::read_to_string(proc_dir.join("stat"))
            .ok()
            .and_then(|stat| {
                stat.rsplit_once(')')
                    .map(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
            })
            .unwrap_or(false)
    }

    /// The name of the network or user-space file system that a folder is on, if it is on one.
    pub fn network_file_system(dir: &Path) -> Option<&'static str> {
        // Magic numbers of statfs(2) and linux/magic.h.
        const KNOWN: [(u64, &str); 9] = [
            (0x6969, "NFS"),
            (0x517b, "SMB"),
            (0xff53_4d42, "CIFS"),
            (0xfe53_4d42, "SMB2"),
            (0x0102_1997, "9P"),
            (0x6573_5546, "FUSE"),
            (0x5346_414f, "AFS"),
            (0x00c3_6400, "Ceph"),
            (0x0bd0_0bd0, "Lustre"),
        ];
        let kind = rustix::fs::statfs(dir).ok()?.f_type as u64 & 0xffff_ffff;
        KNOWN
            .iter()
            .find(|(magic, _)| *magic == kind)
            .map(|(_, name)| *name)
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use super::*;
    use rustix::net::RecvFlags;
    use std::path::PathBuf;

    /// Cannot be asked for here; who receives descriptors sees to it before anything is executed.
    pub const NOT_FOR_OTHERS: RecvFlags = RecvFlags::empty();

    /// No such call here: the run's tree lock tells whether something was left behind.
    pub fn adopt_orphans() {}

    /// Says whether the parent is still `parent`; the tree lock covers its later death.
    pub fn die_with_parent(parent: rustix::process::Pid) -> bool {
        rustix::process::getppid() == Some(parent)
    }

    /// No such setting here.
    pub fn raise_oom_score() {}

    /// The running program by its path.
    pub fn own_executable() -> PathBuf {
        executable_by_path()
    }

    /// Nothing comes to us here.
    pub fn adopted() -> Vec<rustix::process::Pid> {
        Vec::new()
    }

    /// No systemd here.
    pub fn service_unit() -> Option<Unit> {
        None
    }

    /// Whether there is such a process.
    pub fn process(pid: i32, _entry: &str) -> Process {
        process_by_signal(pid)
    }

    /// Cannot tell here.
    pub fn any_belonging(_cookie: &str, _file: crate::fsx::Identity) -> Option<bool> {
        None
    }

    /// Cannot tell here.
    pub fn kill_belonging(_cookie: &str, _file: Option<crate::fsx::Identity>) -> Option<usize> {
        None
    }

    /// Cannot tell here; the lock test before a start refuses emulated locks.
    pub fn network_file_system(_dir: &Path) -> Option<&'static str> {
        None
    }
}
