//! What `ps` tells about processes, for systems without `/proc`.

use std::collections::{HashMap, HashSet};
use std::process::{Command, Stdio};

use super::{Environment, Process, ProcessTable, Seen, nonces_in};
use crate::platform;
use crate::time;

/// The environment follows the arguments. macOS spells the option differently than the BSD style that procps takes.
fn ps_arguments() -> [&'static str; 3] {
    let columns = "pid=,ppid=,pgid=,stat=,lstart=,args=";
    match platform::MACOS {
        true => ["-AEww", "-o", columns],
        false => ["axeww", "-o", columns],
    }
}

pub(super) fn read() -> Result<ProcessTable, String> {
    let output = Command::new("ps")
        .args(ps_arguments())
        .env("LC_ALL", "C")
        .env("TZ", "UTC0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|e| format!("ps cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("ps failed ({})", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let us = std::process::id().cast_signed();
    let (mut all, mut dead_groups) = (HashMap::new(), HashSet::new());
    for seen in text.lines().filter_map(ps_line) {
        match seen {
            Seen::Alive(process) => drop(all.insert(process.pid, process)),
            Seen::Dead { group } => drop(dead_groups.insert(group)),
        }
    }
    match all.remove(&us) {
        Some(_) => Ok(ProcessTable { all, dead_groups }),
        None => Err("ps does not show this process".into()),
    }
}

/// `pid ppid pgid stat Mon Nov 30 17:31:55 2026 args and environment`
pub(super) fn ps_line(line: &str) -> Option<Seen> {
    let mut words = line.split_whitespace();
    let mut number = || words.next()?.parse::<i32>().ok();
    let (pid, parent, group) = (number()?, number()?, number()?);
    let state = words.next()?;
    let date: Vec<&str> = words.by_ref().take(5).collect();
    let started = time::parse_ctime(&date.join(" "))?;
    if state.starts_with('Z') {
        return Some(Seen::Dead { group });
    }
    let words: Vec<&str> = words.collect();
    let supervisor = words.starts_with(&["kanban", "supervise"]);
    let nonces = nonces_in(words.into_iter().map(str::as_bytes));
    Some(Seen::Alive(Process {
        pid,
        parent,
        group,
        session: None,
        started: Some(started),
        environment: Environment::Readable { nonces },
        supervisor,
    }))
}
