//! The command line as a whole: global options, the list of subcommands, and which function runs each.
//!
//! Parsing validates and touches no file, clock or database.

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    Global, archive, assign, attach, attachments, backup, block, board, boards, cancel, check,
    comment, complete, config, context, create, deliveries, demo, detach, doctor, drain, edit,
    events, export, gc, graph, heartbeat, import, init, link, list, log, mcp, notify, page, pause,
    promote, reclaim, reprioritize, request_changes, request_review, restore, resume, retry, runs,
    schedule, search, show, stats, status, stop, subscribe, subscriptions, supervise, tick, timer,
    unblock, unlink, unsubscribe, vacuum, watch, why,
};

/// A durable kanban board that runs commands, without a daemon
///
/// A board is one SQLite file. Cards name a worker, and a worker is any command: a coding agent, a
/// script, a cluster submit. cron or a systemd timer runs "kanban tick --board NAME": it books what has
/// ended, starts what is ready, and exits. Nothing stays behind but the workers themselves, each under a
/// small supervisor.
#[derive(Debug, Parser)]
#[command(name = "kanban", version, after_long_help = AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    /// What holds for every subcommand.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
Examples:
  $ kanban create \"Mend the login\" --assignee coder
  $ kanban tick --wait
  $ kanban board

Cards:
  A card is named by its id, or by the beginning of it if no other begins so: t_0a1b2c3d, t_0a1, 0a1.

Times:
  now, in 2h, 3h ago, today, tomorrow 9:00, yesterday at 5pm, friday, next monday at noon, 18:00,
  2026-12-24, 2026-12-24 18:00, 2026-12-24T18:00:00+01:00, @UNIX, and 2h, which is from now or ago
  as it fits. Without an offset it is local time (TZ). A time that the clocks skip in spring is as
  much later as they skip; of one that they show twice in autumn the first is meant.

Exit status:
  0   fine
  1   failed
  2   wrong usage or configuration
  3   board, card or run not found
  4   refused by the rules of the board
  5   board unusable (corrupt, not a board, read-only, of a newer version)
  75  try again (locked or busy)

Environment:
  KANBAN_HOME    the home
  KANBAN_CONFIG  the configuration file
  KANBAN_BOARD   the board, where no --board names one
  KANBAN_TOKEN   the run that a worker speaks for
  KANBAN_LOG     what is told beside errors: error, warn (the default), info or debug
  NO_COLOR       if it is set, nothing is coloured

Files:
  $KANBAN_HOME, else $XDG_DATA_HOME/kanban, else ~/.local/share/kanban
        boards/NAME/kanban.db, with logs/, runs/, workspaces/ and attachments/ beside it
  $KANBAN_CONFIG, else $KANBAN_HOME/config.toml, else ~/.config/kanban/config.toml
        workers, caps and limits: kanban-config(5)";

/// The subcommands, in the order of the help. One is parsed per process, so their size is of no account.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Create(create::Args),
    List(list::Args),
    Search(search::Args),
    Show(show::Args),
    Graph(graph::Args),
    Context(context::Args),
    Board(board::Args),
    Watch(watch::Args),
    Boards(boards::Args),
    Why(why::Args),
    Status(status::Args),
    Link(link::Args),
    Unlink(unlink::Args),
    Comment(comment::Args),
    Attach(attach::Args),
    Attachments(attachments::Args),
    Detach(detach::Args),
    Edit(edit::Args),
    Reprioritize(reprioritize::Args),
    Heartbeat(heartbeat::Args),
    Complete(complete::Args),
    Block(block::Args),
    RequestReview(request_review::Args),
    RequestChanges(request_changes::Args),
    Unblock(unblock::Args),
    Promote(promote::Args),
    Schedule(schedule::Args),
    Retry(retry::Args),
    #[command(visible_alias = "reassign")]
    Assign(assign::Args),
    Reclaim(reclaim::Args),
    Stop(stop::Args),
    Cancel(cancel::Args),
    Archive(archive::Args),
    Mcp(mcp::Args),
    Log(log::Args),
    Runs(runs::Args),
    Events(events::Args),
    Subscribe(subscribe::Args),
    Unsubscribe(unsubscribe::Args),
    Subscriptions(subscriptions::Args),
    Deliveries(deliveries::Args),
    Notify(notify::Args),
    Tick(tick::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Drain(drain::Args),
    Timer(timer::Args),
    Stats(stats::Args),
    Report(page::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Gc(gc::Args),
    Vacuum(vacuum::Args),
    Check(check::Args),
    Export(export::Args),
    Import(import::Args),
    Doctor(doctor::Args),
    Config(config::Args),
    Demo(demo::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
}

impl Cli {
    /// Runs the subcommand.
    pub(crate) fn run(&self) -> Result<()> {
        let global = &self.global;
        match &self.command {
            Command::Init(args) => init::run(args, global),
            Command::Create(args) => create::run(args, global),
            Command::List(args) => list::run(args, global),
            Command::Search(args) => search::run(args, global),
            Command::Edit(args) => edit::run(args, global),
            Command::Reprioritize(args) => reprioritize::run(args, global),
            Command::Show(args) => show::run(args, global),
            Command::Graph(args) => graph::run(args, global),
            Command::Context(args) => context::run(args, global),
            Command::Board(args) => board::run(args, global),
            Command::Watch(args) => watch::run(args, global),
            Command::Link(args) => link::run(args, global),
            Command::Unlink(args) => unlink::run(args, global),
            Command::Comment(args) => comment::run(args, global),
            Command::Attach(args) => attach::run(args, global),
            Command::Attachments(args) => attachments::run(args, global),
            Command::Detach(args) => detach::run(args, global),
            Command::Heartbeat(args) => heartbeat::run(args, global),
            Command::Complete(args) => complete::run(args, global),
            Command::Block(args) => block::run(args, global),
            Command::RequestReview(args) => request_review::run(args, global),
            Command::RequestChanges(args) => request_changes::run(args, global),
            Command::Unblock(args) => unblock::run(args, global),
            Command::Promote(args) => promote::run(args, global),
            Command::Archive(args) => archive::run(args, global),
            Command::Mcp(args) => mcp::run(args, global),
            Command::Log(args) => log::run(args, global),
            Command::Runs(args) => runs::run(args, global),
            Command::Events(args) => events::run(args, global),
            Command::Subscribe(args) => subscribe::run(args, global),
            Command::Unsubscribe(args) => unsubscribe::run(args, global),
            Command::Subscriptions(args) => subscriptions::run(args, global),
            Command::Deliveries(args) => deliveries::run(args, global),
            Command::Notify(args) => notify::run(args, global),
            Command::Tick(args) => tick::run(args, global),
            Command::Boards(args) => boards::run(args, global),
            Command::Why(args) => why::run(args, global),
            Command::Status(args) => status::run(args, global),
            Command::Schedule(args) => schedule::run(args, global),
            Command::Retry(args) => retry::run(args, global),
            Command::Assign(args) => assign::run(args, global),
            Command::Reclaim(args) => reclaim::run(args, global),
            Command::Stop(args) => stop::run(args, global),
            Command::Cancel(args) => cancel::run(args, global),
            Command::Pause(args) => pause::run(args, global),
            Command::Resume(args) => resume::run(args, global),
            Command::Drain(args) => drain::run(args, global),
            Command::Timer(args) => timer::run(args, global),
            Command::Stats(args) => stats::run(args, global),
            Command::Report(args) => page::run(args, global),
            Command::Backup(args) => backup::run(args, global),
            Command::Gc(args) => gc::run(args, global),
            Command::Vacuum(args) => vacuum::run(args, global),
            Command::Restore(args) => restore::run(args, global),
            Command::Check(args) => check::run(args, global),
            Command::Export(args) => export::run(args, global),
            Command::Import(args) => import::run(args, global),
            Command::Doctor(args) => doctor::run(args, global),
            Command::Config(args) => config::run(args, global.config.as_deref(), global.json),
            Command::Demo(args) => demo::run(args, global),
            Command::Supervise(args) => supervise::run(args),
        }
    }
}

/// The tree of commands, for the generators of man pages and completions.
pub fn command() -> clap::Command {
    Cli::command()
}
