//! Sends what is due: every target in a thread of its own, its messages in order, all within one deadline.
//!
//! Nothing here knows a board. What came of each try is handed to the caller while others are still being
//! sent, so that a kill costs as little knowledge as possible. A thread that hangs beyond the deadline is left
//! behind: it holds nothing, and ends with the process.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::http::Http;
use super::wire::{End, Ended, Program, Runner, Wire};
use super::{Channel, Pace, Parcel, Secrets, channels, verdict};
use crate::board::delivery::Outcome;
use crate::config;
use crate::time::Seconds;

/// Targets that are sent to at the same time.
const THREADS_MAX: usize = 64;
/// What came of tries is gathered for this long before it is written down, so that many make one transaction.
const GATHER: Duration = Duration::from_millis(30);
/// A thread that is over the deadline by no more than this is waited for.
const SLACK: Duration = Duration::from_millis(500);

/// What one target is sent, in order.
#[derive(Debug)]
pub struct Job {
    /// The channel.
    pub settings: Arc<config::Channel>,
    /// The messages.
    pub parcels: Vec<Parcel>,
    /// How far its rate is used up, in Unix milliseconds.
    pub paced_ms: i64,
}

/// What became of a part of a job, named by its place in the list of jobs.
#[derive(Debug)]
pub enum Note {
    /// A message was tried.
    Tried {
        /// The job.
        job: usize,
        /// The message.
        parcel: usize,
        /// How that ended.
        outcome: Outcome,
    },
    /// This message and those behind it were not begun.
    Left {
        /// The job.
        job: usize,
        /// The first of them.
        from: usize,
    },
    /// The target's rate is used up so far.
    Paced {
        /// The job.
        job: usize,
        /// Unix milliseconds.
        paced_ms: i64,
    },
}

/// Runs programs, for as long as threads may last.
pub type OwnedRunner = Arc<dyn Fn(&config::Channel, &Program) -> Ended + Send + Sync>;

/// What all jobs share.
pub struct Round {
    /// The client.
    pub http: Arc<Http>,
    /// Runs the programs of channels.
    pub run: OwnedRunner,
    /// Unix seconds at its beginning.
    pub now: Seconds,
    /// Its beginning.
    pub began: Instant,
    /// Nothing goes on after it.
    pub until: Instant,
    /// No try begins with less time left: it would only be cut off.
    pub least: Duration,
}

impl Round {
    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    fn now_ms(&self) -> i64 {
        let gone = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(0);
        self.now.saturating_mul(1_000).saturating_add(gone)
    }
}

/// Sends all jobs. `sink` is told what came of them, in batches.
pub fn run<E>(
    jobs: Vec<Job>,
    round: Round,
    mut sink: impl FnMut(Vec<Note>) -> Result<(), E>,
) -> Result<(), E> {
    let count = jobs.len();
    let round = Arc::new(round);
    let queue: Arc<Mutex<VecDeque<(usize, Job)>>> =
        Arc::new(Mutex::new(jobs.into_iter().enumerate().collect()));
    let (sender, notes) = channel();
    for _ in 0..count.min(THREADS_MAX) {
        let (round, queue, sender) = (round.clone(), queue.clone(), sender.clone());
        let thread = std::thread::Builder::new()
            .name("delivery".into())
            .spawn(move || {
                while let Some((index, job)) = take(&queue) {
                    work(index, job, &round, &sender);
                }
            });
        if let Err(e) = thread {
            // Those that could be started do the work of all.
            log::warn!("cannot start another thread for deliveries: {e}");
            break;
        }
    }
    drop(sender);
    gather(&notes, round.until + SLACK, &mut sink)?;
    // What no thread came to take.
    let mut rest = Vec::new();
    while let Some((job, _)) = take(&queue) {
        rest.push(Note::Left { job, from: 0 });
    }
    match rest.is_empty() {
        true => Ok(()),
        false => sink(rest),
    }
}

fn take(queue: &Mutex<VecDeque<(usize, Job)>>) -> Option<(usize, Job)> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

fn gather<E>(
    notes: &Receiver<Note>,
    until: Instant,
    sink: &mut impl FnMut(Vec<Note>) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let patience = until.saturating_duration_since(Instant::now());
        let mut batch = match notes.recv_timeout(patience) {
            Ok(note) => vec![note],
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let full = (Instant::now() + GATHER).min(until);
        while let Ok(note) = notes.recv_timeout(full.saturating_duration_since(Instant::now())) {
            batch.push(note);
        }
        sink(batch)?;
    }
}

/// Sends the messages of one target until one cannot be delivered or time runs out.
fn work(index: usize, job: Job, round: &Round, notes: &Sender<Note>) {
    // Nobody listens any more once the deadline is over: what is not told is in flight, and found as such.
    let tell = |note| drop(notes.send(note));
    let settings = &*job.settings;
    let run = |program: &Program| (round.run)(settings, program);
    let (channel, secrets) = match open(settings, &run, round.left()) {
        Ok(opened) => opened,
        Err(outcome) => {
            tell(Note::Tried {
                job: index,
                parcel: 0,
                outcome,
            });
            return tell(Note::Left {
                job: index,
                from: 1,
            });
        }
    };
    let pace = channel.pace();
    let mut paced = job.paced_ms;
    let timeout = Duration::from_secs(settings.timeout.unsigned_abs());
    for (at, mut parcel) in job.parcels.into_iter().enumerate() {
        let wait = turn(&mut paced, pace, round.now_ms());
        if round.left() < wait.saturating_add(round.least) {
            // The turn that was not used is not used up.
            paced -= i64::try_from(pace.every_ms).unwrap_or(0);
            tell(Note::Left {
                job: index,
                from: at,
            });
            break;
        }
        std::thread::sleep(wait);
        parcel.at = round.now_ms() / 1_000;
        let wire = Wire::new(&round.http, &run, timeout, round.until);
        let outcome = send(&*channel, &secrets, &parcel, &wire);
        let goes_on = matches!(
            outcome,
            Outcome::Delivered { .. } | Outcome::DeadMessage { .. }
        );
        tell(Note::Tried {
            job: index,
            parcel: at,
            outcome,
        });
        if !goes_on {
            tell(Note::Left {
                job: index,
                from: at + 1,
            });
            break;
        }
    }
    if pace != Pace::FREE {
        tell(Note::Paced {
            job: index,
            paced_ms: paced,
        });
    }
}

/// Sends one message once and says how that ended, without any secret.
pub fn send(channel: &dyn Channel, secrets: &Secrets, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
    for secret in [&secrets.url, &secrets.token, &secrets.secret]
        .into_iter()
        .flatten()
    {
        wire.hide(secret);
    }
    channel
        .send(parcel, wire)
        .map_text(|text| verdict::short(&wire.mask(text)))
}

/// Reads the secrets of a channel and opens it. What cannot be read now may be readable later; a value that
/// is wrong stays wrong.
pub fn open(
    settings: &config::Channel,
    run: Runner<'_>,
    patience: Duration,
) -> Result<(Box<dyn Channel>, Secrets), Outcome> {
    let timeout = Duration::from_secs(settings.timeout.unsigned_abs());
    let ask = |command: &[String]| {
        let program = Program {
            command: command.to_vec(),
            input: Vec::new(),
            env: Vec::new(),
            timeout: timeout.min(patience),
        };
        let ended = run(&program);
        match ended.how {
            End::Exit(0) => Ok(ended.said),
            how => Err(format!(
                "{} did not print the secret ({how})",
                command.first().map_or("", String::as_str)
            )),
        }
    };
    let read = |secret: &Option<config::Secret>| {
        secret
            .as_ref()
            .map(|secret| secret.read(&ask))
            .transpose()
            .map_err(|why| Outcome::retry(verdict::short(&why)))
    };
    let secrets = Secrets {
        url: read(&settings.url)?,
        token: read(&settings.token)?,
        secret: read(&settings.secret)?,
    };
    match channels::open(settings, &secrets) {
        Ok(channel) => Ok((channel, secrets)),
        Err(why) => Err(Outcome::dead_target(verdict::short(&why))),
    }
}

/// Checks a channel as far as that goes without sending anything or running a program. Returns what could not
/// be looked at, each with its key; an error is a value that is wrong.
pub fn check(settings: &config::Channel) -> Result<Vec<String>, String> {
    const UNASKED: &str = "is not asked for here";
    let unasked = |_: &[String]| Err(UNASKED.to_owned());
    let mut doubts = Vec::new();
    let mut complete = true;
    let mut read = |key: &str, secret: &Option<config::Secret>| {
        let secret = secret.as_ref()?;
        match secret.read(&unasked) {
            Ok(text) => return Some(text),
            Err(why) if why == UNASKED => {}
            Err(why) => doubts.push(format!("{key}: {why}")),
        }
        complete = false;
        None
    };
    let secrets = Secrets {
        url: read("url", &settings.url),
        token: read("token", &settings.token),
        secret: read("secret", &settings.secret),
    };
    if complete {
        channels::open(settings, &secrets)?;
    }
    Ok(doubts)
}

/// Takes the next turn of a rate and says how long to wait for it. `paced` is the time up to which the turns
/// are taken: a leaky bucket that one number describes (the generic cell rate algorithm).
fn turn(paced: &mut i64, pace: Pace, now_ms: i64) -> Duration {
    let every = i64::try_from(pace.every_ms).unwrap_or(i64::MAX);
    let burst = every.saturating_mul(i64::from(pace.burst.max(1)) - 1);
    // Turns further off than all of the bucket were taken under another clock.
    let from = match *paced > now_ms.saturating_add(burst).saturating_add(10 * every) {
        true => now_ms,
        false => (*paced).max(now_ms),
    };
    *paced = from.saturating_add(every);
    let wait = from.saturating_sub(burst).saturating_sub(now_ms).max(0);
    Duration::from_millis(wait.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lets_a_burst_through_and_then_one_at_a_time() {
        let pace = Pace {
            burst: 3,
            every_ms: 1_000,
        };
        let mut paced = 0;
        let waits: Vec<u64> = (0..5)
            .map(|_| u64::try_from(turn(&mut paced, pace, 10_000).as_millis()).unwrap())
            .collect();
        assert_eq!(waits, [0, 0, 0, 1_000, 2_000]);
        // A minute later all of the burst is there again.
        assert_eq!(turn(&mut paced, pace, 70_000), Duration::ZERO);
        assert_eq!(paced, 71_000);
        // A clock that was stepped back holds nobody.
        assert_eq!(turn(&mut paced, pace, 1_000), Duration::ZERO);
        let mut free = 0;
        for _ in 0..100 {
            assert_eq!(turn(&mut free, Pace::FREE, 5), Duration::ZERO);
        }
    }
}
