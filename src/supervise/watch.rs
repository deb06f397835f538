//! A worker's life after its start: what ends it early, what keeps its claim, and what verifies its work.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal};

use super::Started;
use crate::board::run::{Ended, Exit};
use crate::board::run_facts::RunFacts;
use crate::fsx::{self, Wait};
use crate::store::{Store, claims};
use crate::time;
use crate::worker::cancel::{self, Voice};
use crate::worker::gate::{Gate, Passage};
use crate::worker::group::{self, Sent};
use crate::worker::handover::Handed;
use crate::worker::liveness::{self, Suspect};
use crate::worker::log;
use crate::worker::record::{Exited, Record};
use crate::worker::rundir::{Lock, RunDir};
use crate::worker::signals::Signals;
use crate::worker::spec::Spec;

/// The worker's life, and what ends it early.
struct Watch {
    deadline: Option<Instant>,
    kill_at: Option<Instant>,
    extend_at: Instant,
    extend_every: Duration,
    grace: Duration,
    disowned: bool,
    ended: Option<Ended>,
    /// The worker could not be killed, and this is when it is tried again.
    refused_until: Option<Instant>,
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
            refused_until: None,
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
        [deadline, self.kill_at, cancelling, self.refused_until]
            .into_iter()
            .flatten()
            .fold(self.extend_at, Instant::min)
    }
}

/// Sees the worker to its end, and what verifies its work.
pub fn attend(started: &Started, run: &Handed<Spec>, signals: &mut Signals) -> Record {
    let spec = &run.spec;
    let start = Instant::now();
    let dir = RunDir::of_lock(&run.lock, &spec.dir);
    // Open for writing as well, so that it never reads as closed. Without it, a card that is taken away
    // is noticed when its claim is to be extended.
    let pipe = File::options()
        .read(true)
        .write(true)
        .open(dir.cancel_pipe());
    let cancel = pipe
        .inspect_err(|e| log::note(&format!("the cancel pipe cannot be opened: {e}")))
        .ok();
    let mut monitor = Monitor {
        run,
        facts: &started.facts,
        watch: Watch::new(spec, start),
        signals,
        cancel,
    };
    if dir.is_cancelled() {
        log::note(TAKEN_AWAY);
        monitor.watch.end(spec, started.worker, Ended::Cancelled);
    }
    let (exit, mut left_behind) = match monitor.see_off(started.worker) {
        Ok(end) => end,
        Err(record) => return record,
    };
    let mut exited = Exited::new(exit);
    if exit == Exit::Code(0) && monitor.watch.ended.is_none() && !spec.verify.is_empty() {
        log::note("verifying the work");
        exited.verified = Some(match verifier(run, started) {
            Err(e) => {
                log::note(&format!("the verification cannot be started: {e:#}"));
                CANNOT_VERIFY
            }
            Ok(verifier) => match monitor.see_off(verifier) {
                Ok((exit, more)) => {
                    left_behind |= more;
                    Exited::new(exit).status
                }
                Err(record) => return record,
            },
        });
    }
    exited.ended = monitor.watch.ended;
    exited.duration_ms = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    (exited.cpu_ms, exited.max_rss_kib) = group::usage();
    exited.left_behind = left_behind;
    Record::Exited(exited)
}

const TAKEN_AWAY: &str = "the card was taken away; the worker is asked to end";

/// How soon a worker that could not be killed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// What a shell says of a command that it cannot execute.
const CANNOT_VERIFY: i32 = 126;

/// Starts the verification as the worker was started: gated, in its own group, with the tree lock.
fn verifier(run: &Handed<Spec>, started: &Started) -> Result<Pid> {
    let spec = &run.spec;
    let tree = fsx::open_existing(&RunDir::of_lock(&run.lock, &spec.dir).tree())?;
    // Processes that were left alone on purpose may still hold it; then they speak for the run as well.
    let _ = fsx::lock_exclusive(&tree, Wait::No)?;
    let processes = started.facts.processes.as_ref();
    let cgroup = processes
        .and_then(|known| known.cgroup.as_ref())
        .map(Path::new);
    match Gate::start(spec, &spec.verify, &started.place, tree, cgroup)?.open()? {
        (verifier, Passage::Through) => Ok(verifier),
        (gone, Passage::Failed(why) | Passage::Refused(why)) => {
            group::reap(gone);
            anyhow::bail!(why)
        }
    }
}

/// Watching the processes of one run.
struct Monitor<'a> {
    run: &'a Handed<Spec>,
    facts: &'a RunFacts,
    watch: Watch,
    signals: &'a mut Signals,
    cancel: Option<File>,
}

impl Monitor<'_> {
    /// Watches a process to its end and ends what it left behind. The error is the record where its end is not to be
    /// had.
    fn see_off(&mut self, process: Pid) -> Result<(Exit, bool), Record> {
        let spec = &self.run.spec;
        let nonce = spec.nonce().map_err(Record::Failed)?;
        let suspect = super::suspect(self.run, &nonce, self.facts);
        let mut held = held_once(spec);
        while !group::has_ended(process) {
            wait(&self.watch, self.signals, self.cancel.as_ref());
            self.signals.drain();
            look(
                spec,
                process,
                &mut self.watch,
                self.signals,
                &mut self.cancel,
            );
            self.kill_when_due(process, &suspect, &mut held)?;
        }
        // The zombie still pins the group's number: what is left in the group is the worker's own.
        if spec.end_leftovers {
            group::signal(process, Signal::KILL);
        }
        let Some(exit) = group::reap(process) else {
            let why = "somebody else took the worker's exit status";
            return Err(Record::Failed(why.into()));
        };
        let left_behind = match spec.end_leftovers {
            true => group::end_leftovers(&suspect, self.watch.grace, &mut held),
            false => suspect.dir.probe_tree() != Lock::Free,
        };
        Ok((exit, left_behind))
    }
}

impl Monitor<'_> {
    /// Kills a process whose grace is over. One that this user may not kill keeps the run, until a person confirms that
    /// work may continue beside it: that is the error.
    fn kill_when_due(
        &mut self,
        process: Pid,
        suspect: &Suspect,
        held: &mut dyn FnMut(&str),
    ) -> Result<(), Record> {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| now >= at);
        if !due(self.watch.kill_at) && !due(self.watch.refused_until) {
            return Ok(());
        }
        self.watch.kill_at = None;
        self.watch.refused_until = None;
        if group::signal(process, Signal::KILL) == Sent::Yes || suspect.is_killed_by_cgroup() {
            return Ok(());
        }
        let why = liveness::still_alive(process.as_raw_pid(), &suspect.name);
        held(&why);
        self.watch.refused_until = Some(now + TRY_AGAIN);
        match suspect.dir.is_forced() {
            true => Err(Record::Forced(why)),
            false => Ok(()),
        }
    }
}

/// Puts a reason on the board when it is another one than before.
fn held_once(spec: &Spec) -> impl FnMut(&str) {
    let mut last = String::new();
    move |why| {
        if last != why {
            super::hold(spec, why);
            why.clone_into(&mut last);
        }
    }
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
        log::note(TAKEN_AWAY);
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
        let expires = now.saturating_add(spec.claim_ttl);
        claims::extend(tx, spec.run_id, &spec.nonce, expires, now)
    })
}
