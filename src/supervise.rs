//! One worker from its start to its recorded end: the body of the hidden subcommand that a tick starts.
//!
//! One thread, a few megabytes, asleep until something happens. It holds the run's lock until the end is
//! durable, and only then gives the lock and the host slot back and runs a tick itself, so that the next
//! card starts at once and not at the next minute.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal};

use crate::board::id::Nonce;
use crate::board::run::Ended;
use crate::fsx::{self, Identity, Wait};
use crate::platform;
use crate::store::{Store, claims};
use crate::time;
use crate::worker::gate::{Gate, Passage};
use crate::worker::record::{self, Exited, Record};
use crate::worker::rundir::RunDir;
use crate::worker::signals::Signals;
use crate::worker::spec::{Place, Spec};
use crate::worker::{group, log, workspace};

/// What is held for the run and given back when its end is durable.
struct Held {
    _lock: File,
    _slot: File,
}

/// Runs one worker to its end. The standard streams are the run's lock, its host slot and its spec.
pub fn run() -> Result<Spec> {
    let (held, spec) = take_over()?;
    let log_offset = attach_log(&spec)?;
    let outcome = supervise(&spec, log_offset);
    if let Err(error) = &outcome {
        log::note(&format!("the run could not be supervised: {error:#}"));
    }
    drop(held);
    outcome.map(|()| spec)
}

/// Makes the handed descriptors our own before anything else can inherit or close them.
fn take_over() -> Result<(Held, Spec)> {
    let own = |fd| -> Result<File> { Ok(File::from(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)) };
    let lock = own(rustix::stdio::stdin())?;
    let slot = own(rustix::stdio::stdout())?;
    let handed = own(rustix::stdio::stderr())?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    close_fds::set_fds_cloexec(3, &[]);
    // A session of our own: neither the terminal nor the job control of the caller reaches us.
    let _ = rustix::process::setsid();
    let spec: Spec =
        serde_json::from_reader(std::io::BufReader::new(handed)).context("cannot read the spec")?;
    std::fs::remove_file(RunDir::at(&spec.dir).spec()).context("cannot remove the spec")?;
    if Identity::of(&lock)? != spec.lock || !fsx::lock_exclusive(&lock, Wait::No)? {
        anyhow::bail!(
            "the lock that was handed over is not that of run {}",
            spec.run_id
        );
    }
    Ok((
        Held {
            _lock: lock,
            _slot: slot,
        },
        spec,
    ))
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
    record::create(&dir.record(), &nonce).context("cannot make the exit record")?;
    make_cancel_pipe(&dir)?;
    let tree = fsx::create_private(&dir.tree()).context("cannot make the tree lock")?;
    fsx::lock_exclusive(&tree, Wait::No)?;
    fsx::sync_dir(dir.path())?;
    platform::adopt_orphans();

    let end = match start(spec, &nonce, tree, log_offset) {
        Ok(child) => attend(spec, &dir, child, &mut signals),
        Err(record) => record,
    };
    match &end {
        Record::Failed(why) | Record::Unstartable(why) => log::note(why),
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

/// Gate, fence, go. The error is the record of a worker of which no instruction ran.
fn start(spec: &Spec, nonce: &Nonce, tree: File, log_offset: u64) -> Result<Child, Record> {
    let place = workspace::prepare(&spec.workspace, &spec.task).map_err(|e| {
        let why = format!("{e:#}");
        match &spec.workspace {
            // The card named it; the next one has another.
            Place::Dir(_) => Record::Failed(why),
            Place::Scratch(_) => Record::Unstartable(why),
        }
    })?;
    let gate =
        Gate::start(spec, &place, tree).map_err(|e| Record::Unstartable(format!("{e:#}")))?;
    match fence(spec, nonce, &gate, log_offset) {
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
        Ok((child, Passage::Through)) => Ok(child),
        Ok((mut child, Passage::Failed(why))) => {
            let _ = child.wait();
            Err(Record::Unstartable(why))
        }
        Ok((mut child, Passage::Refused(why))) => {
            let _ = child.wait();
            Err(Record::Failed(why))
        }
        Err(e) => Err(Record::Failed(format!(
            "the worker died before its command began: {e}"
        ))),
    }
}

fn fence(spec: &Spec, nonce: &Nonce, gate: &Gate, log_offset: u64) -> Result<bool> {
    let mut store = Store::open(&spec.db)?;
    let fence = claims::Fence {
        run_id: spec.run_id,
        nonce,
        supervisor_pid: std::process::id(),
        worker_pid: gate.child.id(),
        log_offset,
    };
    let now = time::now()?;
    store.write("starting the worker", |tx| claims::fence(tx, &fence, now))
}

/// The worker's life, and what ends it early.
struct Watch {
    deadline: Option<Instant>,
    kill_at: Option<Instant>,
    extend_at: Instant,
    extend_every: Duration,
    grace: Duration,
    disowned: bool,
    ended: Option<Ended>,
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
        }
    }

    /// Asks the worker to end, once; KILL follows when its grace is over.
    fn end(&mut self, worker: Pid, why: Ended) {
        if self.ended.is_none() {
            self.ended = Some(why);
            self.kill_at = Some(Instant::now() + self.grace);
            group::signal(worker, Signal::TERM);
        }
    }

    fn next(&self) -> Instant {
        let deadline = if self.ended.is_none() {
            self.deadline
        } else {
            None
        };
        [deadline, self.kill_at]
            .into_iter()
            .flatten()
            .fold(self.extend_at, Instant::min)
    }
}

fn attend(spec: &Spec, dir: &RunDir, child: Child, signals: &mut Signals) -> Record {
    let start = Instant::now();
    let Some(worker) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return Record::Failed("the worker has no process id".into());
    };
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
    while !group::has_ended(worker) {
        wait(&watch, signals, cancel.as_ref());
        signals.drain();
        look(spec, worker, &mut watch, signals, &mut cancel);
    }
    let lived = start.elapsed();
    // The zombie still pins the group's number: what is left in the group is the worker's own.
    if spec.end_leftovers {
        group::signal(worker, Signal::KILL);
    }
    let Some(exit) = group::reap(worker) else {
        return Record::Failed("somebody else took the worker's exit status".into());
    };
    let (cpu_ms, max_rss_kib) = group::usage();
    let left_behind = if spec.end_leftovers {
        group::end_leftovers(dir, &spec.nonce, watch.grace)
    } else {
        dir.probe_tree() != crate::worker::rundir::Lock::Free
    };
    let mut exited = Exited::new(exit);
    exited.ended = watch.ended;
    exited.duration_ms = i64::try_from(lived.as_millis()).unwrap_or(i64::MAX);
    (exited.cpu_ms, exited.max_rss_kib) = (cpu_ms, max_rss_kib);
    exited.left_behind = left_behind;
    Record::Exited(exited)
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
        watch.end(worker, Ended::Cancelled);
    }
    // Asked once; the byte stays in the pipe, which is not polled again.
    if cancel.take_if(|pipe| asked_to_cancel(pipe)).is_some() {
        log::note("the card was taken away; the worker is asked to end");
        watch.end(worker, Ended::Cancelled);
    }
    if watch.deadline.is_some_and(|at| now >= at) && watch.ended.is_none() {
        log::note(&format!(
            "over its run time of {}",
            time::humane(spec.max_runtime)
        ));
        watch.end(worker, Ended::OverTime);
    }
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
            Ok(false) => watch.end(worker, Ended::Cancelled),
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
