//! The gate: the worker's process exists, in its own group and with the tree lock, but executes nothing
//! of the worker until the supervisor says so.
//!
//! It is the supervisor's own program that goes on as two, so what has to happen before the worker's first instruction
//! (death with the parent, signals, descriptors) is done in ordinary code.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use rustix::io::FdFlags;
use rustix::process::Pid;

use super::spec::Spec;
use super::twin::{self, Side};
use super::{cgroup, group, log, signals};
use crate::platform;

const GO: u8 = b'g';

/// Scripts use the low numbers for their own files, and would close the tree lock unknowingly.
const TREE_DESCRIPTOR_MIN: i32 = 100;

/// Before the reason, where it lies with the card and not with the worker.
const OF_CARD: &str = "\u{1}";

/// The supervisor's side of a gated worker.
pub struct Gate {
    /// The worker's process.
    pub worker: Pid,
    line: UnixStream,
}

/// What came of letting the worker off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// It executes the worker's command.
    Through,
    /// The program cannot be executed, for this reason.
    Failed(String),
    /// What this card hands to it cannot be, for this reason.
    Refused(String),
}

impl Gate {
    /// Starts the gated process, which writes to the log as we do. The tree lock is inherited by it and
    /// closed here.
    pub fn start(
        spec: &Spec,
        command_line: &[String],
        workspace: &Path,
        tree: File,
        cgroup: Option<&Path>,
    ) -> Result<Self> {
        let (line, far) = UnixStream::pair()?;
        let tree = raised(tree)?;
        let supervisor = rustix::process::getpid();
        match twin::fork().context("cannot start a process")? {
            Side::Parent(worker) => Ok(Self { worker, line }),
            Side::Child => {
                drop(line);
                let gated = Gated {
                    supervisor,
                    workspace,
                    tree,
                    cgroup,
                };
                gated.wait(far, || execute(command_line, spec));
                twin::vanish()
            }
        }
    }

    /// Opens the gate and waits until the worker's command is being executed, or cannot be.
    pub fn open(mut self) -> io::Result<(Pid, Passage)> {
        self.line.write_all(&[GO])?;
        let mut answer = Vec::new();
        self.line.read_to_end(&mut answer)?;
        let passage = match answer.is_empty() {
            true => Passage::Through,
            false => {
                let why = String::from_utf8_lossy(&answer).into_owned();
                match why.strip_prefix(OF_CARD) {
                    Some(why) => Passage::Refused(why.to_owned()),
                    None => Passage::Failed(why),
                }
            }
        };
        Ok((self.worker, passage))
    }

    /// Leaves the gate shut: the process ends without having executed anything of the worker.
    pub fn shut(self) {
        let Self { worker, line } = self;
        drop(line);
        // It sees the end of the line and is gone; it has nothing that could keep it.
        group::reap(worker);
    }
}

/// Moves a descriptor to a high number, or as high as this process may have one.
fn raised(tree: File) -> io::Result<File> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let last = limit.map_or(i32::MAX, |limit| i32::try_from(limit).unwrap_or(i32::MAX)) - 1;
    let min = TREE_DESCRIPTOR_MIN.min(last);
    match rustix::io::fcntl_dupfd_cloexec(&tree, min) {
        Ok(raised) => Ok(raised.into()),
        // Its number is taken: the tree lock stays where it is.
        Err(rustix::io::Errno::MFILE) => Ok(tree),
        Err(e) => Err(e.into()),
    }
}

/// The other side: a process that is to become the worker.
struct Gated<'a> {
    supervisor: Pid,
    workspace: &'a Path,
    tree: File,
    cgroup: Option<&'a Path>,
}

impl Gated<'_> {
    /// Waits to be let off, and executes. Returns if that is not to be; why not, it says over the line.
    fn wait(self, mut line: UnixStream, execute: impl FnOnce() -> String) {
        // If the supervisor dies now or later, so does the worker; if it died already, the number differs.
        if !platform::die_with_parent(self.supervisor) {
            return;
        }
        self.enter_cgroup();
        let ready = self.prepare();
        let mut word = [0];
        if !matches!(line.read(&mut word), Ok(1)) || word[0] != GO {
            return;
        }
        // On success the line closes by itself, which is the answer.
        let why = ready.map_or_else(|e| format!("{e:#}"), |()| execute());
        let _ = line.write_all(why.as_bytes());
    }

    /// The kernel takes milliseconds for it, in which the supervisor commits the fence. Without the cgroup, which is empty
    /// then, the other witnesses have to find what the worker starts.
    fn enter_cgroup(&self) {
        if let Some(path) = self.cgroup
            && let Err(e) = cgroup::enter(path)
        {
            log::note(&format!("the run gets no cgroup: {}: {e}", path.display()));
        }
    }

    fn prepare(&self) -> Result<()> {
        rustix::process::setpgid(None, None)?;
        // Whatever cron or a shell left open stays here; the tree lock alone goes on, for all descendants to hold.
        rustix::io::fcntl_setfd(&self.tree, FdFlags::empty())?;
        close_fds::set_fds_cloexec(3, &[self.tree.as_fd().as_raw_fd()]);
        platform::raise_oom_score();
        signals::reset_for_exec()?;
        std::env::set_current_dir(self.workspace)
            .with_context(|| format!("cannot start a process in {}", self.workspace.display()))
    }
}

/// Becomes the worker's command. Returns why it cannot.
fn execute(command_line: &[String], spec: &Spec) -> String {
    let Some((program, arguments)) = command_line.split_first() else {
        return "it has no command".into();
    };
    let error = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .exec();
    // A program in the card's own folder is missing for this card, not for its worker.
    let own = Path::new(program);
    let of_card = own.is_relative() && own.components().count() > 1
        || std::env::current_dir().is_ok_and(|here| own.starts_with(here));
    let mark = match error.kind() {
        io::ErrorKind::ArgumentListTooLong => OF_CARD,
        _ if of_card => OF_CARD,
        _ => "",
    };
    format!("{mark}cannot execute {program}: {}", reason(&error))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "no such program (or its interpreter) on the worker's PATH".into()
        }
        io::ErrorKind::ArgumentListTooLong => {
            "its arguments are longer than this system allows".into()
        }
        _ => error.to_string(),
    }
}
