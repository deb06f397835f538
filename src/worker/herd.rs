//! This very program, run many times over with different arguments, a few at a time.
//!
//! One loop listens to all of them and watches their ends. None is ever waited for on its own: one that takes
//! long gives its place to the next, and one that takes too long is left to itself.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal};

use super::pipes::{Ear, KEPT};
use super::signals::Signals;
use crate::platform;

/// Descriptors of ours beside those of the programs that run: the standard streams, the bells of signals, and
/// what starting one takes for a moment.
const DESCRIPTORS_OF_OURS: u64 = 16;
/// Both streams of a program.
const DESCRIPTORS_OF_ONE: u64 = 2;
/// What one that was asked to end gets before it is left to itself.
const GRACE: Duration = Duration::from_secs(2);

/// How much is going on at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Programs that run at a time.
    pub places: usize,
    /// One that takes longer gives its place to the next and goes on. `None`: it keeps it.
    pub place: Option<Duration>,
    /// One that takes longer is left to itself. `None`: it is waited for.
    pub patience: Option<Duration>,
    /// How much is kept of what one prints, in bytes.
    pub kept: usize,
}

/// How one ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It returned this exit status.
    Exit(i32),
    /// This signal ended it.
    Signal(i32),
    /// It took too long, and goes on by itself.
    AtWork,
    /// It could not be started.
    NotStarted(String),
    /// We were asked to stop before it was started.
    Left,
}

/// What came of one.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub how: How,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// The first 64 KiB of its standard error.
    pub stderr: Vec<u8>,
}

/// A program that runs.
struct Live {
    which: usize,
    child: Child,
    began: Instant,
    stdout: Ear<ChildStdout>,
    stderr: Ear<ChildStderr>,
}

/// Runs this program once for each list of arguments, and returns what came of each, in the same order.
///
/// `through` is called once all of them were started and each has ended or given its place away.
/// A signal that asks us to stop is handed on, and no other is started then. `true`: there was one.
pub fn run(
    all: &[Vec<OsString>],
    limits: &Limits,
    through: impl FnOnce(),
) -> Result<(Vec<Answer>, bool)> {
    let mut signals = Signals::catch()?;
    let mut answers: Vec<Option<Answer>> = all.iter().map(|_| None).collect();
    let mut live: Vec<Live> = Vec::new();
    let (mut next, mut stopped, mut through) = (0, None, Some(through));
    let room = room();
    loop {
        let now = Instant::now();
        if stopped.is_none() && signals.stop_asked() {
            stopped = Some(now);
            live.iter().for_each(Live::ask_to_end);
        }
        for mut one in std::mem::take(&mut live) {
            match one.look(limits, now, stopped) {
                Some(how) => {
                    let which = one.which;
                    answers[which] = Some(one.answer(how));
                }
                None => live.push(one),
            }
        }
        let mut placed = live.iter().filter(|one| one.has_place(limits, now)).count();
        while next < all.len() && stopped.is_none() && live.len() < room && placed < limits.places {
            match Live::start(next, &all[next], limits) {
                Ok(one) => {
                    live.push(one);
                    placed += 1;
                }
                Err(e) => answers[next] = Some(Answer::silent(How::NotStarted(e.to_string()))),
            }
            next += 1;
        }
        if placed == 0
            && next == all.len()
            && let Some(through) = through.take()
        {
            through();
        }
        if live.is_empty() && (next == all.len() || stopped.is_some()) {
            break;
        }
        listen(&live, &signals, patience(&live, limits, now, stopped));
        signals.drain();
    }
    let answers = answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|| Answer::silent(How::Left)))
        .collect();
    Ok((answers, stopped.is_some()))
}

/// How many may run at a time for the descriptors that we may have.
fn room() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile)
        .current
        .unwrap_or(u64::MAX);
    let fit = limit.saturating_sub(DESCRIPTORS_OF_OURS) / DESCRIPTORS_OF_ONE;
    usize::try_from(fit).unwrap_or(usize::MAX).max(1)
}

/// Waits until one says something or ends, a signal comes, or time is up for one.
fn listen(live: &[Live], signals: &Signals, patience: Option<Duration>) {
    let streams = live
        .iter()
        .flat_map(|one| [one.stdout.fd(), one.stderr.fd()])
        .flatten();
    let mut fds: Vec<PollFd<'_>> = std::iter::once(signals.as_fd())
        .chain(streams)
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
        .collect();
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    // An interrupted wait is one that was too short.
    let _ = poll(&mut fds, patience.as_ref());
}

/// How long after `now` nothing changes without a descriptor telling.
fn patience(
    live: &[Live],
    limits: &Limits,
    now: Instant,
    stopped: Option<Instant>,
) -> Option<Duration> {
    let spans = [limits.place, limits.patience];
    let of_one = live.iter().flat_map(|one| {
        let age = now.saturating_duration_since(one.began);
        spans.map(|span| span?.checked_sub(age))
    });
    let of_all = stopped.map(|at| GRACE.saturating_sub(now.saturating_duration_since(at)));
    let soonest = of_one.flatten().chain(of_all).min()?;
    // Not a moment too early, or this would spin.
    Some(soonest + Duration::from_millis(1))
}

impl Live {
    fn start(which: usize, arguments: &[OsString], limits: &Limits) -> std::io::Result<Self> {
        let mut child = Command::new(platform::own_executable())
            .arg0("kanban")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self {
            which,
            began: Instant::now(),
            stdout: Ear::new(child.stdout.take(), limits.kept),
            stderr: Ear::new(child.stderr.take(), KEPT),
            child,
        })
    }

    fn has_place(&self, limits: &Limits, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.began);
        limits.place.is_none_or(|place| age < place)
    }

    fn ask_to_end(&self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It is our child and not reaped, so its number is its own.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }

    /// Hears what it says, and tells whether it is done with.
    fn look(&mut self, limits: &Limits, now: Instant, stopped: Option<Instant>) -> Option<How> {
        self.stdout.hear();
        self.stderr.hear();
        match self.child.try_wait() {
            Ok(Some(status)) => return Some(how(status)),
            Ok(None) => {}
            Err(e) => return Some(How::NotStarted(e.to_string())),
        }
        let over = |since, span| now.saturating_duration_since(since) >= span;
        let late = limits.patience.is_some_and(|span| over(self.began, span))
            || stopped.is_some_and(|at| over(at, GRACE));
        late.then_some(How::AtWork)
    }

    fn answer(self, how: How) -> Answer {
        Answer {
            how,
            stdout: self.stdout.into_heard(),
            stderr: self.stderr.into_heard(),
        }
    }
}

impl Answer {
    fn silent(how: How) -> Self {
        Self {
            how,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }
}

fn how(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Exit(code),
        (None, Some(signal)) => How::Signal(signal),
        (None, None) => How::Signal(Signal::KILL.as_raw()),
    }
}
