//! Starts workers for ready cards, under every cap.
//!
//! In the order that was model-checked: lock, then row, then process. The whole batch is claimed in one
//! transaction; nothing is open on the board while a process is started, and nothing is written to a
//! run's row after that.

use std::collections::HashSet;
use std::fs::File;

use anyhow::{Context as _, Result};

use super::here::Here;
use super::hermes::Hold;
use super::pick::{Pick, pick};
use super::report::Started;
use super::share::Share;
use super::survey::State;
use super::waiting::Reason;
use super::{Tick, open_runs, start};
use crate::board::context::Context;
use crate::board::id::{Nonce, TaskId};
use crate::board::run::Stage;
use crate::board::run_facts::RunFacts;
use crate::config::Leftovers;
use crate::exit::Failure;
use crate::fsx::{self, Identity};
use crate::store::claims::{self, Claim, Granted};
use crate::store::{Tx, context, lanes, promotion, runs};
use crate::time::Seconds;
use crate::worker::cgroup::{self, Delegation};
use crate::worker::rundir::{self, ClaimNote, RunDir};
use crate::worker::slots;
use crate::worker::unit::{self, Fate};

/// Descriptors that a tick needs besides those it hands over: the standard streams, the dispatch lock, the board file
/// with its log and index, and what a start takes for a moment.
const DESCRIPTORS_OF_A_TICK: u64 = 10;
/// Run lock and host slot.
const DESCRIPTORS_OF_A_CLAIM: u64 = 2;
/// Seconds after its claim at which a worker that still runs has been executed.
const AT_WORK: Seconds = 5;
/// No batch is larger, however many descriptors there are.
const BATCH_MAX: usize = 256;

/// A pick whose lock and slot are held.
pub(super) struct Prepared<'c> {
    pub pick: Pick<'c>,
    pub claim: Claim,
    pub dir: RunDir,
    pub lock: File,
    pub slot: File,
}

/// Starts what may be started, batch by batch.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    if tick.hold == Hold::EmergencyStop {
        return Ok(());
    }
    release_lanes(tick)?;
    let picked = pick(tick)?;
    let mut picks = picked.starts.into_iter();
    take_back_early(tick, &picked.early)?;
    if tick.real() && tick.report.waiting.any(is_unknown_run) {
        // The next tick starts what this frees.
        open_runs::end_unknown(tick.board, &picked.open, tick.now)?;
    }
    if !tick.real() {
        return show(tick, picks.collect());
    }
    if picks.len() > 0
        && tick.cgroups.is_none()
        && let Err(why) = find_cgroups(tick)
    {
        refuse_all(tick, picks, &why);
        return Ok(());
    }
    let size = batch_size();
    let mut share = Share::of(tick);
    loop {
        let batch: Vec<Pick<'_>> = picks.by_ref().take(size).collect();
        if batch.is_empty() {
            break;
        }
        let prepared = prepare(tick, batch, &mut share)?;
        if prepared.is_empty() {
            continue;
        }
        let claimed = claim(tick, prepared, &picked.open)?;
        start::run(tick, claimed)?;
    }
    let waiting = &tick.report.waiting;
    let more = waiting.any(|reason| matches!(reason, Reason::HostFull { .. }));
    share.finish(more, tick.report.started.len());
    Ok(())
}

/// Finds out whether runs may get cgroups of their own. The error states why workers would not live.
fn find_cgroups(tick: &mut Tick<'_>) -> Result<(), String> {
    let delegation = match unit::policy() {
        None => Delegation::NoUnit,
        Some(policy) => match policy.fate {
            // Somebody waits for the workers, so that the unit does not end before them.
            Fate::Killed(why) if tick.alone => return Err(why),
            _ if policy.delegated => Delegation::Unit,
            _ => Delegation::Refused,
        },
    };
    tick.cgroups = Some(cgroup::Parent::find(delegation));
    Ok(())
}

/// Lets the lanes go whose worker was started since and is at work: a program that cannot be executed
/// ends within moments.
fn release_lanes(tick: &mut Tick<'_>) -> Result<()> {
    let held = tick.store.read("looking for held lanes", lanes::list)?;
    let proven: Vec<(String, Seconds)> = tick
        .findings
        .iter()
        .filter(|f| matches!(f.state, State::Alive) && f.run.stage == Stage::Started)
        .map(|f| (f.run.worker.clone(), f.run.facts.claimed_at))
        .filter(|(worker, at)| {
            held.iter()
                .any(|lane| lane.worker == *worker && lane.since <= *at)
                && *at + AT_WORK <= tick.now
        })
        .collect();
    if proven.is_empty() {
        return Ok(());
    }
    tick.store.write("letting lanes go", |tx| {
        proven
            .iter()
            .try_for_each(|(worker, at)| lanes::proven(tx, worker, *at))
    })
}

/// Claims nothing, because no worker would live.
fn refuse_all<'c>(tick: &mut Tick<'_>, picks: impl Iterator<Item = Pick<'c>>, why: &str) {
    tick.report
        .errors
        .push(format!("nothing was started: {why}"));
    for pick in picks {
        tick.report.waiting.add(
            pick.card.id,
            Reason::CannotPrepare {
                error: why.to_owned(),
            },
        );
    }
}

/// What another program made ready too early goes back to where its parents will find it.
fn take_back_early(tick: &mut Tick<'_>, early: &[TaskId]) -> Result<()> {
    if early.is_empty() {
        return Ok(());
    }
    let now = tick.now;
    tick.store.write("taking cards back", |tx| {
        for id in early {
            promotion::take_back(tx, id, now)?;
        }
        Ok(())
    })
}

/// How many claims fit into this process's descriptor limit at a time.
fn batch_size() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile)
        .current
        .unwrap_or(u64::MAX);
    let fit = limit.saturating_sub(DESCRIPTORS_OF_A_TICK) / DESCRIPTORS_OF_A_CLAIM;
    usize::try_from(fit)
        .unwrap_or(BATCH_MAX)
        .clamp(1, BATCH_MAX)
}

/// Takes a host slot and a run lock for each pick, before anything of it is on the board.
fn prepare<'c>(
    tick: &mut Tick<'_>,
    batch: Vec<Pick<'c>>,
    share: &mut Share<'_>,
) -> Result<Vec<Prepared<'c>>> {
    let (max, here) = (tick.config.host_max(), Here::find());
    fsx::private_dir(&tick.board.runs())?;
    let mut prepared: Vec<Prepared<'c>> = Vec::new();
    for pick in batch {
        let slot = match share.take() {
            Ok(Some(slot)) => slot,
            Ok(None) => {
                tick.report
                    .waiting
                    .add(pick.card.id, Reason::HostFull { max });
                continue;
            }
            Err(e) => {
                cannot_prepare(tick, pick.card.id, &e);
                continue;
            }
        };
        let nonce = random()?;
        let dir = RunDir::new(&tick.board.runs(), &nonce);
        match dir.create() {
            Ok((lock, identity)) => {
                if prepared.is_empty() {
                    require_flock(&lock, &dir)?;
                }
                let claim = claim_of(tick, &pick, &here, nonce, identity)?;
                if let Err(e) = name_card(&claim, &lock) {
                    let _ = dir.remove();
                    cannot_prepare(tick, pick.card.id, &e);
                    continue;
                }
                prepared.push(Prepared {
                    pick,
                    claim,
                    dir,
                    lock,
                    slot,
                });
            }
            Err(e) => {
                // What was made of the folder is of no use; the next tick prunes it if this fails.
                let _ = dir.remove();
                cannot_prepare(tick, pick.card.id, &e);
            }
        }
    }
    Ok(prepared)
}

/// The folder names its card before the claim is committed: should the board be replaced by an earlier copy, the card
/// is still known to be worked on.
fn name_card(claim: &Claim, lock: &File) -> Result<()> {
    let note = ClaimNote {
        task: claim.task.to_string(),
        facts: claim.facts.clone(),
    };
    rundir::note(lock, &note).context("cannot write to the run folder")
}

fn cannot_prepare(tick: &mut Tick<'_>, task: TaskId, error: &anyhow::Error) {
    let error = format!("{error:#}");
    tick.report
        .errors
        .push(format!("{task} was not started: {error}"));
    tick.report
        .waiting
        .add(task, Reason::CannotPrepare { error });
}

/// Where file locks are emulated, a worker's life could not be told from its death.
fn require_flock(lock: &File, dir: &RunDir) -> Result<()> {
    if fsx::flock_works(lock, &dir.lock())? {
        return Ok(());
    }
    let _ = dir.remove();
    Err(Failure::unusable(format!(
        "file locks do not work in {}, so no worker was started",
        dir.path().display()
    ))
    .hint("put the board on a local disk: set [boards.NAME] path, or KANBAN_HOME")
    .into())
}

fn random() -> Result<Nonce> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(Nonce::from_random(bytes))
}

fn claim_of(
    tick: &Tick<'_>,
    pick: &Pick<'_>,
    here: &Here,
    nonce: Nonce,
    lock: Identity,
) -> Result<Claim> {
    let defaults = tick.config.defaults();
    Ok(Claim {
        task: pick.card.id.clone(),
        source: pick.card.column.clone(),
        assignee: pick.card.assignee.clone(),
        worker: pick.worker.name.clone(),
        nonce,
        secret: random()?,
        lock,
        host: here.host.clone(),
        facts: RunFacts {
            claimed_at: tick.now,
            // Text that is empty states that it could not be read.
            boot: here.here.boot.clone().unwrap_or_default(),
            pid_namespace: Some(here.here.pid_namespace.clone().unwrap_or_default()),
            processes: None,
        },
        claimer: here.claimer.clone(),
        expires: tick.now.saturating_add(defaults.claim_ttl.0),
        max_runtime: pick.worker.max_runtime,
        report: pick.worker.report,
        leftovers: match pick.worker.leftovers {
            Leftovers::End => "end",
            Leftovers::Keep => "keep",
        },
        delay_max: defaults.retry_delay_max.0,
    })
}

/// A claim that was granted, with the card as it was then and what is told about it.
pub(super) struct Claimed<'c> {
    pub prepared: Prepared<'c>,
    pub granted: Granted,
    pub context: Context,
}

/// Claims the whole batch in one transaction. If that fails, every lock is let go and nothing is started.
fn claim<'c>(
    tick: &mut Tick<'_>,
    batch: Vec<Prepared<'c>>,
    open: &HashSet<String>,
) -> Result<Vec<Claimed<'c>>> {
    let (now, slug) = (tick.now, &tick.board.slug);
    let answers = tick.store.write("claiming cards", |tx| {
        require_same_board(tx, open)?;
        let mut answers = Vec::new();
        for prepared in &batch {
            answers.push(match claims::claim(tx, &prepared.claim, now)? {
                Some(granted) => {
                    let id = &prepared.pick.card.id;
                    let told = context::of(tx, slug, id).or_else(|e| {
                        log::warn!("the worker of {id} is told the card alone: {e:#}");
                        context::bare(tx, slug, id)
                    });
                    Some((granted, told?))
                }
                None => None,
            });
        }
        Ok(answers)
    })?;
    let mut claimed = Vec::new();
    for (prepared, answer) in batch.into_iter().zip(answers) {
        match answer {
            Some((granted, context)) => claimed.push(Claimed {
                prepared,
                granted,
                context,
            }),
            None => {
                let _ = prepared.dir.remove();
                tick.report
                    .waiting
                    .add(prepared.pick.card.id, Reason::Moved);
            }
        }
    }
    Ok(claimed)
}

/// An earlier copy of the board that was put in its place meanwhile does not know the runs by which their folders were
/// told from unknown ones.
fn require_same_board(tx: &Tx<'_>, open: &HashSet<String>) -> Result<()> {
    match open.is_subset(&runs::alive_nonces(tx)?) {
        true => Ok(()),
        false => Err(
            Failure::try_again("the board was changed by another program meanwhile")
                .hint("nothing was started; the next tick starts what is ready")
                .into(),
        ),
    }
}

fn is_unknown_run(reason: &Reason) -> bool {
    matches!(reason, Reason::EarlierRunAlive { why: Some(_) })
}

/// For a dry run: claims what nobody will start, so that the report is what a tick's would be.
fn show(tick: &mut Tick<'_>, picks: Vec<Pick<'_>>) -> Result<()> {
    let (max, here) = (tick.config.host_max(), Here::find());
    let mut free = slots::free(&tick.config.home.slots_dir(), max);
    for pick in picks {
        if free == 0 {
            tick.report
                .waiting
                .add(pick.card.id, Reason::HostFull { max });
            continue;
        }
        let claim = claim_of(tick, &pick, &here, random()?, Identity { dev: 0, ino: 0 })?;
        let now = tick.now;
        match tick.store.write("claiming to see what comes of it", |tx| {
            claims::claim(tx, &claim, now)
        })? {
            Some(granted) => {
                free -= 1;
                tick.report.started.push(Started {
                    task: pick.card.id,
                    run: granted.run_id,
                    worker: pick.worker.name.clone(),
                    attempt: granted.attempt,
                });
            }
            None => tick.report.waiting.add(pick.card.id, Reason::Moved),
        }
    }
    Ok(())
}
