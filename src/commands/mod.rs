//! One file per subcommand: its `Args`, whose doc comments are the help and the man page, and `run`.
//!
//! Commands read arguments, call the layers below and print; rules and SQL live down there.

pub mod archive;
pub mod block;
pub mod board;
pub mod comment;
pub mod complete;
pub mod config;
pub mod create;
pub mod demo;
pub mod events;
mod global;
pub mod init;
pub mod link;
pub mod list;
pub mod log;
pub mod promote;
pub mod runs;
pub mod show;
pub mod supervise;
pub mod tick;
pub mod timer;
pub mod unblock;
pub mod unlink;

use anyhow::Result;
use serde_json::json;

pub use global::Global;

use crate::board::id::{Nonce, TaskId};
use crate::config::{Board, Caller, Config, load};
use crate::render;
use crate::store::lifecycle::{Actor, Changed};
use crate::store::{Store, Tx};
use crate::time::{self, Seconds};
use crate::worker::rundir::RunDir;

/// The configuration and the board that a command works on.
struct Session {
    config: Config,
    board: Board,
}

impl Session {
    fn open(global: &Global) -> Result<Self> {
        let config = load(global.config.as_deref())?;
        let board = config.choose_board(global.board.as_ref())?;
        Ok(Self { config, board })
    }

    /// The board for a command that only looks.
    fn reader(&self) -> Result<Store> {
        Store::open_to_read(&self.board.db())
    }

    /// Runs one change of the board.
    fn write<T>(&self, what: &str, work: impl FnOnce(&Tx<'_>, Seconds) -> Result<T>) -> Result<T> {
        let now = time::now()?;
        let mut store = Store::open(&self.board.db())?;
        let value = store.write(what, |tx| work(tx, now))?;
        store.checkpoint_if_large()?;
        Ok(value)
    }

    /// Moves cards, all or none, ends the workers of those that were taken away, and says where they went.
    fn change(
        &self,
        global: &Global,
        ids: &[TaskId],
        verb: &str,
        change: impl Fn(&Tx<'_>, &TaskId, Seconds) -> Result<Changed>,
    ) -> Result<()> {
        let changes = self.write(
            &format!("cannot {verb} on board {}", self.board.slug),
            |tx, now| {
                ids.iter()
                    .map(|id| Ok((id, change(tx, id, now)?)))
                    .collect::<Result<Vec<_>>>()
            },
        )?;
        for (_, change) in &changes {
            if let Some(nonce) = &change.cancel {
                self.cancel(nonce);
            }
        }
        if global.json {
            let all: Vec<_> = changes
                .iter()
                .map(|(id, c)| json!({"id": id, "status": c.status}))
                .collect();
            return render::print(&render::json(&all)?);
        }
        let lines: String = changes
            .iter()
            .map(|(id, c)| format!("{id} {}\n", c.status))
            .collect();
        render::print(&lines)
    }

    /// Asks a worker to end whose card was taken away. The next tick asks again if nobody listens yet.
    fn cancel(&self, nonce: &Nonce) {
        RunDir::new(&self.board.runs(), nonce).cancel();
    }
}

/// Who asks, for a change that a worker may make for itself.
fn actor() -> Actor {
    let caller = Caller::current();
    match caller.token {
        Some(token) => Actor::Worker { token },
        None => Actor::Person(caller.name),
    }
}
