//! The runs of a board that are not proven dead: those that the board knows, and those that only their folder knows,
//! because an earlier copy of the board took its place. Whatever frees a card, a folder or a board asks here.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::survey::run_as_suspect;
use crate::board::id::{Nonce, TaskId};
use crate::board::run::Stage;
use crate::board::run_facts::RunFacts;
use crate::config::{Board, Config};
use crate::exit::Failure;
use crate::store::Store;
use crate::store::runs::{self, AliveRun};
use crate::time::{self, Seconds};
use crate::worker::liveness::{self, Ending, Here, Standing, Suspect};
use crate::worker::rundir::{self, Lock, RunDir};

/// How long it is waited at a time for what was killed to be gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// A run that is not proven dead.
pub struct OpenRun {
    pub suspect: Suspect,
    /// `None`: an earlier version of this program created its folder, which does not name the card.
    pub task: Option<TaskId>,
    /// `None`: the board does not know it.
    pub run_id: Option<i64>,
    pub state: OpenState,
}

/// What keeps a run open.
pub enum OpenState {
    /// Its supervisor, which can be asked to end the worker.
    Supervised {
        /// What the supervisor, or its guard, may not end.
        held: Option<String>,
    },
    /// A process that no supervisor speaks for, or a doubt.
    Unsupervised {
        lock: Lock,
        why: String,
        /// Waiting does not help.
        needs_person: bool,
    },
}

impl OpenRun {
    /// Why it is not proven dead, in a sentence.
    pub fn why(&self) -> String {
        let name = &self.suspect.name;
        match (&self.state, &self.task) {
            (OpenState::Unsupervised { why, .. }, _) => why.clone(),
            (OpenState::Supervised { held: Some(why) }, _) => why.clone(),
            (OpenState::Supervised { .. }, Some(task)) => format!("{name} of {task} is at work"),
            (OpenState::Supervised { .. }, None) => format!("{name} is at work"),
        }
    }

    /// Whether waiting does not help.
    pub fn needs_person(&self) -> bool {
        match &self.state {
            OpenState::Supervised { held } => held.is_some(),
            OpenState::Unsupervised { needs_person, .. } => *needs_person,
        }
    }

    /// Whether a supervisor, or its guard, is at work.
    pub fn is_supervised(&self) -> bool {
        matches!(self.state, OpenState::Supervised { .. })
    }
}

/// Why something cannot be done while these runs are open.
pub fn refusal(open: &[OpenRun], board: &Board) -> Failure {
    let why = open.first().map_or(String::new(), OpenRun::why);
    let workers = match open.len() {
        1 => "1 worker still runs".to_owned(),
        n => format!("{n} workers still run"),
    };
    let hint = match open.iter().any(OpenRun::is_supervised) {
        true => "kanban drain waits for workers, kanban stop ends them; nothing was changed",
        false => {
            "end that process, or confirm with kanban reclaim --force that work may continue beside it; nothing was changed"
        }
    };
    Failure::refused(format!("{workers} on board {}: {why}", board.slug)).hint(hint)
}

/// Asks supervisors to end their workers, and ends what is left of runs without one. Returns the runs that are still
/// open; a supervised one may take its time. Nothing is waited for beyond `until`.
pub fn end(open: Vec<OpenRun>, until: Instant) -> Result<Vec<OpenRun>> {
    let (supervised, others): (Vec<_>, Vec<_>) = open.into_iter().partition(OpenRun::is_supervised);
    for run in &supervised {
        // Asked again later if it does not listen yet.
        run.suspect.dir.cancel();
    }
    if others.is_empty() {
        return Ok(supervised);
    }
    let suspects: Vec<(Suspect, Lock)> = others
        .iter()
        .filter_map(|run| match run.state {
            OpenState::Unsupervised { lock, .. } => Some((run.suspect.clone(), lock)),
            OpenState::Supervised { .. } => None,
        })
        .collect();
    let patience = until.saturating_duration_since(Instant::now());
    let patience = patience.min(PATIENCE);
    let endings = liveness::end_all(&Here::find(), &suspects, patience, time::now()?);
    let mut left = supervised;
    for (mut run, ending) in others.into_iter().zip(endings) {
        if let (
            Ending::Held {
                why, needs_person, ..
            },
            OpenState::Unsupervised { lock, .. },
        ) = (ending, &run.state)
        {
            run.state = OpenState::Unsupervised {
                lock: *lock,
                why,
                needs_person,
            };
            left.push(run);
        }
    }
    Ok(left)
}

/// Every open run of a board. A board that cannot be read does not know its runs; their folders do.
pub fn of_board(config: &Config, board: &Board, now: Seconds) -> Result<Vec<OpenRun>> {
    let known = Store::open_to_read(&board.db())
        .and_then(|store| store.read("cannot look at what runs", runs::alive))
        .unwrap_or_default();
    among(config, board, known, now)
}

/// The open ones of these runs, and of the runs that only their folders know.
pub fn among(
    config: &Config,
    board: &Board,
    known: Vec<AliveRun>,
    now: Seconds,
) -> Result<Vec<OpenRun>> {
    let (folder, ttl) = (board.runs(), config.defaults().claim_ttl.0);
    let nonces: HashSet<String> = known.iter().map(|run| run.nonce.to_string()).collect();
    let of_board = known.into_iter().map(|run| {
        let suspect = run_as_suspect(&folder, &run, now, ttl);
        Candidate {
            suspect,
            task: Some(run.task),
            run_id: Some(run.run_id),
            held: run.held,
        }
    });
    let of_folder = strays(board, &nonces)?;
    Ok(only_open(of_board.chain(of_folder).collect(), now))
}

/// The cards that a run is at work on of which the board knows nothing, and why that run is not proven dead. `known`:
/// the nonces of the runs that the board knows as open.
pub fn unknown_to_board(
    board: &Board,
    known: &HashSet<String>,
    now: Seconds,
) -> Result<HashMap<TaskId, String>> {
    let open = only_open(strays(board, known)?, now);
    let named = open
        .into_iter()
        .filter_map(|run| Some((run.task.clone()?, run.why())));
    Ok(named.collect())
}

/// Whether a run folder that the board does not know can be removed.
pub fn is_dead(nonce: &Nonce, dir: &RunDir, now: Seconds) -> bool {
    only_open(vec![stray(nonce, dir)], now).is_empty()
}

/// A run that may be open.
struct Candidate {
    suspect: Suspect,
    task: Option<TaskId>,
    run_id: Option<i64>,
    held: Option<String>,
}

impl Candidate {
    fn open(self, state: OpenState) -> OpenRun {
        OpenRun {
            suspect: self.suspect,
            task: self.task,
            run_id: self.run_id,
            state,
        }
    }
}

/// Ends what is left of runs that neither the board nor a supervisor knows.
pub fn end_unknown(board: &Board, known: &HashSet<String>, now: Seconds) -> Result<()> {
    let mut open = only_open(strays(board, known)?, now);
    open.retain(|run| !run.is_supervised());
    end(open, Instant::now() + PATIENCE).map(drop)
}

fn only_open(runs: Vec<Candidate>, now: Seconds) -> Vec<OpenRun> {
    let (mut open, mut silent, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        match run.suspect.standing() {
            Standing::Recorded(_) => {}
            Standing::Supervised => {
                let held = run.held.clone();
                open.push(run.open(OpenState::Supervised { held }));
            }
            Standing::Unknown(why) => {
                let why = format!("{}: {why}", run.suspect.name);
                open.push(run.open(unsupervised(Lock::Held, why)));
            }
            Standing::Unsupervised(lock) => {
                asked.push((run.suspect.clone(), lock));
                silent.push((run, lock));
            }
        }
    }
    if asked.is_empty() {
        return open;
    }
    let endings = liveness::look_at_all(&Here::find(), &asked, now);
    for ((run, lock), ending) in silent.into_iter().zip(endings) {
        if let Ending::Held { why, .. } = ending {
            open.push(run.open(unsupervised(lock, why)));
        }
    }
    open
}

fn unsupervised(lock: Lock, why: String) -> OpenState {
    OpenState::Unsupervised {
        lock,
        why,
        needs_person: false,
    }
}

fn strays(board: &Board, known: &HashSet<String>) -> Result<Vec<Candidate>> {
    let folder = board.runs();
    let folders = rundir::folders(&folder)
        .with_context(|| format!("cannot list the runs in {}", folder.display()))?;
    let unknown = folders
        .iter()
        .filter(|(nonce, _)| !known.contains(nonce.as_str()));
    Ok(unknown.map(|(nonce, dir)| stray(nonce, dir)).collect())
}

/// A run that its folder alone speaks for.
fn stray(nonce: &Nonce, dir: &RunDir) -> Candidate {
    // A file that cannot be read leaves the witnesses that need no facts.
    let (task, facts) = dir.notes().ok().flatten().unzip();
    let stage = match &facts {
        // Its supervisor names the processes before it opens the gate.
        Some(RunFacts {
            processes: None, ..
        }) => Stage::Claimed,
        _ => Stage::Started,
    };
    let suspect = Suspect {
        dir: dir.clone(),
        nonce: nonce.clone(),
        name: "a run that the board does not know".to_owned(),
        lock: None,
        stage,
        facts: facts.unwrap_or(RunFacts {
            claimed_at: 0,
            boot: String::new(),
            pid_namespace: None,
            processes: None,
        }),
        // Only the board knows when its claim expires.
        lease: Some(Seconds::MAX),
    };
    Candidate {
        suspect,
        task,
        run_id: None,
        held: None,
    }
}
