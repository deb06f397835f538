//! A durable kanban board that runs commands, without a daemon.
//!
//! This page is the map of the house.
//!
//! # Layers
//!
//! They point down only; a module never uses one above or beside it, and a test reads the `use` lines.
//!
//! ```text
//! main ─► lib ─► cli ─► commands ─► supervise ─► tick ─► store | worker | delivery | render | hosts
//!                                                          └──► config ─► board ─► time, fsx, platform, exit
//! ```
//!
//! | module | what it is for | only it may use |
//! | --- | --- | --- |
//! | `time`, `fsx`, `platform` | the clock; files and locks; what only Linux has | the wall clock, `cfg` on the system |
//! | `board` | the domain: ids, card, column, run, retry, event; values and rules | |
//! | `config` | the TOML file: types, load, validate, paths, templates | the file, the environment |
//! | `store` | SQLite: open, schema, transactions, one file per table family, checkpoint | rusqlite |
//! | `worker` | processes: spec, launch, hand-over, fork, gate, exit record, slots; finding and ending the processes of a run; helper programs; this one for many boards | `std::process`, signals |
//! | `delivery` | telling people and programs: one file per channel, texts, signatures, the sending threads | ureq |
//! | `render` | text tables, columns, JSON, the page of a board, escaping | the terminal |
//! | `hosts` | the text of systemd units, crontab lines, launchd agents; no I/O | |
//! | `tick` | one file per pass; its list of passes is in order | |
//! | `supervise` | runs one worker to its end; the guard of runs without a cgroup | |
//! | `commands` | one file per subcommand: `Args` and `run` | stdin and stdout |
//! | `exit` | the closed set of failure kinds and their exit codes | |
//!
//! # The life of a tick
//!
//! `<db>.dispatch.lock` is held from the survey to the end of dispatch.
//!
//! 1. **survey** reads the lock and the exit record of every run that is not proven dead
//! 2. **absorb** records the ends that supervisors and guards left
//! 3. **reap** ends the processes of runs without supervisor and record, and records those runs as lost; a run that may
//!    be alive keeps its card, with the reason. Asks supervisors to end workers whose cards were taken away
//! 4. **outsiders** books the runs that another program started and that are over
//! 5. **promote** moves on what no longer waits for a parent or a moment: by what happened, and once an hour by a
//!    look at every card that waits, for what another program changed without an event
//! 6. **dispatch** claims under all caps in one transaction, then starts supervisors. It skips a card that the folder
//!    of an unknown run names (`tick::open_runs`): an earlier copy of the board does not know later runs
//! 7. **announce** puts what happened into the outbox, in one transaction with the cursor over the events
//!
//! 8. the record of the tick; the folders of ended runs are removed once the commit that records the end is durable
//!
//! Then that lock is given back, and `<db>.deliver.lock` is held for the next:
//!
//! 9. **deliver** sends what is due, every target in a thread of its own, all within one budget
//! 10. **page** makes the page of the board anew, if one is kept and something changed
//! 11. the checkpoint, which a tick that follows the end of a worker leaves to another while more run
//!
//! The tick starts one process for all runs of a batch and hands it their locks. That process forks a supervisor for
//! each run (`worker::twin`), which costs a tenth of starting the program as often, and costs the tick nothing. It then
//! ends, or stays as the guard of the runs that have no cgroup.
//!
//! A claim waits for the disk before anything is started, and takes along what was committed before it. So nothing
//! else has to (`Store::write_unsynced`), but for the last commit before something is removed outside the board.
//!
//! Where boards want more slots of the machine than there are, `tick::share` says whose turn it is, and hands a slot
//! that is free to a tick of that board.
//!
//! Once an hour, and after a tick that did something, **prune** looks through what lies beside the board before the
//! lock is given back, and through what is old on the board at the end.
//!
//! Where SQLite says that the file is damaged, a mark beside it (`store::quarantine`) ends this and every later tick
//! at its beginning, and the **alarm** tells it once. `kanban check` and `kanban restore` lead back.
//!
//! # The life of a message
//!
//! ```text
//! event ─announce─► due ─lease─► in_flight ─► delivered
//!                    ▲              │  └─────► dead      refused; tried for three days; target is broken
//!                    └── retry ◄────┘          held_back told by a later one about its card (digest)
//!                                              cancelled by somebody
//! ```
//!
//! The lease of what is in flight is the delivery lock: whoever holds it and finds such a row knows that its
//! sender is gone. Whose turn it is is one function (`board::queue`), when the next try is another
//! (`board::delivery`), and how a try ended is said by the channel alone (`delivery::channels`).
//!
//! # The life of a run
//!
//! ```text
//! tick:        lock ─► the folder names the card ─► claim (commit) ─► start supervisor, send it the locked descriptor
//! supervisor:  gated worker, in its cgroup ─► fence (commit) ─► the folder names the processes ─► open the gate
//!              ─► wait ─► end what is left ─► exit record ─► release slot and lock ─► follow-up tick
//! guard:       supervisor killed ─► end the orphans, its children now ─► exit record ─► release slot and lock
//! later tick:  lock held ─► alive;  free, with record ─► record the end on the board;
//!              free, claimed, no record ─► never ran, requeue;
//!              free, started, no record ─► find and end its processes: none left ─► lost;  else it keeps the card
//! ```
//!
//! A held lock proves that a run is alive. A free lock does not prove that the run is dead: ordinary programs close
//! descriptors that they do not know, and so release the tree lock. A run without supervisor and record is dead only if
//! no witness shows life (`worker::liveness`): its locks, its cgroup (`worker::cgroup`), and in the process table
//! (`worker::process_table`) its cookie, its group and session, and the recorded worker. Two searches in a row must
//! find nothing, because one reading of the process table can miss a process. Another boot proves death; in another PID
//! namespace the run keeps its card until its claim expires.
//!
//! A process is killed only if its cgroup, its cookie, its lock, its ancestry or its recorded start time identifies it.
//! One that is only in the group or session of the run keeps the card and is not killed, because the numbers of groups
//! and sessions are reused.
//!
//! Every command that frees a card, a folder or a board asks `tick::open_runs`. `tests/model/spawn_model.py` is the
//! model of this protocol; `tests/integration/liveness.rs` tests each kind of worker with a cgroup, with a guard and
//! with neither.
//!
//! # The columns of a card
//!
//! ```text
//! triage ──promote──► todo ──parents done──► ready ──claim──► running ──exit 0──► done ──► archived
//!                      │                     ▲  ▲                │
//!                      └──► scheduled ───────┘  └──retry, delay──┤ 75, failure, lost
//!                                               ▲                │ breaker
//!                                               └──unblock── blocked
//! ```
//!
//! Beside these: **review** has a worker of its own, as triage may; **cancelled** is an end that releases
//! nobody who waits for a success; `retry` takes a card up again from any end. What an edge waits for is one
//! predicate (`store::links`), whether a card may start is one function (`tick::judge`), and what a run that
//! did not complete costs is another (`board::retry`).

mod board;
pub mod cli;
mod commands;
mod config;
mod delivery;
pub mod exit;
mod fsx;
mod hosts;
mod platform;
mod render;
mod store;
mod supervise;
mod tick;
mod time;
mod worker;

use std::ffi::OsString;

use anyhow::Result;

/// Runs the program and returns its exit status.
pub fn main(args: Vec<OsString>) -> u8 {
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("KANBAN_LOG", "warn"))
        .format_timestamp(None)
        .init();
    if let Err(error) = worker::signals::end_on_signal_as_first_process() {
        log::warn!("cannot handle signals as process 1: {error:#}");
    }
    match run(args) {
        Ok(status) => u8::try_from(status).unwrap_or(1),
        Err(error) => {
            render::print_err(&render::escape::line(&exit::line(&error)));
            exit::kind(&error) as u8
        }
    }
}

fn run(args: Vec<OsString>) -> Result<i32> {
    if let Some(status) = commands::supervise::intercept(&args) {
        return status;
    }
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error; a closed pipe is not one either.
            let _ = error.print();
            return Ok(error.exit_code());
        }
    };
    store::require_sqlite()?;
    cli.run().map(|()| 0)
}
