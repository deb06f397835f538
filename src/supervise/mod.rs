//! One worker from its start to its recorded end: the body of the hidden subcommand that a tick starts.
//!
//! One thread, a few megabytes, asleep until something happens. It holds the run's lock until the end is
//! durable, and only then gives the lock and the host slot back and runs a tick itself, so that the next
//! card starts at once and not at the next minute.
//!
//! Runs that are claimed together are handed to one process, which goes on as one for each of them.

mod guard;
mod watch;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Pid;

use crate::board::id::Nonce;
use crate::board::run::Stage;
use crate::board::run_facts::{ProcessId, RunFacts, RunProcesses};
use crate::exit::{self, Kind};
use crate::fsx::{self, Identity, Wait};
use crate::platform;
use crate::store::{Store, TURN, claims, runs};
use crate::time;
use crate::worker::gate::{Gate, Passage};
use crate::worker::handover::{self, Handed};
use crate::worker::liveness::{Here, Suspect};
use crate::worker::record::{self, Record};
use crate::worker::rundir::{self, RunDir};
use crate::worker::signals::Signals;
use crate::worker::spec::{Place, Spec};
use crate::worker::twin::{self, Side};
use crate::worker::{cgroup, group, log, process_table, workspace, worktree};
use guard::Role;

/// Runs the workers that a tick has handed over, each to its end and in a process of its own. `None`: this process only
/// started the others, or guarded them, and is finished.
pub fn run() -> Result<Option<Spec>> {
    let runs: Vec<Handed<Spec>> = handover::receive(depart)?;
    close_fds::set_fds_cloexec(3, &[]);
    let (guarded, others) = runs.into_iter().partition(guard::is_useful);
    match guard::start(guarded, others)? {
        Role::Supervisor(run) => run_one(*run).map(Some),
        Role::Others(runs) => divide(runs).map(run_one).transpose(),
        Role::Guard => Ok(None),
    }
}

/// Leaves the caller's session, so that neither its terminal nor its job control reaches us, and the cgroup of the run
/// that the tick is a part of, if any.
fn depart(specs: &[Spec]) {
    leave_session();
    if let Some(parent) = specs.first().and_then(|spec| spec.cgroups.as_ref()) {
        parent.leave_enclosing_run();
    }
}

fn leave_session() {
    // Refused only to a process that has a session of its own already.
    let _ = rustix::process::setsid();
}

/// Continues as one process for each run. A single run is this process's own.
///
/// The process that started the others ends, instead of being the parent of workers that are not its own.
fn divide(mut runs: Vec<Handed<Spec>>) -> Option<Handed<Spec>> {
    if runs.len() <= 1 {
        return runs.pop();
    }
    let mut others = runs.into_iter();
    while let Some(run) = others.next() {
        match twin::fork() {
            Ok(Side::Child) => {
                others.for_each(leave);
                leave_session();
                return Some(run);
            }
            Ok(Side::Parent(_)) => leave(run),
            Err(e) => not_begun(&run, &no_process(&e)),
        }
    }
    None
}

fn no_process(error: &std::io::Error) -> Record {
    Record::NotStarted(format!(
        "no process could be started for its supervisor: {error}"
    ))
}

/// Closes the locks of a run that is another process's. What is known of it stays in memory: freeing it would write to
/// pages that all of these processes share, and copy them.
fn leave(run: Handed<Spec>) {
    let Handed { spec, lock, slot } = run;
    drop((lock, slot));
    std::mem::forget(spec);
}

/// Records that a run has not begun, while its lock is held. Without the record the next tick could not state why.
fn not_begun(run: &Handed<Spec>, why: &Record) {
    let left = run.spec.nonce().map_err(std::io::Error::other);
    let left = left.and_then(|nonce| record::leave(&RunDir::at(&run.spec.dir), &nonce, why));
    if let Err(e) = left {
        log::note(&format!(
            "run {}: {why:?}, and this cannot be recorded: {e}",
            run.spec.run_id
        ));
    }
}

/// Runs one worker to its end.
fn run_one(run: Handed<Spec>) -> Result<Spec> {
    let outcome = own_lock(&run)
        .and_then(|()| attach_log(&run.spec))
        .and_then(|log_offset| supervise(&run, log_offset));
    if let Err(error) = &outcome {
        log::note(&format!("the run could not be supervised: {error:#}"));
        not_begun(&run, &Record::Unstartable(format!("{error:#}")));
    }
    let Handed { spec, lock, slot } = run;
    // The guard has these files open too, and unlocking frees them all the same. In this order: a tick that sees the end
    // finds the slot free.
    for file in [slot, lock] {
        // Closing them frees them as well, where there is no guard.
        let _ = fsx::unlock(&file);
    }
    outcome.map(|()| spec)
}

fn own_lock(run: &Handed<Spec>) -> Result<()> {
    if Identity::of(&run.lock)? == run.spec.lock && fsx::lock_exclusive(&run.lock, Wait::No)? {
        return Ok(());
    }
    anyhow::bail!(
        "the lock that was handed over is not that of run {}",
        run.spec.run_id
    )
}

/// From here on, what this process has to say goes to the card's log. Returns where the run begins in it.
fn attach_log(spec: &Spec) -> Result<u64> {
    if let Some(dir) = spec.log.parent() {
        fsx::private_dir(dir)?;
    }
    let file = log::open(&spec.log, spec.log_max_bytes, spec.log_keep)
        .with_context(|| format!("cannot open the log {}", spec.log.display()))?;
    rustix::stdio::dup2_stdout(&file)?;
    rustix::stdio::dup2_stderr(&file)?;
    log::note(&format!("run {} of {}", spec.run_id, spec.task));
    Ok(file.metadata()?.len())
}

fn supervise(run: &Handed<Spec>, log_offset: u64) -> Result<()> {
    let spec = &run.spec;
    let nonce = spec.nonce().map_err(anyhow::Error::msg)?;
    let dir = RunDir::at(&spec.dir);
    let mut signals = Signals::catch()?;
    record::prepare(&dir.record(), &nonce).context("cannot make the exit record")?;
    make_cancel_pipe(&dir)?;
    let tree = fsx::create_private(&dir.tree()).context("cannot make the tree lock")?;
    fsx::lock_exclusive(&tree, Wait::No)?;
    platform::adopt_orphans();

    let end = match start(run, &nonce, tree, log_offset, &signals) {
        Ok(started) => watch::attend(&started, run, &mut signals),
        Err(record) => record,
    };
    match &end {
        Record::Failed(why) | Record::Unstartable(why) | Record::Busy(why) => log::note(why),
        Record::NotStarted(why) => log::note(&format!("not started: {why}")),
        Record::Exited(_) | Record::Pending | Record::Orphaned | Record::Forced(_) => {}
    }
    if let Some(parent) = &spec.cgroups {
        // Where processes were left alone on purpose, it is not empty and stays.
        cgroup::remove(&parent.of_run(&nonce));
    }
    write_until_durable(run, &nonce, &end);
    Ok(())
}

fn make_cancel_pipe(dir: &RunDir) -> Result<()> {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, dir.cancel_pipe(), fifo, mode, 0)
        .context("cannot make the cancel pipe")
}

/// A worker that was let off.
struct Started {
    worker: Pid,
    place: PathBuf,
    /// By which its processes are found.
    facts: RunFacts,
    /// Held until the run is over, so that nobody else works in the same tree.
    _worktree: Option<File>,
}

/// Gate, fence, go. The error is the record of a worker of which no instruction ran.
fn start(
    run: &Handed<Spec>,
    nonce: &Nonce,
    tree: File,
    log_offset: u64,
    signals: &Signals,
) -> Result<Started, Record> {
    let spec = &run.spec;
    let tree_lock = match &spec.workspace {
        Place::Worktree(tree) => match worktree::prepare(tree, &spec.task) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => {
                let shown = tree.path.display();
                let why = format!("another card is being worked on in {shown}");
                return Err(Record::Busy(why));
            }
            Err(e) => return Err(Record::Failed(format!("{e:#}"))),
        },
        _ => None,
    };
    let place = workspace::prepare(&spec.workspace, &spec.task).map_err(|e| {
        let why = format!("{e:#}");
        match &spec.workspace {
            // The card named it; the next one has another.
            Place::Dir(_) | Place::Given(_) | Place::Worktree(_) | Place::Nowhere(_) => {
                Record::Failed(why)
            }
            Place::Scratch(_) => Record::Unstartable(why),
        }
    })?;
    let cgroup = spec.cgroups.as_ref().map(|parent| parent.of_run(nonce));
    let gate = Gate::start(spec, &spec.command, &place, tree, cgroup.as_deref())
        .map_err(|e| Record::Unstartable(format!("{e:#}")))?;
    let facts = facts_of(spec, &gate, cgroup.as_deref());
    let fence = claims::Fence {
        run_id: spec.run_id,
        nonce,
        facts: &facts,
        log_offset,
        workspace: &place.to_string_lossy(),
        branch: match &spec.workspace {
            Place::Worktree(tree) => Some(&tree.branch),
            _ => None,
        },
    };
    match in_its_turn(signals, || pass(spec, &fence)) {
        Ok(true) => {}
        Ok(false) => {
            gate.shut();
            return Err(Record::NotStarted(
                "the card was taken away before its worker began".into(),
            ));
        }
        Err(e) => {
            gate.shut();
            return Err(Record::NotStarted(format!(
                "the start could not be put on the board: {e:#}"
            )));
        }
    }
    // Before the gate opens: that the run may have executed is known to its folder, whatever becomes of the board.
    if let Err(e) = rundir::note(&run.lock, &facts.processes) {
        gate.shut();
        let why = format!("the run's folder cannot be written to: {e}");
        return Err(Record::Unstartable(why));
    }
    match gate.open() {
        Ok((worker, Passage::Through)) => Ok(Started {
            worker,
            place,
            facts,
            _worktree: tree_lock,
        }),
        Ok((gone, Passage::Failed(why))) => {
            group::reap(gone);
            Err(Record::Unstartable(why))
        }
        Ok((gone, Passage::Refused(why))) => {
            group::reap(gone);
            Err(Record::Failed(why))
        }
        Err(e) => Err(Record::Failed(format!(
            "the worker died before its command began: {e}"
        ))),
    }
}

/// Tries again while others write to the board, unless we are asked to stop. Its lock is held and nothing of its worker
/// has run, so waiting harms nobody, where giving up would put the card off.
fn in_its_turn<T>(signals: &Signals, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let until = Instant::now() + TURN;
    loop {
        let outcome = attempt();
        let busy = matches!(&outcome, Err(e) if exit::kind(e) == Kind::TryAgain);
        if !busy || Instant::now() >= until || signals.stop_asked() {
            return outcome;
        }
        log::note("others write to the board; the worker waits for its turn");
    }
}

fn pass(spec: &Spec, fence: &claims::Fence<'_>) -> Result<bool> {
    let mut store = Store::open(&spec.db)?;
    let now = time::now()?;
    store.write("starting the worker", |tx| claims::fence(tx, fence, now))
}

/// What the claim recorded, completed: what could not be read then may be readable now. The gated process leads a group
/// of its own in our session.
fn facts_of(spec: &Spec, gate: &Gate, cgroup: Option<&Path>) -> RunFacts {
    let identified = |pid: i32| ProcessId {
        pid,
        started: process_table::started(pid),
    };
    let here = Here::find();
    let worker = gate.worker.as_raw_pid();
    RunFacts {
        claimed_at: spec.facts.claimed_at,
        boot: here.boot.unwrap_or_else(|| spec.facts.boot.clone()),
        pid_namespace: here
            .pid_namespace
            .or_else(|| spec.facts.pid_namespace.clone()),
        processes: Some(RunProcesses {
            supervisor: identified(std::process::id().cast_signed()),
            worker: identified(worker),
            group: worker,
            session: rustix::process::getsid(None).map_or(0, Pid::as_raw_pid),
            cgroup: cgroup.map(|path| path.to_string_lossy().into_owned()),
        }),
    }
}

/// The run as the search for its processes sees it.
fn suspect(run: &Handed<Spec>, nonce: &Nonce, facts: &RunFacts) -> Suspect {
    let spec = &run.spec;
    Suspect {
        dir: RunDir::of_lock(&run.lock, &spec.dir),
        nonce: nonce.clone(),
        name: format!("run {}", spec.run_id),
        lock: None,
        stage: Stage::Started,
        facts: facts.clone(),
        lease: None,
    }
}

/// States on the board why a run whose worker has ended is not over.
fn hold(spec: &Spec, why: &str) {
    log::note(why);
    let held = time::now().and_then(|now| {
        let mut store = Store::open(&spec.db)?;
        store.write("holding a card", |tx| {
            runs::hold(tx, spec.run_id, &spec.nonce, why, now)
        })
    });
    if let Err(e) = held {
        log::note(&format!("this could not be put on the board: {e:#}"));
    }
}

/// Until the end is recorded the lock stays ours: a full disk delays a card, and never loses its end.
fn write_until_durable(run: &Handed<Spec>, nonce: &Nonce, end: &Record) {
    let mut pause = Duration::from_millis(100);
    loop {
        // The folder may be moved, with its board, at any moment.
        let dir = RunDir::of_lock(&run.lock, &run.spec.dir);
        let Err(e) = record::overwrite(&dir.record(), nonce, end) else {
            return;
        };
        if rundir::is_removed(&run.lock) {
            log::note("the run's folder was removed, so its end cannot be recorded");
            return;
        }
        log::note(&format!(
            "the exit record could not be written, trying again: {e}"
        ));
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(60));
    }
}
