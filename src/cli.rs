//! The command line as a whole: global options, the list of subcommands, and which function runs each.
//!
//! Parsing validates and touches no file, clock or database.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    Global, archive, assign, attach, attachments, backup, block, board, boards, cancel, check,
    comment, complete, config, context, create, deliveries, demo, detach, doctor, drain, edit,
    events, export, gc, graph, heartbeat, import, init, link, list, log, mcp, notify, pause,
    promote, reclaim, report, reprioritize, request_changes, request_review, restore, resume,
    retry, runs, schedule, search, show, stats, status, stop, subscribe, subscriptions, supervise,
    tick, timer, unblock, unlink, unsubscribe, vacuum, watch, why,
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

/// Makes of one list the subcommands, what runs each, and the tree of each alone.
macro_rules! subcommands {
    ($($(#[$attribute:meta])* $text:literal => $name:ident($module:ident),)*) => {
        /// The subcommands, in the order of the help. One is parsed per process, so their size is of no account.
        #[allow(clippy::large_enum_variant)]
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $($(#[$attribute])* #[command(name = $text)] $name($module::Args),)*
        }

        impl Cli {
            /// Runs the subcommand.
            pub(crate) fn run(&self) -> Result<()> {
                match &self.command {
                    $(Command::$name(args) => $module::run(args, &self.global),)*
                }
            }
        }

        /// A subcommand without the others.
        fn alone(name: &str) -> Option<clap::Command> {
            match name {
                $($text => Some($module::Args::augment_args(clap::Command::default().name($text))),)*
                _ => None,
            }
        }
    };
}

subcommands! {
    "init" => Init(init),
    "create" => Create(create),
    "list" => List(list),
    "search" => Search(search),
    "show" => Show(show),
    "graph" => Graph(graph),
    "context" => Context(context),
    "board" => Board(board),
    "watch" => Watch(watch),
    "boards" => Boards(boards),
    "why" => Why(why),
    "status" => Status(status),
    "link" => Link(link),
    "unlink" => Unlink(unlink),
    "comment" => Comment(comment),
    "attach" => Attach(attach),
    "attachments" => Attachments(attachments),
    "detach" => Detach(detach),
    "edit" => Edit(edit),
    "reprioritize" => Reprioritize(reprioritize),
    "heartbeat" => Heartbeat(heartbeat),
    "complete" => Complete(complete),
    "block" => Block(block),
    "request-review" => RequestReview(request_review),
    "request-changes" => RequestChanges(request_changes),
    "unblock" => Unblock(unblock),
    "promote" => Promote(promote),
    "schedule" => Schedule(schedule),
    "retry" => Retry(retry),
    #[command(visible_alias = "reassign")]
    "assign" => Assign(assign),
    "reclaim" => Reclaim(reclaim),
    "stop" => Stop(stop),
    "cancel" => Cancel(cancel),
    "archive" => Archive(archive),
    "mcp" => Mcp(mcp),
    "log" => Log(log),
    "runs" => Runs(runs),
    "events" => Events(events),
    "subscribe" => Subscribe(subscribe),
    "unsubscribe" => Unsubscribe(unsubscribe),
    "subscriptions" => Subscriptions(subscriptions),
    "deliveries" => Deliveries(deliveries),
    "notify" => Notify(notify),
    "tick" => Tick(tick),
    "pause" => Pause(pause),
    "resume" => Resume(resume),
    "drain" => Drain(drain),
    "timer" => Timer(timer),
    "stats" => Stats(stats),
    "report" => Report(report),
    "backup" => Backup(backup),
    "restore" => Restore(restore),
    "gc" => Gc(gc),
    "vacuum" => Vacuum(vacuum),
    "check" => Check(check),
    "export" => Export(export),
    "import" => Import(import),
    "doctor" => Doctor(doctor),
    "config" => Config(config),
    "demo" => Demo(demo),
    #[command(hide = true)]
    "supervise" => Supervise(supervise),
}

/// Reads a command line. Making the whole tree costs more than all else that an idle tick does, so the
/// subcommand that is asked for is tried alone first; what it does not take is for the whole tree to explain.
pub(crate) fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let bare = || {
        clap::Command::default()
            .name("kanban")
            .version(env!("CARGO_PKG_VERSION"))
    };
    match args.get(1).and_then(|first| first.to_str()) {
        Some("--version" | "-V") if args.len() == 2 => {
            bare().try_get_matches_from(args)?;
        }
        Some(name) => {
            let tree = alone(name).map(|one| Global::augment_args(bare()).subcommand(one));
            if let Some(Ok(mut matches)) = tree.map(|tree| tree.try_get_matches_from(args))
                && let Ok(cli) = Cli::from_arg_matches_mut(&mut matches)
            {
                return Ok(cli);
            }
        }
        None => {}
    }
    Cli::try_parse_from(args)
}

/// The tree of commands, for the generators of man pages and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&args)
    }

    #[test]
    fn a_subcommand_alone_is_read_as_in_the_whole_tree() {
        for line in [
            "kanban tick --board x --json",
            "kanban create title --assignee me --priority 3 --config c.toml",
            "kanban boards list --json",
            "kanban request-review t_12345678 --summary x",
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let whole = Cli::try_parse_from(&args).unwrap();
            assert_eq!(format!("{:?}", read(line).unwrap()), format!("{whole:?}"));
        }
    }

    #[test]
    fn what_one_does_not_take_is_explained_by_all() {
        for line in [
            "kanban tick --hepl",
            "kanban tick --help",
            "kanban tock",
            "kanban",
            "kanban boards",
            "kanban --version",
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let whole = Cli::try_parse_from(&args).unwrap_err();
            assert_eq!(read(line).unwrap_err().to_string(), whole.to_string());
        }
    }

    #[test]
    fn every_subcommand_can_be_had_alone() {
        for one in Cli::command().get_subcommands() {
            assert!(alone(one.get_name()).is_some(), "{}", one.get_name());
        }
    }
}
