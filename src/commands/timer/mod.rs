//! `kanban timer`: has this machine run the ticks of a board.
//!
//! What is written comes from [`crate::hosts`]; here is who gets it and what is said about it. Nothing is
//! ever touched that does not carry the mark of this board and home.

mod crontab;
mod done;
mod files;
pub mod installed;
mod managers;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::{Global, Session};
use crate::config::{Config, Surroundings, load};
use crate::exit::{self, Failure, Kind as Exit};
use crate::hosts::{Job, Mark, Text, Ticked};
use crate::platform;
use crate::render::{self, escape};
use crate::store::Store;
use crate::time::{self, Seconds};
use done::{Done, Written};
use files::Files;
use managers::Manager;

/// Have cron, systemd or launchd run the ticks of a board, or of all
///
/// One timer per board and user, or with --all one for every board of the home. It runs this very program by its full path, with the PATH, HOME and LANG
/// of the shell that this command is run in, because workers inherit them from the tick. What is written
/// carries a mark of the board and its home; nothing without that mark is ever changed or removed.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the unit files, the crontab lines or the agent, and change nothing
    #[command(after_long_help = r#"Examples:
  $ kanban timer print --kind cron"#)]
    Print(Wanted),
    /// Write the timer and start it
    ///
    /// A timer that is there already is replaced, which gives a unit that an older version wrote the
    /// settings of this one (kanban doctor names such units). Everything is checked before anything is written, by
    /// systemd-analyze too where there is one, and if the host refuses it, what was there before comes
    /// back. Where no manager of units answers, the files are written and the commands to run are told.
    ///
    /// systemd ends the units of a user when that user logs out, workers included, unless "loginctl
    /// enable-linger" has been run once.
    #[command(after_long_help = r#"Examples:
  $ kanban timer install
  $ kanban timer install --all --dry-run
  $ kanban timer install --every 5m --dry-run"#)]
    Install {
        #[command(flatten)]
        wanted: Wanted,
        /// Show what would be written and run
        #[arg(long)]
        dry_run: bool,
    },
    /// Stop the timer and take away what install wrote
    ///
    /// Workers and a tick that is running go on.
    #[command(after_long_help = r#"Examples:
  $ kanban timer remove"#)]
    Remove {
        /// The timer of all boards, not that of one
        #[arg(long)]
        all: bool,
        /// Only the timer of this kind [default: every timer that the board has]
        #[arg(long)]
        kind: Option<Kind>,
    },
}

#[derive(Debug, clap::Args)]
struct Wanted {
    /// One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all
    #[arg(long)]
    all: bool,
    /// What runs the ticks [default: the first of systemd, launchd and cron that this machine has]
    #[arg(long)]
    kind: Option<Kind>,
    /// How often; when a worker ends, the next card starts at once in any case
    #[arg(long, default_value = "1min", value_name = "DURATION", value_parser = interval)]
    every: Seconds,
}

/// What runs the ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// A service and a timer of the user's own systemd
    Systemd,
    /// The same for the machine's systemd, run as the owner of the board; root installs it
    SystemdSystem,
    /// A marked block in the user's crontab; whole minutes
    Cron,
    /// An agent of launchd on macOS, while the user is logged in; 10 seconds or more
    Launchd,
}

fn interval(text: &str) -> Result<Seconds, String> {
    match time::duration(text)? {
        0 => Err("a timer needs at least a second in between".into()),
        seconds => Ok(seconds),
    }
}

/// What is to be ticked.
struct Scope {
    config: Config,
    ticked: Ticked,
    /// The folder that belongs to whoever may run the ticks.
    dir: PathBuf,
}

impl Scope {
    fn board(global: &Global) -> Result<Self> {
        let Session { config, board, .. } = Session::open(global)?;
        Ok(Self {
            config,
            ticked: Ticked::Board(board.slug),
            dir: board.dir,
        })
    }

    fn all(global: &Global) -> Result<Self> {
        let config = load(global.config.as_deref())?;
        Ok(Self {
            dir: config.home.dir.clone(),
            config,
            ticked: Ticked::All,
        })
    }

    /// What is missing would be an error a minute, in a mail that nobody reads.
    fn require_there(&self) -> Result<()> {
        match &self.ticked {
            Ticked::Board(slug) => Store::open_to_read(&self.config.board(slug).db()).map(drop),
            Ticked::All if self.config.list_boards()?.is_empty() => {
                let home = self.dir.display();
                Err(Failure::not_found(format!("there is no board in {home}"))
                    .hint("make one with kanban init, or set KANBAN_HOME")
                    .into())
            }
            Ticked::All => Ok(()),
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let all = match &args.what {
        What::Print(wanted) | What::Install { wanted, .. } => wanted.all,
        What::Remove { all, .. } => *all,
    };
    let scope = match all {
        true => Scope::all(global)?,
        false => Scope::board(global)?,
    };
    let place = Surroundings::find(&scope.config);
    match &args.what {
        What::Print(wanted) => {
            let kind = wanted.kind.map_or_else(usual_kind, Ok)?;
            let job = job(&scope, &place, kind, wanted.every)?;
            show(&written(&scope, &place, kind, &job)?, kind, global)
        }
        What::Install { wanted, dry_run } => {
            let kind = wanted.kind.map_or_else(usual_kind, Ok)?;
            scope.require_there()?;
            let job = job(&scope, &place, kind, wanted.every)?;
            let mut done = install(&scope, &place, kind, &job, Mode::of(*dry_run))?;
            done.notes.extend(notes(&place));
            done.print(global)
        }
        What::Remove { kind, .. } => {
            let mut done = Done::new(&scope.ticked, *kind);
            let removed = remove(&scope, &place, *kind, &mut done);
            // What is gone is told even if something else would not go.
            if removed.is_ok() || !done.removed.is_empty() {
                done.print(global)?;
            }
            removed
        }
    }
}

/// Whether to do it or to say what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Do,
    Show,
}

impl Mode {
    fn of(dry_run: bool) -> Self {
        if dry_run { Self::Show } else { Self::Do }
    }
}

/// What this machine has.
fn usual_kind() -> Result<Kind> {
    if Manager::User.answers()? {
        return Ok(Kind::Systemd);
    }
    if platform::MACOS {
        return Ok(Kind::Launchd);
    }
    if crontab::read()?.is_some() {
        return Ok(Kind::Cron);
    }
    Err(Failure::new(
        Exit::Failed,
        "no systemd of this user answers, this is not macOS, and there is no crontab program",
    )
    .hint("name one with --kind systemd, systemd-system, cron or launchd")
    .into())
}

fn mark(scope: &Scope) -> Result<Mark> {
    Ok(Mark {
        ticked: scope.ticked.clone(),
        home: Text::new("the home of kanban", &scope.config.home.dir)?,
    })
}

fn job(scope: &Scope, place: &Surroundings, kind: Kind, every: Seconds) -> Result<Job> {
    let config = &scope.config;
    let file = config.path.as_ref().filter(|_| config.found);
    let environment = place
        .variables
        .iter()
        .map(|(name, value)| Ok((*name, Text::new(name, value)?)))
        .collect::<Result<_>>()?;
    require_owner(scope, place, kind)?;
    Ok(Job {
        mark: mark(scope)?,
        program: program(place)?,
        config: file
            .map(|path| Text::new("the configuration file", path))
            .transpose()?,
        environment,
        every,
    })
}

/// The path of this program, which has to be there at every tick: that by which the shell finds it, if it
/// does, for behind a link there may be a folder that is gone with the next version.
fn program(place: &Surroundings) -> Result<Text> {
    let path = platform::executable_by_path();
    let (true, Ok(us)) = (path.is_absolute(), path.metadata()) else {
        return Err(Failure::new(
            Exit::Failed,
            format!("this program is no longer at {}", path.display()),
        )
        .hint("it was replaced or removed meanwhile; run the new one")
        .into());
    };
    let is_us = |found: &PathBuf| {
        let meta = found.metadata();
        found.is_absolute() && meta.is_ok_and(|m| (m.dev(), m.ino()) == (us.dev(), us.ino()))
    };
    let folders = place.variable("PATH").map(std::env::split_paths);
    let mut found = folders.into_iter().flatten().map(|dir| dir.join("kanban"));
    let path = found.find(is_us).unwrap_or(path);
    Ok(Text::new("the path of this program", path)?)
}

/// Ticks as another user would leave files on the board that its owner cannot change.
fn require_owner(scope: &Scope, place: &Surroundings, kind: Kind) -> Result<()> {
    let us = rustix::process::geteuid().as_raw();
    let holder = owner(&scope.dir).unwrap_or(us);
    let home = place.home.as_deref().and_then(owner);
    let wrong = match kind {
        // Installed by root for somebody else, whose HOME then has to be in it.
        Kind::SystemdSystem => home.is_some_and(|home| home != holder),
        _ => holder != us,
    };
    if !wrong {
        return Ok(());
    }
    let (ticked, dir) = (&scope.ticked, scope.dir.display());
    let failure = Failure::refused(format!("{ticked} in {dir}: it belongs to user {holder}"));
    let hint = match kind {
        Kind::SystemdSystem => {
            "keep that user's environment: sudo env HOME=\"$HOME\" PATH=\"$PATH\" kanban timer …"
        }
        _ => "run this command as that user",
    };
    Err(failure.hint(hint).into())
}

fn owner(path: &Path) -> Option<u32> {
    path.metadata().ok().map(|meta| meta.uid())
}

/// All that a kind consists of.
fn written(scope: &Scope, place: &Surroundings, kind: Kind, job: &Job) -> Result<Vec<Written>> {
    if kind == Kind::Cron {
        return Ok(vec![crontab::written(job)?]);
    }
    let owner = owner(&scope.dir);
    Ok(Files::of(kind, &job.mark, place)?
        .texts(job, owner)?
        .written())
}

/// Files under headings if there are several, so that one can be sent to where it belongs as it is.
fn show(written: &[Written], kind: Kind, global: &Global) -> Result<()> {
    if global.json {
        return render::print(&render::json(
            &serde_json::json!({"kind": kind, "written": written}),
        )?);
    }
    if let [only] = written {
        return render::print(&only.text);
    }
    let texts: Vec<String> = written
        .iter()
        .map(|file| format!("# {}\n{}", escape::line(&file.path), file.text))
        .collect();
    render::print(&texts.join("\n"))
}

fn install(scope: &Scope, place: &Surroundings, kind: Kind, job: &Job, mode: Mode) -> Result<Done> {
    let mut done = Done::new(&scope.ticked, Some(kind));
    done.dry_run = mode == Mode::Show;
    if kind == Kind::Cron {
        crontab::install(job, mode, &mut done)?;
    } else {
        let files = Files::of(kind, &job.mark, place)?;
        files
            .texts(job, owner(&scope.dir))?
            .install(mode, &mut done)?;
    }
    Ok(done)
}

fn remove(scope: &Scope, place: &Surroundings, kind: Option<Kind>, done: &mut Done) -> Result<()> {
    let mark = mark(scope)?;
    let kinds = match kind {
        Some(kind) => vec![kind],
        None => vec![
            Kind::Systemd,
            Kind::SystemdSystem,
            Kind::Launchd,
            Kind::Cron,
        ],
    };
    let mut refusal = None;
    for found in kinds {
        let before = done.removed.len();
        let gone = match found {
            Kind::Cron => crontab::remove(&mark, done),
            found => Files::of(found, &mark, place).and_then(|files| files.remove(done)),
        };
        match gone {
            // Another home's timer, say, is no reason to keep ours.
            Err(error) if matches!(exit::kind(&error), Exit::Refused | Exit::Usage) => {
                refusal.get_or_insert(error);
            }
            other => other?,
        }
        if done.removed.len() > before {
            done.kind = Some(found);
        }
    }
    match (refusal, done.removed.is_empty()) {
        (Some(error), true) => return Err(error),
        (Some(error), false) => done.notes.push(format!("{error:#}")),
        (None, true) => done
            .notes
            .push(format!("there is no timer of {} here", mark.ticked)),
        (None, false) => {}
    }
    Ok(())
}

fn notes(place: &Surroundings) -> Vec<String> {
    if place.left_behind.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "workers get {} from this shell, and will not from the timer, which keeps no secrets; set them in the configuration (env) if they are needed",
        place.left_behind.join(", ")
    )]
}
