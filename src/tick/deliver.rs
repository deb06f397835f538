//! Sends what is due. The board is not locked for dispatching any more, and no transaction is open while
//! anything is sent: a slow receiver keeps nobody from working.
//!
//! Intent, act, outcome: a try is written down before it begins, and how it ended afterwards. What was in
//! flight when a tick died is found by the next one, which holds the delivery lock and so knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Tick, delivered, means};
use crate::board::queue::{Digest, Turn};
use crate::config::{Board, Channel, Config};
use crate::delivery::Parcel;
use crate::delivery::http::Http;
use crate::delivery::sender::{self, Job, Note, Round};
use crate::fsx::{self, Wait};
use crate::store::Snapshot;
use crate::store::outbox::{self, Leased};
use crate::store::targets::{self, Admission, Standing, Target};
use crate::time::{self, Seconds};

/// A try needs this long to have a chance, if the budget allows.
pub(super) const LEAST: Duration = Duration::from_secs(5);

/// One target's part of this pass.
pub(super) struct Part {
    pub target: Target,
    pub settings: Arc<Channel>,
    turns: Vec<Turn>,
    paced_ms: i64,
    /// It was broken, and this is to see whether it still is.
    pub probe: bool,
    pub leased: Vec<Leased>,
}

/// Delivers. Whoever finds the lock held may leave what it has announced to the holder, who looks again after
/// it has let go.
pub(super) fn run(tick: &mut Tick<'_>) -> Result<()> {
    let now = tick.now;
    let due = tick
        .store
        .read("looking for what is due", |conn| outbox::is_due(conn, now))?;
    if !due {
        return Ok(());
    }
    let path = tick.board.deliver_lock();
    let lock = fsx::open_lock(&path)?;
    let budget = Duration::from_secs(tick.config.delivery().budget.0.unsigned_abs());
    let mut pass = Pass {
        began: Instant::now(),
        budget,
        now,
        looked: Instant::now(),
        over: BTreeSet::new(),
        http: None,
    };
    loop {
        if !fsx::lock_exclusive(&lock, Wait::No)
            .with_context(|| format!("cannot take the lock {}", path.display()))?
        {
            tick.report.delivering_elsewhere = true;
            return Ok(());
        }
        while let Some(parts) = lease(tick, &pass)? {
            send(tick, &mut pass, parts)?;
            pass.look_at_the_clock()?;
        }
        fsx::unlock(&lock)?;
        let again = tick.store.read("looking for what came meanwhile", |conn| {
            Ok(!plan(tick.config, conn, &pass)?.is_empty())
        })?;
        if !again {
            return Ok(());
        }
    }
}

/// Waits until nobody else delivers, for as long as that may take at most.
pub fn await_others(config: &Config, board: &Board) -> Result<()> {
    let lock = fsx::open_lock(&board.deliver_lock())?;
    let budget = Duration::from_secs(config.delivery().budget.0.unsigned_abs());
    let until = Instant::now() + budget + LEAST;
    while !fsx::lock_exclusive(&lock, Wait::No)? && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// What one pass has at its disposal.
struct Pass {
    began: Instant,
    budget: Duration,
    /// Unix seconds when the clock was looked at last: what another tick announces meanwhile is due at a later
    /// time than this tick's own.
    now: Seconds,
    looked: Instant,
    /// Targets that are not sent to any more in this pass: one failed, or there is no time for it.
    over: BTreeSet<Target>,
    /// Made when something is sent, and then the same for all of it.
    http: Option<Arc<Http>>,
}

impl Pass {
    fn client(&mut self, config: &Config) -> Result<Arc<Http>, String> {
        if let Some(http) = &self.http {
            return Ok(http.clone());
        }
        let http = Arc::new(means::client(config)?);
        self.http = Some(http.clone());
        Ok(http)
    }

    fn until(&self) -> Instant {
        self.began + self.budget
    }

    fn least(&self) -> Duration {
        LEAST.min(self.budget / 3)
    }

    fn has_time(&self) -> bool {
        self.until().saturating_duration_since(Instant::now()) >= self.least()
    }

    fn look_at_the_clock(&mut self) -> Result<()> {
        (self.now, self.looked) = (time::now()?, Instant::now());
        Ok(())
    }

    /// Unix seconds.
    fn current(&self) -> Seconds {
        let gone = i64::try_from(self.looked.elapsed().as_secs()).unwrap_or(0);
        self.now.saturating_add(gone)
    }
}

/// Decides whose turn it is and writes down that it is being sent.
fn lease(tick: &mut Tick<'_>, pass: &Pass) -> Result<Option<Vec<Part>>> {
    let (config, slug, now) = (tick.config, &tick.board.slug, pass.now);
    // Asked first without writing: what waits for a paused target costs an idle tick nothing.
    let (orphans, parts) = tick.store.read("looking whose turn it is", |conn| {
        Ok((outbox::has_orphans(conn)?, plan(config, conn, pass)?))
    })?;
    if !orphans && parts.is_empty() {
        return Ok(None);
    }
    let what = format!("taking up deliveries of board {slug}");
    tick.store.write(&what, |tx| {
        // Whoever left these behind had the lock that we have now.
        outbox::recover(tx, now)?;
        let mut parts = plan(config, tx, pass)?;
        for part in &mut parts {
            if part.probe {
                outbox::revive(tx, &part.target, now)?;
                part.turns = outbox::queue(tx, &part.target, Digest::No, now)?;
                part.turns.truncate(1);
            }
            for turn in &part.turns {
                part.leased.extend(outbox::lease(tx, turn, now)?);
            }
        }
        parts.retain(|part| !part.leased.is_empty());
        Ok(Some(parts).filter(|parts| !parts.is_empty()))
    })
}

/// The targets that may be sent to now, with the messages whose turn it is.
fn plan(config: &Config, conn: &Snapshot, pass: &Pass) -> Result<Vec<Part>> {
    let now = pass.now;
    let mut parts = Vec::new();
    if !pass.has_time() {
        return Ok(parts);
    }
    let known: BTreeMap<Target, Standing> = targets::list(conn)?.into_iter().collect();
    let mut due = outbox::due_targets(conn, now)?;
    for (target, standing) in &known {
        if standing.admission(now) == Admission::Probe && !due.contains(target) {
            due.push(target.clone());
        }
    }
    // Nothing holds a target that is not known.
    let standing_of = |target: &Target| known.get(target).cloned().unwrap_or_default();
    for target in due.into_iter().filter(|target| !pass.over.contains(target)) {
        let Some(channel) = config.channel(&target.channel) else {
            continue;
        };
        if is_quiet(channel, now) {
            continue;
        }
        let service = standing_of(&service_of(channel));
        let standing = standing_of(&target);
        let probe = match (service.admission(now), standing.admission(now)) {
            (Admission::Closed, _) | (_, Admission::Closed) => continue,
            (_, admission) => admission == Admission::Probe,
        };
        let digest = match channel.digest > 0 {
            true => Digest::Yes,
            false => Digest::No,
        };
        let turns = outbox::queue(conn, &target, digest, now)?;
        if turns.is_empty() && !(probe && outbox::can_revive(conn, &target)?) {
            continue;
        }
        parts.push(Part {
            paced_ms: standing.paced_ms.unwrap_or(0),
            settings: Arc::new(channel.clone()),
            target,
            turns,
            probe,
            leased: Vec::new(),
        });
    }
    Ok(parts)
}

pub(super) fn is_quiet(channel: &Channel, now: Seconds) -> bool {
    // The local time is not asked for where nobody has hours: looking its zone up takes longer than the rest.
    channel.quiet.as_ref().is_some_and(|hours| {
        let (day, minute) = time::week_minute(now);
        hours.is_open(day, minute)
    })
}

/// What holds every target of a service. No channel can be called that.
pub(super) fn service_of(channel: &Channel) -> Target {
    Target::of_channel(&format!("@{}", channel.kind))
}

fn send(tick: &mut Tick<'_>, pass: &mut Pass, parts: Vec<Part>) -> Result<()> {
    let http = match pass.client(tick.config) {
        Ok(http) => http,
        Err(why) => {
            tick.report.errors.push(why);
            pass.over
                .extend(parts.iter().map(|part| part.target.clone()));
            return tick.store.write("giving deliveries back", |tx| {
                let mut all = parts.iter().flat_map(|part| &part.leased);
                all.try_for_each(|leased| outbox::give_back(tx, leased.seq))
            });
        }
    };
    let board = tick.board.clone();
    let round = Round {
        http,
        run: Arc::new(move |channel, program| means::run_program(&board, channel, program)),
        now: pass.now,
        began: pass.looked,
        until: pass.until(),
        least: pass.least(),
    };
    let jobs = parts.iter().map(job).collect();
    sender::run(jobs, round, |notes| {
        for note in &notes {
            if let Note::Left { job, .. } = note {
                pass.over.insert(parts[*job].target.clone());
            }
        }
        delivered::book(tick, &parts, notes, pass.current())
    })
}

fn job(part: &Part) -> Job {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let parcel = |leased: &Leased| Parcel {
        id: leased.id.clone(),
        at: 0,
        attempt: leased.attempts,
        notice: leased.notice.clone(),
        held_back: leased.held_back,
        to: text(&part.target.address),
        thread: text(&part.target.thread),
    };
    Job {
        settings: part.settings.clone(),
        parcels: part.leased.iter().map(parcel).collect(),
        paced_ms: part.paced_ms,
    }
}
