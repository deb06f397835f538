//! What only Linux has, each with what the program does elsewhere.
//!
//! `KANBAN_TEST_PORTABLE=1` switches the Linux parts off, so that the portable ways are tested on Linux
//! too. This is the one file with a `cfg` on the operating system.

pub mod unit_path;

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
    NOT_FOR_OTHERS, adopt_orphans, adopted, die_with_parent, name_this_process,
    network_file_system, own_executable, path_of, pin, process, raise_oom_score, service_unit,
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

/// A process that is to be killed. By a descriptor, the signal cannot reach a later process with the same number;
/// where the system has no such descriptors, the caller compares the start time first.
#[derive(Debug)]
pub enum Pinned {
    Descriptor(std::os::fd::OwnedFd),
    Number(rustix::process::Pid),
}

/// The id of this boot. Two different ids prove that every process of the older boot is gone. `None`: it cannot be
/// read, or this system has none.
pub fn boot_id() -> Option<String> {
    linux().then(|| read_line("/proc/sys/kernel/random/boot_id"))?
}

/// A variable of the environment of this process.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The PID namespace of this process: process ids of another one say nothing here. `None`: it cannot be read.
pub fn pid_namespace() -> Option<String> {
    if !linux() {
        return Some("only".into());
    }
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str().map(str::to_owned)
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
    use rustix::io::Errno;
    use rustix::net::RecvFlags;
    use rustix::process::{Pid, Signal};
    use std::path::PathBuf;

    /// Descriptors that are received so are closed when another program is executed.
    pub const NOT_FOR_OTHERS: RecvFlags = RecvFlags::CMSG_CLOEXEC;

    /// From now on, what a descendant leaves behind becomes our child instead of init's.
    pub fn adopt_orphans() {
        if linux() && rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_err()
        {
            log::warn!(
                "cannot become a subreaper; what a worker leaves is found by its cgroup, its tree lock or the process table only"
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

    /// Our living children: the worker, and what was left behind and came to us. `None`: this kernel keeps no list.
    pub fn adopted() -> Option<Vec<Pid>> {
        if !linux() {
            return Some(Vec::new());
        }
        let mut found = Vec::new();
        for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
            let list = std::fs::read_to_string(task.path().join("children")).ok()?;
            let pids = list.split_whitespace().filter_map(|pid| pid.parse().ok());
            found.extend(pids.filter_map(Pid::from_raw));
        }
        Some(found)
    }

    /// Where an open file is now. The mark of a removed one follows its name.
    pub fn path_of(file: &std::fs::File) -> std::io::Result<PathBuf> {
        use std::os::fd::AsRawFd;
        std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
    }

    /// Prepares to kill a process: from here on, its descriptor stands for this process alone.
    pub fn pin(pid: Pid) -> Result<Pinned, Errno> {
        match rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
            Ok(descriptor) => Ok(Pinned::Descriptor(descriptor)),
            Err(Errno::SRCH) => Err(Errno::SRCH),
            // A kernel before 5.3, or a sandbox that refuses the call.
            Err(_) => Ok(Pinned::Number(pid)),
        }
    }

    impl Pinned {
        /// Sends KILL.
        pub fn kill(&self) -> Result<(), Errno> {
            match self {
                Self::Descriptor(fd) => rustix::process::pidfd_send_signal(fd, Signal::KILL),
                Self::Number(pid) => rustix::process::kill_process(*pid, Signal::KILL),
            }
        }
    }

    /// Names this process for people who list processes.
    pub fn name_this_process(name: &std::ffi::CStr) {
        if linux() {
            // Only for people: a refusal changes nothing.
            let _ = rustix::thread::set_name(name);
        }
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
    use rustix::io::Errno;
    use rustix::net::RecvFlags;
    use rustix::process::{Pid, Signal};
    use std::path::PathBuf;

    /// Cannot be asked for here; who receives descriptors sees to it before anything is executed.
    pub const NOT_FOR_OTHERS: RecvFlags = RecvFlags::empty();

    /// No such call here: the tree lock and the process table show what a worker leaves.
    pub fn adopt_orphans() {}

    /// Says whether the parent is still `parent`. The worker outlives it; the next tick finds and ends the worker.
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
    pub fn adopted() -> Option<Vec<Pid>> {
        Some(Vec::new())
    }

    /// No systemd here.
    pub fn service_unit() -> Option<Unit> {
        None
    }

    /// Whether there is such a process.
    pub fn process(pid: i32, _entry: &str) -> Process {
        process_by_signal(pid)
    }

    /// Where an open file is now.
    #[cfg(target_vendor = "apple")]
    pub fn path_of(file: &std::fs::File) -> std::io::Result<PathBuf> {
        use std::os::unix::ffi::OsStringExt;
        let path = rustix::fs::getpath(file)?;
        Ok(std::ffi::OsString::from_vec(path.into_bytes()).into())
    }

    /// Cannot be told here.
    #[cfg(not(target_vendor = "apple"))]
    pub fn path_of(_file: &std::fs::File) -> std::io::Result<PathBuf> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// No descriptors of processes here.
    pub fn pin(pid: Pid) -> Result<Pinned, Errno> {
        Ok(Pinned::Number(pid))
    }

    impl Pinned {
        /// Sends KILL.
        pub fn kill(&self) -> Result<(), Errno> {
            match self {
                Self::Number(pid) => rustix::process::kill_process(*pid, Signal::KILL),
                Self::Descriptor(_) => Err(Errno::SRCH),
            }
        }
    }

    /// Not needed here.
    pub fn name_this_process(_name: &std::ffi::CStr) {}

    /// Cannot tell here; the lock test before a start refuses emulated locks.
    pub fn network_file_system(_dir: &Path) -> Option<&'static str> {
        None
    }
}
