//! A worker's life after its start: what ends it early, what keeps its claim, and what verifies its work.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal};

use crate::board::run::{Ended, Exit};
use crate::fsx::{self, Wait};
use crate::store::{Store, claims};
use crate::time;
use crate::worker::cancel::{self, Voice};
use crate::worker::gate::{Gate, Passage};
use crate::worker::record::{Exited, Record};
use crate::worker::rundir::{Lock, RunDir};
use crate::worker::signals::Signals;
use crate::worker::spec::Spec;
use crate::worker::{group, log};

/// The worker's life, and what ends it early.
struct Watch {
    deadline: Option<Instant>,
    kill_at: Option<Instant>,
    extend_at: Instant,
    extend_every: Duration,
    grace: Duration,
    disowned: bool,
    ended: Option<Ended>,
    /// The command that cancels the worker's job, while it runs, and when it is waited for no longer.
    cancelling: Option<(Child, Instant)>,
}

impl Watch {
    fn new(spec: &Spec, start: Instant) -> Self {
        let seconds = |s: i64| Duration::from_secs(u64::try_from(s).unwrap_or(0));
        let extend_every = seconds((spec.claim_ttl / 3).max(1));
        Self {
            deadline: start.checked_add(seconds(spec.max_runtime)),
            kill_at: None,
            extend_at: start + extend_every,
            extend_every,
            grace: seconds(spec.grace),
            disowned: false,
            ended: None,
            cancelling: None,
        }
    }

    /// Asks the worker to end, once; KILL follows when its grace is over. A client of a cluster has its job
    /// cancelled first.
    fn end(&mut self, spec: &Spec, worker: Pid, why: Ended) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(why);
        if spec.cancel.is_empty() {
            self.kill_at = Some(Instant::now() + self.grace);
            group::signal(worker, Signal::TERM);
            return;
        }
        match cancel::start(&spec.cancel, &spec.env, Voice::AsOurs) {
            Ok(child) => self.cancelling = Some((child, Instant::now() + self.grace)),
            Err(e) => {
                log::note(&format!("the cancel command cannot be started: {e}"));
                self.tell_client(worker);
            }
        }
    }

    /// The process that stands between the client and its cluster is in the client's group, and is left
    /// to do its work until the end.
    fn tell_client(&mut self, worker: Pid) {
        self.kill_at = Some(Instant::now() + self.grace);
        group::signal_one(worker, Signal::TERM);
    }

    /// Goes on when the cancel command is done, or takes too long.
    fn after_cancel(&mut self, worker: Pid) {
        let Some((child, until)) = &mut self.cancelling else {
            return;
        };
        let late = Instant::now() >= *until;
        // A status that somebody else took means that it is over as well.
        if !late && matches!(child.try_wait(), Ok(None)) {
            return;
        }
        if late {
            log::note("the cancel command takes too long and is ended");
            let _ = child.kill();
            let _ = child.wait();
        }
        self.cancelling = None;
        self.tell_client(worker);
    }

    fn next(&self) -> Instant {
        let deadline = if self.ended.is_none() {
            self.deadline
        } else {
            None
        };
        let cancelling = self.cancelling.as_ref().map(|(_, until)| *until);
        [deadline, self.kill_at, cancelling]
            .into_iter()
            .flatten()
            .fold(self.extend_at, Instant::min)
    }
}

/// Sees the worker to its end, and what verifies its work.
pub fn attend(
    spec: &Spec,
    place: &Path,
    dir: &RunDir,
    worker: Pid,
    signals: &mut Signals,
) -> Record {
    let start = Instant::now();
    let mut watch = Watch::new(spec, start);
    // Open for writing as well, so that it never reads as closed. Without it, a card that is taken away
    // is noticed when its claim is to be extended.
    let pipe = File::options()
        .read(true)
        .write(true)
        .open(dir.cancel_pipe());
    let mut cancel = pipe
        .inspect_err(|e| log::note(&format!("the cancel pipe cannot be opened: {e}")))
        .ok();
    let (exit, mut left_behind) = match see_off(spec, dir, worker, &mut watch, signals, &mut cancel)
    {
        Ok(end) => end,
        Err(record) => return record,
    };
    let mut exited = Exited::new(exit);
    if exit == Exit::Code(0) && watch.ended.is_none() && !spec.verify.is_empty() {
        log::note("verifying the work");
        exited.verified = Some(match verifier(spec, place, dir) {
            Err(e) => {
                log::note(&format!("the verification cannot be started: {e:#}"));
                CANNOT_VERIFY
            }
            Ok(verifier) => match see_off(spec, dir, verifier, &mut watch, signals, &mut cancel) {
                Ok((exit, more)) => {
                    left_behind |= more;
                    Exited::new(exit).status
                }
                Err(record) => return record,
            },
        });
    }
    exited.ended = watch.ended;
    exited.duration_ms = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    (exited.cpu_ms, exited.max_rss_kib) = group::usage();
    exited.left_behind = left_behind;
    Record::Exited(exited)
}

/// What a shell says of a command that it cannot execute.
const CANNOT_VERIFY: i32 = 126;

/// Starts the verification as the worker was started: gated, in its own group, with the tree lock.
fn verifier(spec: &Spec, place: &Path, dir: &RunDir) -> Result<Pid> {
    let tree = fsx::open_existing(&dir.tree())?;
    // Processes that were left alone on purpose may still hold it; then they speak for the run as well.
    let _ = fsx::lock_exclusive(&tree, Wait::No)?;
    match Gate::start(spec, &spec.verify, place, tree)?.open()? {
        (verifier, Passage::Through) => Ok(verifier),
        (gone, Passage::Failed(why) | Passage::Refused(why)) => {
            group::reap(gone);
            anyhow::bail!(why)
        }
    }
}

/// Watches a process to its end and ends what it left behind. The error is the record where its end is
/// not to be had.
fn see_off(
    spec: &Spec,
    dir: &RunDir,
    process: Pid,
    watch: &mut Watch,
    signals: &mut Signals,
    cancel: &mut Option<File>,
) -> Result<(Exit, bool), Record> {
    while !group::has_ended(process) {
        wait(watch, signals, cancel.as_ref());
        signals.drain();
        look(spec, process, watch, signals, cancel);
    }
    // The zombie still pins the group's number: what is left in the group is the worker's own.
    if spec.end_leftovers {
        group::signal(process, Signal::KILL);
    }
    let Some(exit) = group::reap(process) else {
        let why = "somebody else took the worker's exit status";
        return Err(Record::Failed(why.into()));
    };
    let left_behind = if spec.end_leftovers {
        group::end_leftovers(dir, &spec.nonce, watch.grace)
    } else {
        dir.probe_tree() != Lock::Free
    };
    Ok((exit, left_behind))
}

/// Sleeps until a signal, a cancel or the next thing to do.
fn wait(watch: &Watch, signals: &Signals, cancel: Option<&File>) {
    let left = watch.next().saturating_duration_since(Instant::now());
    let signals = signals.as_fd();
    let mut polled = vec![PollFd::new(&signals, PollFlags::IN)];
    polled.extend(cancel.map(|pipe| PollFd::new(pipe, PollFlags::IN)));
    // An interrupted wait is as good as one that saw something: the caller looks either way.
    let _ = rustix::event::poll(&mut polled, Some(&timespec(left)));
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}

fn look(spec: &Spec, worker: Pid, watch: &mut Watch, signals: &Signals, cancel: &mut Option<File>) {
    let now = Instant::now();
    if signals.stop_asked() {
        watch.end(spec, worker, Ended::Cancelled);
    }
    // Asked once; the byte stays in the pipe, which is not polled again.
    if cancel.take_if(|pipe| asked_to_cancel(pipe)).is_some() {
        log::note("the card was taken away; the worker is asked to end");
        watch.end(spec, worker, Ended::Cancelled);
    }
    if watch.deadline.is_some_and(|at| now >= at) && watch.ended.is_none() {
        log::note(&format!(
            "over its run time of {}",
            time::humane(spec.max_runtime)
        ));
        watch.end(spec, worker, Ended::OverTime);
    }
    watch.after_cancel(worker);
    if watch.kill_at.is_some_and(|at| now >= at) {
        group::signal(worker, Signal::KILL);
        watch.kill_at = None;
    }
    if now >= watch.extend_at {
        watch.extend_at = now + watch.extend_every;
        match extend(spec) {
            Ok(true) => {}
            // Its worker may have reported just now and have more to say: once is no reason yet.
            Ok(false) if !watch.disowned => watch.disowned = true,
            Ok(false) => watch.end(spec, worker, Ended::Cancelled),
            Err(e) => log::note(&format!("the claim could not be extended: {e:#}")),
        }
    }
}

fn asked_to_cancel(cancel: &File) -> bool {
    let mut polled = [PollFd::new(cancel, PollFlags::IN)];
    matches!(
        rustix::event::poll(&mut polled, Some(&timespec(Duration::ZERO))),
        Ok(1..)
    )
}

fn extend(spec: &Spec) -> Result<bool> {
    let now = time::now()?;
    let mut store = Store::open(&spec.db)?;
    store.write("extending the claim", |tx| {
        claims::extend(tx, spec.run_id, now.saturating_add(spec.claim_ttl), now)
    })
}
