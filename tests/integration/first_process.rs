//! The program as the first process of a PID namespace, which is what the command of a container is. The
//! kernel applies no default action of a signal to that process, so the program has to handle each itself.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Home, PROGRAM};

/// The default of `docker stop` is ten seconds; a process that needs as much was not ended by the signal.
const PROMPT: Duration = Duration::from_secs(5);

/// A command under `unshare`, and the process that is the first of the new namespace.
struct First {
    unshare: Child,
    first: Pid,
}

impl First {
    fn start(home: &Home, args: &[&str]) -> Self {
        let mut command = home.command("unshare");
        command
            .args(["--pid", "--fork", "--mount-proc", PROGRAM])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let unshare = command.spawn().unwrap();
        let pid = unshare.id();
        let mut first = None;
        home.wait_until("the first process handles signals", || {
            first = children(pid).trim().parse().ok().and_then(Pid::from_raw);
            first.is_some_and(|pid| catches(pid, Signal::TERM))
        });
        Self {
            unshare,
            first: first.unwrap(),
        }
    }

    fn children(&self) -> String {
        children(self.first.as_raw_pid().unsigned_abs())
    }

    /// The exit status, after a signal from outside the namespace.
    fn end(mut self, home: &Home, signal: Signal) -> ExitStatus {
        let sent = Instant::now();
        kill_process(self.first, signal).unwrap();
        let mut ended = None;
        home.wait_until("the first process ends", || {
            ended = self.unshare.try_wait().unwrap();
            ended.is_some()
        });
        assert!(sent.elapsed() < PROMPT, "{:?}", sent.elapsed());
        ended.unwrap()
    }
}

impl Drop for First {
    fn drop(&mut self) {
        let _ = kill_process(self.first, Signal::KILL);
        let _ = self.unshare.wait();
    }
}

fn children(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
}

/// Whether a process handles a signal (proc(5): SigCgt of status).
fn catches(pid: Pid, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid()));
    let mask = status.ok().and_then(|status| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    });
    mask.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

/// Whether this machine permits a PID namespace. In CI, root must be permitted.
fn namespaces() -> bool {
    let tried = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "true"])
        .output();
    let permitted = tried.is_ok_and(|output| output.status.success());
    if !permitted {
        let required = std::env::var("CI").is_ok_and(|ci| ci == "true")
            && rustix::process::geteuid().is_root();
        assert!(!required, "root cannot create a PID namespace with unshare");
        eprintln!("skipped: unshare cannot create a PID namespace here");
    }
    permitted
}

/// A board with a card whose worker ends when the file `go` exists, or with its namespace.
fn busy() -> Home {
    let home = Home::new(
        "[workers.w]\ncommand = ['sh', '-c', 'until [ -e \"$HOME/go\" ]; do sleep 0.05; done']\n",
    );
    home.create("long", "w", &[]);
    home
}

#[test]
fn a_signal_ends_a_waiting_command_that_is_process_1_with_the_status_of_the_signal() {
    if !namespaces() {
        return;
    }
    let tick: &[&str] = &["tick", "--wait"];
    for (args, signal, status) in [
        (tick, Signal::TERM, 143),
        (tick, Signal::INT, 130),
        (tick, Signal::HUP, 129),
        (tick, Signal::QUIT, 131),
        (&["events", "--follow"], Signal::TERM, 143),
        (&["mcp"], Signal::TERM, 143),
    ] {
        let home = busy();
        let first = First::start(&home, args);
        if args == tick {
            home.wait_until("the supervisor runs", || !first.children().is_empty());
        }
        let ended = first.end(&home, signal);
        assert_eq!(ended.code(), Some(status), "{args:?}: {ended}");
    }
}

#[test]
fn a_signal_ends_a_drain_that_is_process_1_and_leaves_the_worker_alone() {
    if !namespaces() {
        return;
    }
    let home = busy();
    home.ok(&["tick"]);
    let ended = First::start(&home, &["drain"]).end(&home, Signal::INT);
    assert_eq!(ended.code(), Some(130), "{ended}");
    let running = home.json(&["list", "--status", "running"]);
    assert_eq!(running.as_array().unwrap().len(), 1, "{running}");
    std::fs::write(home.path().join("go"), "").unwrap();
    home.wait_until("the worker ends", || {
        home.json(&["list", "--status", "done"])
            .as_array()
            .unwrap()
            .len()
            == 1
    });
}

#[test]
fn a_command_that_is_process_1_and_catches_signals_itself_ends_in_its_own_way() {
    if !namespaces() {
        return;
    }
    let home = busy();
    let first = First::start(&home, &["tick", "--all", "--wait"]);
    home.wait_until("the tick of the board runs", || {
        !first.children().is_empty()
    });
    let ended = first.end(&home, Signal::TERM);
    assert_eq!(ended.code(), Some(75), "{ended}");
}
