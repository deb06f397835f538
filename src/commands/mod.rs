//! One file per subcommand: its `Args`, whose doc comments are the help and the man page, and `run`.
//!
//! Commands read arguments, call the layers below and print; rules and SQL live down there.

pub mod archive;
pub mod assign;
pub mod attach;
pub mod attachments;
pub mod backup;
pub mod block;
pub mod board;
pub mod boards;
pub mod cancel;
pub mod check;
pub mod comment;
pub mod complete;
pub mod config;
mod confirm;
pub mod context;
pub mod create;
pub mod deliveries;
pub mod demo;
pub mod detach;
pub mod doctor;
pub mod drain;
pub mod edit;
pub mod events;
pub mod export;
pub mod gc;
mod global;
pub mod graph;
pub mod heartbeat;
pub mod import;
pub mod init;
pub mod link;
pub mod list;
pub mod log;
pub mod mcp;
pub mod notify;
pub mod pause;
pub mod promote;
pub mod reclaim;
pub mod report;
mod reporting;
pub mod reprioritize;
pub mod request_changes;
pub mod request_review;
pub mod restore;
pub mod resume;
pub mod retry;
mod rows;
pub mod runs;
pub mod schedule;
pub mod search;
pub mod show;
pub mod stats;
pub mod status;
pub mod stop;
pub mod subscribe;
pub mod subscriptions;
pub mod supervise;
pub mod tick;
pub mod timer;
pub mod unblock;
pub mod unlink;
pub mod unsubscribe;
pub mod vacuum;
pub mod watch;
pub mod why;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::Result;

pub use global::Global;
use reporting::{Moved, actor, show_moved};

use crate::board::id::{CardRef, Nonce, TaskId};
use crate::config::{Board, Config, load};
use crate::exit::Failure;
use crate::platform;
use crate::store::lifecycle::{Actor, Changed};
use crate::store::{Snapshot, Store, Tx, outsiders, tasks};
use crate::tick::open_runs;
use crate::tick::outsiders::worker_of as outsider_of;
use crate::time::{self, Seconds};
use crate::worker::outsider;
use crate::worker::rundir::RunDir;

/// How long a command waits for a worker to end beyond what its grace allows.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// What a command does about workers whose card it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Nothing: it takes no card away from a worker.
    NobodyEnds,
    /// They are asked to end.
    Asked,
    /// And it waits until they have.
    UntilEnded,
}

/// The configuration and the board that a command works on, and its one connection.
///
/// The board is opened when it is first asked for and stays open: where no other program has it open, every opening
/// reads the whole write-ahead log anew.
struct Session {
    config: Config,
    board: Board,
    store: RefCell<Option<Store>>,
}

impl Session {
    fn open(global: &Global) -> Result<Self> {
        let config = load(global.config.as_deref())?;
        let board = config.choose_board(global.board.as_ref())?;
        let store = RefCell::default();
        Ok(Self {
            config,
            board,
            store,
        })
    }

    /// The board for a command that looks at it for long. One that changes it as well asks the session instead.
    fn reader(&self) -> Result<Store> {
        Store::open_to_read(&self.board.db())
    }

    /// Runs queries that belong to one snapshot.
    fn read<T>(&self, what: &str, work: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        let mut store = self.store.borrow_mut();
        let store = match &mut *store {
            Some(store) => store,
            none => none.insert(self.reader()?),
        };
        store.read(what, work)
    }

    /// Lends the board, opened to be written to.
    fn with_writer<T>(&self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        let mut store = self.store.borrow_mut();
        let store = match &mut *store {
            Some(store) => {
                store.allow_writing()?;
                store
            }
            none => none.insert(Store::open(&self.board.db())?),
        };
        // A person can try again, where a worker that is not heard has worked for nothing.
        if let Actor::Worker { .. } = actor() {
            store.wait_for_its_turn()?;
        }
        work(store)
    }

    /// Runs one change of the board.
    fn write<T>(&self, what: &str, work: impl FnOnce(&Tx<'_>, Seconds) -> Result<T>) -> Result<T> {
        let now = time::now()?;
        self.with_writer(|store| {
            let value = store.write(what, |tx| work(tx, now))?;
            store.checkpoint_if_large()?;
            Ok(value)
        })
    }

    /// Closes the board before something that may take long: whoever waits meets the board as it is then, also if
    /// another file has taken its place.
    fn close(&self) {
        self.store.take();
    }

    /// Moves cards, all or none, ends the workers of those that were taken away, and says where they went.
    fn change(
        &self,
        global: &Global,
        cards: &[CardRef],
        (verb, patience): (&str, Patience),
        change: impl Fn(&Tx<'_>, &TaskId, Seconds) -> Result<Changed>,
    ) -> Result<()> {
        let what = format!("cannot {verb} on board {}", self.board.slug);
        let all = |tx: &Tx<'_>, now: Seconds| {
            tasks::find_all(tx, cards)?
                .into_iter()
                .map(|id| {
                    let changed = change(tx, &id, now)?;
                    Ok((id, changed))
                })
                .collect::<Result<Vec<_>>>()
        };
        let moved = self.moves(cards, (&what, patience), &actor(), all, || {
            self.write(&what, all)
        })?;
        show_moved(global, &moved)
    }

    /// Runs `write`, which moves these cards as `rehearsal` would, and ends the workers of those that were
    /// taken away.
    fn moves(
        &self,
        cards: &[CardRef],
        (what, patience): (&str, Patience),
        actor: &Actor,
        rehearsal: impl Fn(&Tx<'_>, Seconds) -> Result<Vec<(TaskId, Changed)>>,
        write: impl FnOnce() -> Result<Vec<(TaskId, Changed)>>,
    ) -> Result<Vec<Moved>> {
        if patience != Patience::NobodyEnds && matches!(actor, Actor::Person(_)) {
            self.end_outsiders(cards, what, |tx, now| rehearsal(tx, now).map(drop))?;
        }
        let changes = write()?;
        let ending: Vec<&Nonce> = changes
            .iter()
            .filter_map(|(_, change)| change.cancel.as_ref())
            .collect();
        for nonce in &ending {
            self.cancel(nonce);
        }
        if patience == Patience::UntilEnded {
            self.await_ends(&ending)?;
        }
        let moved = changes.into_iter().map(|(id, change)| Moved {
            id,
            status: change.status,
        });
        Ok(moved.collect())
    }

    /// Ends the workers of these cards that another program started, before the cards are taken from them:
    /// nothing of ours would keep a second worker away from a card that was released too early.
    fn end_outsiders(
        &self,
        cards: &[CardRef],
        what: &str,
        change: impl FnOnce(&Tx<'_>, Seconds) -> Result<()>,
    ) -> Result<()> {
        let (ids, running) = self.read(what, |conn| {
            Ok((tasks::find_all(conn, cards)?, outsiders::list(conn)?))
        })?;
        let (cards, workers): (Vec<_>, Vec<_>) = running
            .iter()
            .filter(|run| ids.contains(&run.task))
            .filter_map(|run| Some((&run.task, outsider_of(run, &platform::host_name())?)))
            .unzip();
        if workers.is_empty() {
            return Ok(());
        }
        // What would be refused must not cost anybody a worker.
        let now = time::now()?;
        self.with_writer(|store| store.rehearse(what, |tx| change(tx, now)))?;
        self.close();
        for (card, ending) in cards.into_iter().zip(outsider::end(&workers)) {
            if !ending.gone {
                return Err(Failure::try_again(format!(
                    "{what}: the worker of {card}, which another program started, could not be ended"
                ))
                .hint("nothing was changed; end the process by hand, or try again")
                .into());
            }
        }
        Ok(())
    }

    /// How long a worker may take to end: a cancel command and then a signal, each with the longest grace.
    fn end_patience(&self) -> Duration {
        let grace = self.config.workers().map(|worker| worker.grace).max();
        let grace = Duration::from_secs(u64::try_from(grace.unwrap_or(0)).unwrap_or(0));
        END_PATIENCE + 2 * grace
    }

    /// Waits until every process of these runs is gone. Where a supervisor is at work it ends its worker; what a killed
    /// supervisor left behind is ended here.
    fn await_ends(&self, runs: &[&Nonce]) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        self.close();
        let patience = self.end_patience();
        let until = Instant::now() + patience;
        let mut pause = Duration::from_millis(5);
        loop {
            let mut open = open_runs::of_board(&self.config, &self.board, time::now()?)?;
            open.retain(|run| runs.contains(&&run.suspect.nonce));
            let left = open_runs::end(open, until)?;
            let Some(first) = left.first() else {
                return Ok(());
            };
            if Instant::now() >= until || left.iter().any(|run| run.needs_person()) {
                return Err(Failure::try_again(first.why())
                    .hint("no other worker starts for its card before it is gone; end it, or use kanban reclaim --force")
                    .into());
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// Asks a worker to end whose card was taken away. The next tick asks again if nobody listens yet.
    fn cancel(&self, nonce: &Nonce) {
        RunDir::new(&self.board.runs(), nonce).cancel();
    }
}
