//! One worker from its start to its recorded end: the body of the hidden subcommand that a tick starts.
//!
//! One thread, a few megabytes, asleep until something happens. It holds the run's lock until the end is
//! durable, and only then gives the lock and the host slot back and runs a tick itself, so that the next
//! card starts at once and not at the next minute.
//!
//! Runs that are claimed together are handed to one process, which goes on as one for each of them.

mod watch;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Pid;

use crate::board::id::Nonce;
use crate::exit::{self, Kind};
use crate::fsx::{self, Identity, Wait};
use crate::platform;
use crate::store::{Store, TURN, claims};
use crate::time;
use crate::worker::gate::{Gate, Passage};
use crate::worker::handover::{self, Handed};
use crate::worker::record::{self, Record};
use crate::worker::rundir::RunDir;
use crate::worker::signals::Signals;
use crate::worker::spec::{Place, Spec};
use crate::worker::twin::{self, Side};
use crate::worker::{group, log, workspace, worktree};

/// Runs the workers that a tick has handed over, each to its end and in a process of its own. `None`: this is the
/// process that made the others, and it is through.
pub fn run() -> Result<Option<Spec>> {
    let runs: Vec<Handed<Spec>> = handover::receive()?;
    close_fds::set_fds_cloexec(3, &[]);
    leave_session();
    divide(runs).map(run_one).transpose()
}

/// A session of our own: neither the terminal nor the job control of the caller reaches us.
fn leave_session() {
    let _ = rustix::process::setsid();
}

/// Goes on as one process for each run. A single run is ours.
///
/// Whoever made the others ends, instead of being the parent of workers that are none of its own.
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
            Err(e) => not_begun(
                &run,
                &format!("there is no process for its supervisor: {e}"),
            ),
        }
    }
    None
}

/// Lets go of the locks of a run that is another's. What is known of it stays where it is: giving the memory back would
/// write to pages that all of these processes share, and copy them.
fn leave(run: Handed<Spec>) {
    let Handed { spec, lock, slot } = run;
    drop((lock, slot));
    std::mem::forget(spec);
}

/// Records that a run has not begun, while its lock is held. Without the record the next tick sees no more than that.
fn not_begun(run: &Handed<Spec>, why: &str) {
    let path = RunDir::at(&run.spec.dir).record();
    if let Ok(nonce) = run.spec.nonce() {
        let _ = record::prepare(&path, &nonce)
            .and_then(|()| record::overwrite(&path, &nonce, &Record::NotStarted(why.into())));
    }
}

/// Runs one worker to its end.
fn run_one(run: Handed<Spec>) -> Result<Spec> {
    let Handed { spec, lock, slot } = run;
    if Identity::of(&lock)? != spec.lock || !fsx::lock_exclusive(&lock, Wait::No)? {
        anyhow::bail!(
            "the lock that was handed over is not that of run {}",
            spec.run_id
        );
    }
    let log_offset = attach_log(&spec)?;
    let outcome = supervise(&spec, log_offset);
    if let Err(error) = &outcome {
        log::note(&format!("the run could not be supervised: {error:#}"));
    }
    // In this order: a tick that sees the end finds the slot free.
    drop(slot);
    drop(lock);
    outcome.map(|()| spec)
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

fn supervise(spec: &Spec, log_offset: u64) -> Result<()> {
    let nonce = spec.nonce().map_err(anyhow::Error::msg)?;
    let dir = RunDir::at(&spec.dir);
    let mut signals = Signals::catch()?;
    record::prepare(&dir.record(), &nonce).context("cannot make the exit record")?;
    make_cancel_pipe(&dir)?;
    let tree = fsx::create_private(&dir.tree()).context("cannot make the tree lock")?;
    fsx::lock_exclusive(&tree, Wait::No)?;
    platform::adopt_orphans();

    let end = match start(spec, &nonce, tree, log_offset, &signals) {
        Ok(started) => watch::attend(spec, &started.place, &dir, started.worker, &mut signals),
        Err(record) => record,
    };
    match &end {
        Record::Failed(why) | Record::Unstartable(why) | Record::Busy(why) => log::note(why),
        Record::NotStarted(why) => log::note(&format!("not started: {why}")),
        Record::Exited(_) | Record::Pending => {}
    }
    write_until_durable(&dir, &nonce, &end);
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
    /// Held until the run is over, so that nobody else works in the same tree.
    _worktree: Option<File>,
}

/// Gate, fence, go. The error is the record of a worker of which no instruction ran.
fn start(
    spec: &Spec,
    nonce: &Nonce,
    tree: File,
    log_offset: u64,
    signals: &Signals,
) -> Result<Started, Record> {
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
    let gate = Gate::start(spec, &spec.command, &place, tree)
        .map_err(|e| Record::Unstartable(format!("{e:#}")))?;
    match in_its_turn(signals, || fence(spec, &place, nonce, &gate, log_offset)) {
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
    match gate.open() {
        Ok((worker, Passage::Through)) => Ok(Started {
            worker,
            place,
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

fn fence(spec: &Spec, place: &Path, nonce: &Nonce, gate: &Gate, log_offset: u64) -> Result<bool> {
    let mut store = Store::open(&spec.db)?;
    let fence = claims::Fence {
        run_id: spec.run_id,
        nonce,
        supervisor_pid: std::process::id(),
        worker_pid: gate.worker.as_raw_pid().unsigned_abs(),
        log_offset,
        workspace: &place.to_string_lossy(),
        branch: match &spec.workspace {
            Place::Worktree(tree) => Some(&tree.branch),
            _ => None,
        },
    };
    let now = time::now()?;
    store.write("starting the worker", |tx| claims::fence(tx, &fence, now))
}

/// Until the end is durable the lock stays ours: a full disk delays a card, and never loses its end.
fn write_until_durable(dir: &RunDir, nonce: &Nonce, end: &Record) {
    let mut pause = Duration::from_millis(100);
    while let Err(e) = record::overwrite(&dir.record(), nonce, end) {
        if e.kind() == std::io::ErrorKind::NotFound {
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
