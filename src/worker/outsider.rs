//! Processes that another program started as workers: whether they live, and how they are ended.
//!
//! A process id alone proves nothing, for numbers are used again. A process is taken for the worker only if
//! it carries the worker's mark in its environment, or began when the run did.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::platform::{self, Process};
use crate::time::Seconds;

/// Between TERM and KILL, and once more for KILL to work (the figure is Hermes' own).
const PATIENCE: Duration = Duration::from_secs(5);
const AFTER_KILL: Duration = Duration::from_secs(1);

/// A run's process may begin so long before its row says so, for clocks are whole seconds…
const EARLY: Seconds = 5;
/// …and so long after it, for a workspace has to be prepared.
const LATE: Seconds = 600;

/// A worker of another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    pub pid: i32,
    /// An entry of its environment.
    pub mark: String,
    /// When its run began.
    pub started: Option<Seconds>,
}

/// What became of ending a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// It is gone.
    pub gone: bool,
    /// It did not go before it was killed.
    pub killed: bool,
}

impl Worker {
    /// Whether the worker lives. What cannot be told counts as alive.
    pub fn is_alive(&self) -> bool {
        match platform::process(self.pid, &self.mark) {
            Process::Gone => false,
            Process::Marked | Process::Unknown => true,
            Process::Unmarked { since } => match (since, self.started) {
                (Some(since), Some(started)) => (started - EARLY..=started + LATE).contains(&since),
                _ => true,
            },
        }
    }
}

/// Ends workers with everything in their process groups: all are signalled first and waited for once.
pub fn end(workers: &[Worker]) -> Vec<Ending> {
    let alive = |i: &usize| workers[*i].is_alive();
    let mut left: Vec<usize> = (0..workers.len()).filter(alive).collect();
    let mut endings = vec![
        Ending {
            gone: true,
            killed: false
        };
        workers.len()
    ];
    for (sent, patience) in [(Signal::TERM, PATIENCE), (Signal::KILL, AFTER_KILL)] {
        for i in &left {
            signal(&workers[*i], sent);
            endings[*i].killed = sent == Signal::KILL;
        }
        let until = Instant::now() + patience;
        while !left.is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
            left.retain(alive);
        }
    }
    for i in left {
        endings[i].gone = false;
    }
    endings
}

fn signal(worker: &Worker, signal: Signal) {
    let Some(pid) = Pid::from_raw(worker.pid).filter(|p| p.as_raw_pid() > 1) else {
        return;
    };
    // Asked again at the last moment: between two looks the number may have gone to another process.
    if !worker.is_alive() {
        return;
    }
    if rustix::process::getpgid(Some(pid)).ok() == Some(pid) {
        let _ = rustix::process::kill_process_group(pid, signal);
    } else {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::forking;
    use crate::time;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    fn started(env: &str, script: &str) -> (std::process::Child, Worker) {
        let _forks = forking::forks();
        let child = Command::new("sh")
            .args(["-c", script])
            .env("TASK", env)
            .process_group(0)
            .spawn()
            .unwrap();
        let worker = Worker {
            pid: i32::try_from(child.id()).unwrap(),
            mark: "TASK=t_1".into(),
            started: time::now().ok(),
        };
        (child, worker)
    }

    #[test]
    fn a_process_is_the_worker_by_its_mark_or_by_when_it_began() {
        let (mut child, mut worker) = started("t_1", "exec sleep 60");
        while std::fs::read(format!("/proc/{}/environ", worker.pid)).is_ok_and(|e| e.is_empty()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        worker.started = Some(0);
        assert!(worker.is_alive(), "marked");
        worker.mark = "TASK=t_2".into();
        assert!(!worker.is_alive(), "another process with the same number");
        worker.started = time::now().ok();
        assert!(worker.is_alive(), "not marked, and of the right age");
        child.kill().unwrap();
        // Not reaped: it stays a zombie, which is dead.
        while worker.is_alive() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.wait().unwrap();
        assert!(!worker.is_alive());
    }

    #[test]
    fn stubborn_workers_are_killed_together_with_their_groups() {
        let (mut a, one) = started("t_1", "trap '' TERM; sleep 60 & wait; wait");
        let (mut b, two) = started("t_1", "exec sleep 60");
        std::thread::sleep(Duration::from_millis(100));
        let begin = Instant::now();
        let endings = end(&[one, two]);
        assert!(begin.elapsed() < PATIENCE + AFTER_KILL, "waited for once");
        assert!(endings.iter().all(|e| e.gone), "{endings:?}");
        assert_eq!((endings[0].killed, endings[1].killed), (true, false));
        a.wait().unwrap();
        b.wait().unwrap();
    }
}
