//! Starts workers for ready cards, under every cap.
//!
//! In the order that was model-checked: lock, then row, then process. The whole batch is claimed in one
//! transaction; nothing is open on the board while a process is started, and nothing is written to a
//! run's row after that.

use std::collections::HashMap;
use std::fs::File;
use std::ops::ControlFlow;

use anyhow::Result;

use super::absorb::{book, without_output};
use super::report::{Reason, Started, Waiting};
use super::{Tick, common_env};
use crate::board::id::{Nonce, TaskId};
use crate::board::retry::{self, Charge};
use crate::board::run::Outcome;
use crate::board::task::Task;
use crate::config::{Fill, Leftovers, Worker, fill};
use crate::exit::Failure;
use crate::fsx::{self, Identity};
use crate::platform;
use crate::store::claims::{self, Candidate, Claim, Granted};
use crate::store::runs::{self, End};
use crate::store::tasks;
use crate::worker::launch;
use crate::worker::rundir::RunDir;
use crate::worker::slots;
use crate::worker::spec::{Place, Spec};

/// Descriptors that a tick needs besides those it hands over: the standard streams, the dispatch lock,
/// the board file with its log and index, and what one start takes for a moment.
const DESCRIPTORS_OF_A_TICK: u64 = 10;
/// Run lock and host slot.
const DESCRIPTORS_OF_A_CLAIM: u64 = 2;
/// A longer body, in bytes, is not put into a variable: one may have 128 KiB on Linux (execve(2)), with
/// its name. The worker of such a card reads it with `kanban show`.
const BODY_VARIABLE_MAX: usize = 65_536;
/// No batch is larger, however many descriptors there are.
const BATCH_MAX: usize = 256;

/// A card to start, and who works on it.
struct Pick<'c> {
    task: TaskId,
    worker: &'c Worker,
}

/// A pick whose lock and slot are held.
struct Prepared<'c> {
    pick: Pick<'c>,
    claim: Claim,
    dir: RunDir,
    lock: File,
    slot: File,
}

/// Starts what may be started, batch by batch.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    let mut picks = pick(tick)?.into_iter();
    if !tick.real() {
        return show(tick, picks.collect());
    }
    let size = batch_size();
    loop {
        let batch: Vec<Pick<'_>> = picks.by_ref().take(size).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let prepared = prepare(tick, batch)?;
        if prepared.is_empty() {
            continue;
        }
        let claimed = claim(tick, prepared)?;
        start(tick, claimed)?;
    }
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

/// Decides, in dispatch order, which ready cards to start; a card that cannot start takes no place.
fn pick<'c>(tick: &mut Tick<'c>) -> Result<Vec<Pick<'c>>> {
    let (config, now) = (tick.config, tick.now);
    let max = config.max_in_progress(&tick.board.slug);
    let delay_max = config.defaults().retry_delay_max.0;
    let (mut picks, mut waiting) = (Vec::new(), Vec::new());
    tick.store.read("looking for ready cards", |conn| {
        let mut running: HashMap<String, u32> = claims::running(conn)?.into_iter().collect();
        let mut total: u32 = running.values().sum();
        claims::candidates(conn, |candidate| {
            let refusal = refuse(&candidate, now, delay_max)
                .map(Err)
                .unwrap_or_else(|| worker_of(config, &candidate));
            let worker = match refusal {
                Ok(worker) => worker,
                Err(reason) => {
                    waiting.push(Waiting {
                        task: candidate.id,
                        reason,
                    });
                    return ControlFlow::Continue(());
                }
            };
            let of_worker = running.entry(worker.name.clone()).or_default();
            let reason = if total >= max {
                Some(Reason::BoardFull { max })
            } else if *of_worker >= worker.max_in_progress {
                Some(Reason::WorkerFull {
                    worker: worker.name.clone(),
                    max: worker.max_in_progress,
                })
            } else {
                None
            };
            if let Some(reason) = reason {
                waiting.push(Waiting {
                    task: candidate.id,
                    reason,
                });
            } else {
                *of_worker += 1;
                total += 1;
                picks.push(Pick {
                    task: candidate.id,
                    worker,
                });
            }
            ControlFlow::Continue(())
        })
    })?;
    tick.report.waiting = waiting;
    Ok(picks)
}

/// Why a card may not be started at all, whoever is to work on it.
fn refuse(candidate: &Candidate, now: i64, delay_max: i64) -> Option<Reason> {
    if candidate.claimed {
        return Some(Reason::ClaimedElsewhere);
    }
    if candidate.open_parent {
        return Some(Reason::WaitsForParent);
    }
    if candidate.haunted {
        return Some(Reason::EarlierRunAlive);
    }
    if let Some(until) = candidate.not_before.filter(|at| *at > now) {
        return Some(Reason::NotBefore { until });
    }
    match candidate.retry_at {
        Some(until) if !retry::due(Some(until), now, delay_max) => Some(Reason::Delayed { until }),
        _ => None,
    }
}

fn worker_of<'c>(
    config: &'c crate::config::Config,
    candidate: &Candidate,
) -> Result<&'c Worker, Reason> {
    let Some(name) = candidate
        .assignee
        .as_deref()
        .filter(|name| !name.is_empty())
    else {
        return Err(Reason::NoAssignee);
    };
    match config.worker(name) {
        None => Err(Reason::NoWorker {
            worker: name.to_owned(),
        }),
        Some(worker) if worker.pull => Err(Reason::PullLane {
            worker: name.to_owned(),
        }),
        Some(worker) => Ok(worker),
    }
}

/// Takes a host slot and a run lock for each pick, before anything of it is on the board.
fn prepare<'c>(tick: &mut Tick<'_>, batch: Vec<Pick<'c>>) -> Result<Vec<Prepared<'c>>> {
    let max = tick.config.host_max();
    fsx::private_dir(&tick.board.runs())?;
    let mut prepared: Vec<Prepared<'c>> = Vec::new();
    for pick in batch {
        let slot = match slots::take(&tick.config.home.slots_dir(), max) {
            Ok(Some(slot)) => slot,
            Ok(None) => {
                tick.report.waiting.push(Waiting {
                    task: pick.task,
                    reason: Reason::HostFull { max },
                });
                continue;
            }
            Err(e) => {
                cannot_prepare(tick, pick.task, &e);
                continue;
            }
        };
        let nonce = nonce()?;
        let dir = RunDir::new(&tick.board.runs(), &nonce);
        match dir.create() {
            Ok((lock, identity)) => {
                if prepared.is_empty() {
                    require_flock(&lock, &dir)?;
                }
                let claim = claim_of(tick, &pick, nonce, identity)?;
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
                cannot_prepare(tick, pick.task, &e);
            }
        }
    }
    Ok(prepared)
}

fn cannot_prepare(tick: &mut Tick<'_>, task: TaskId, error: &anyhow::Error) {
    let error = format!("{error:#}");
    tick.report
        .errors
        .push(format!("{task} was not started: {error}"));
    tick.report.waiting.push(Waiting {
        task,
        reason: Reason::CannotPrepare { error },
    });
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

fn nonce() -> Result<Nonce> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(Nonce::from_random(bytes))
}

fn claim_of(tick: &Tick<'_>, pick: &Pick<'_>, nonce: Nonce, lock: Identity) -> Result<Claim> {
    let defaults = tick.config.defaults();
    let mut token = [0; 16];
    getrandom::fill(&mut token)?;
    Ok(Claim {
        task: pick.task.clone(),
        worker: pick.worker.name.clone(),
        nonce,
        token: Nonce::from_random(token).to_string(),
        lock,
        host: tick.host.clone(),
        boot: platform::boot_id(),
        claimer: format!("{}:{}", platform::host_name(), std::process::id()),
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

/// A claim that was granted, with the card as it was then.
struct Claimed<'c> {
    prepared: Prepared<'c>,
    granted: Granted,
    task: Task,
}

/// Claims the whole batch in one transaction. If that fails, every lock is let go and nothing is started.
fn claim<'c>(tick: &mut Tick<'_>, batch: Vec<Prepared<'c>>) -> Result<Vec<Claimed<'c>>> {
    let now = tick.now;
    let answers = tick.store.write("claiming cards", |tx| {
        let mut answers = Vec::new();
        for prepared in &batch {
            answers.push(match claims::claim(tx, &prepared.claim, now)? {
                Some(granted) => Some((granted, tasks::get(tx, &prepared.pick.task)?)),
                None => None,
            });
        }
        Ok(answers)
    })?;
    let mut claimed = Vec::new();
    for (prepared, answer) in batch.into_iter().zip(answers) {
        match answer {
            Some((granted, task)) => claimed.push(Claimed {
                prepared,
                granted,
                task,
            }),
            None => {
                let _ = prepared.dir.remove();
                tick.report.waiting.push(Waiting {
                    task: prepared.pick.task,
                    reason: Reason::Moved,
                });
            }
        }
    }
    Ok(claimed)
}

/// Starts the supervisors of claimed runs, and books the starts that failed.
fn start(tick: &mut Tick<'_>, claimed: Vec<Claimed<'_>>) -> Result<()> {
    let mut failed = Vec::new();
    for Claimed {
        prepared,
        granted,
        task,
    } in claimed
    {
        let spec = spec(tick, &prepared, granted, &task);
        let Prepared {
            pick,
            dir,
            lock,
            slot,
            ..
        } = prepared;
        match launch::supervisor(&spec, &dir, lock, slot) {
            Ok(()) => tick.report.started.push(Started {
                task: pick.task,
                run: granted.run_id,
                worker: pick.worker.name.clone(),
                attempt: granted.attempt,
            }),
            Err(e) => {
                tick.report
                    .errors
                    .push(format!("{} was not started: {e:#}", pick.task));
                failed.push((granted.run_id, format!("{e:#}")));
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let rows = tick
        .store
        .read("looking at the runs that failed to start", runs::alive)?;
    let ends: Vec<(runs::AliveRun, End)> = rows
        .into_iter()
        .filter_map(|row| {
            let (_, why) = failed.iter().find(|(id, _)| *id == row.run_id)?;
            let end = without_output(Outcome::SpawnFailed, Charge::SpawnFailure, why);
            Some((row, end))
        })
        .collect();
    let booked = book(tick, &ends)?;
    tick.report.reaped.extend(booked);
    Ok(())
}

fn spec(tick: &Tick<'_>, prepared: &Prepared<'_>, granted: Granted, task: &Task) -> Spec {
    let (config, board, worker) = (tick.config, tick.board, prepared.pick.worker);
    let defaults = config.defaults();
    let (workspace, shown) = match (task.workspace_kind.as_str(), &task.workspace_path) {
        ("dir", Some(path)) => (Place::Dir(path.into()), path.clone()),
        _ => {
            let root = board.workspaces();
            let shown = root.join(task.id.as_str()).display().to_string();
            (Place::Scratch(root), shown)
        }
    };
    let body = task.body.as_deref().unwrap_or("");
    let db = board.db();
    let db_text = db.display().to_string();
    let run = granted.run_id.to_string();
    let priority = task.priority.to_string();
    let attempt = granted.attempt.to_string();
    let fields = Fill {
        task: task.id.as_str(),
        title: &task.title,
        body,
        board: board.slug.as_str(),
        workspace: &shown,
        run: &run,
        priority: &priority,
        assignee: &worker.name,
        db: &db_text,
    };
    let mut env = config.worker_env(worker);
    env.extend(common_env(config, board));
    let own: [(&str, &str); 9] = [
        ("KANBAN_TASK", fields.task),
        ("KANBAN_TITLE", fields.title),
        ("KANBAN_RUN_ID", &run),
        (crate::worker::group::COOKIE, prepared.claim.nonce.as_str()),
        ("KANBAN_TOKEN", &prepared.claim.token),
        ("KANBAN_WORKSPACE", &shown),
        ("KANBAN_ASSIGNEE", &worker.name),
        ("KANBAN_PRIORITY", &priority),
        ("KANBAN_ATTEMPT", &attempt),
    ];
    env.extend(own.map(|(name, value)| (name.into(), value.into())));
    if body.len() <= BODY_VARIABLE_MAX {
        env.insert("KANBAN_BODY".into(), body.into());
        env.insert("KANBAN_PROMPT".into(), fields.prompt().into());
    }
    Spec {
        board: board.slug.to_string(),
        config: config.path.clone().filter(|_| config.found),
        home: config.home.dir.clone(),
        db,
        task: task.id.to_string(),
        run_id: granted.run_id,
        nonce: prepared.claim.nonce.to_string(),
        dir: prepared.dir.path().to_owned(),
        lock: prepared.claim.lock,
        command: fill(&worker.command, &fields),
        env: env.into_iter().collect(),
        workspace,
        log: board.logs().join(format!("{}.log", task.id)),
        log_max_bytes: defaults.log_max_bytes,
        log_keep: defaults.log_keep,
        max_runtime: task.max_runtime_seconds.unwrap_or(worker.max_runtime),
        grace: worker.grace,
        claim_ttl: defaults.claim_ttl.0,
        end_leftovers: worker.leftovers == Leftovers::End,
    }
}

/// For a dry run: claims on the copy of the board, so that the report is what a tick's would be.
fn show(tick: &mut Tick<'_>, picks: Vec<Pick<'_>>) -> Result<()> {
    let max = tick.config.host_max();
    let mut free = slots::free(&tick.config.home.slots_dir(), max);
    for pick in picks {
        if free == 0 {
            tick.report.waiting.push(Waiting {
                task: pick.task,
                reason: Reason::HostFull { max },
            });
            continue;
        }
        let claim = claim_of(tick, &pick, nonce()?, Identity { dev: 0, ino: 0 })?;
        let now = tick.now;
        match tick
            .store
            .write("claiming on the copy", |tx| claims::claim(tx, &claim, now))?
        {
            Some(granted) => {
                free -= 1;
                tick.report.started.push(Started {
                    task: pick.task,
                    run: granted.run_id,
                    worker: pick.worker.name.clone(),
                    attempt: granted.attempt,
                });
            }
            None => tick.report.waiting.push(Waiting {
                task: pick.task,
                reason: Reason::Moved,
            }),
        }
    }
    Ok(())
}
