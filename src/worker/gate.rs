//! The gate: the worker's process exists, in its own group and with the tree lock, but executes nothing
//! of the worker until the supervisor says so.
//!
//! It is this same program in a second stage, because what has to happen between the fork and the
//! worker's first instruction (death with the parent, signals, descriptors) can then be done in
//! ordinary code instead of in the forbidden zone after a fork.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::io::FdFlags;

use super::signals;
use super::spec::Spec;
use crate::platform;

const GO: u8 = b'g';

/// Before the reason, where it lies with the card and not with the worker.
const OF_CARD: &str = "\u{1}";

/// Exit status of a gate that was never opened. Nobody judges by it.
const SHUT: i32 = 125;

/// Arguments of the gate stage, in this order, before the worker's own command.
pub const FLAG: &str = "--gate";

/// The supervisor's side of a gated worker.
pub struct Gate {
    /// The worker's process.
    pub child: Child,
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
    ) -> Result<Self> {
        let (line, far) = UnixStream::pair()?;
        let tree_fd = tree.as_fd().as_raw_fd();
        let mut command = Command::new(platform::own_executable());
        command
            .arg0("kanban")
            .args(["supervise", FLAG])
            .arg(tree_fd.to_string())
            .arg(std::process::id().to_string())
            .arg("--")
            .args(command_line)
            .env_clear()
            .envs(spec.env.iter().map(|(name, value)| (name, value)))
            .current_dir(workspace)
            .stdin(Stdio::from(OwnedFd::from(far)))
            .process_group(0);
        // Inheritable for this one start; nothing else is started in between, for there is one thread.
        rustix::io::fcntl_setfd(&tree, FdFlags::empty())?;
        let child = command
            .spawn()
            .with_context(|| format!("cannot start a process in {}", workspace.display()))?;
        Ok(Self { child, line })
    }

    /// Opens the gate and waits until the worker's command is being executed, or cannot be.
    pub fn open(mut self) -> io::Result<(Child, Passage)> {
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
        Ok((self.child, passage))
    }

    /// Leaves the gate shut: the process ends without having executed anything of the worker.
    pub fn shut(self) {
        let Self { mut child, line } = self;
        drop(line);
        // It sees the end of the line and exits; it has nothing that could keep it.
        let _ = child.wait();
    }
}

/// What the gate stage is told.
#[derive(Debug)]
struct Orders {
    tree: RawFd,
    parent: u32,
    command: Vec<OsString>,
}

fn orders(args: &[OsString]) -> Option<Orders> {
    let number = |i: usize| args.get(i)?.to_str();
    Some(Orders {
        tree: number(0)?.parse().ok()?,
        parent: number(1)?.parse().ok()?,
        command: args.get(3..)?.to_vec(),
    })
}

/// The gate stage itself. Returns the exit status of a worker that was not executed.
pub fn stage(args: &[OsString]) -> i32 {
    let Some(orders) = orders(args) else {
        return SHUT;
    };
    match prepare(&orders) {
        Ok(line) => pass(line, &orders),
        Err(_) => SHUT,
    }
}

fn prepare(orders: &Orders) -> Result<UnixStream> {
    // If the supervisor dies now or later, so does the worker; if it died already, the number differs.
    if !platform::die_with_parent(orders.parent) {
        anyhow::bail!("the supervisor is gone");
    }
    let line: OwnedFd = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    // Whatever cron or a shell left open stays here; the tree lock alone goes on, for all descendants to hold.
    close_fds::set_fds_cloexec(3, &[orders.tree]);
    platform::raise_oom_score();
    signals::reset_for_exec()?;
    Ok(line.into())
}

fn pass(mut line: UnixStream, orders: &Orders) -> i32 {
    let mut word = [0];
    if !matches!(line.read(&mut word), Ok(1)) || word[0] != GO {
        return SHUT;
    }
    let Some((program, arguments)) = orders.command.split_first() else {
        return SHUT;
    };
    // On success the line closes by itself, which is the answer.
    let error = Command::new(program).args(arguments).exec();
    // A program in the card's own folder is missing for this card, not for its worker.
    let own = Path::new(program);
    let of_card = own.is_relative() && own.components().count() > 1
        || std::env::current_dir().is_ok_and(|here| own.starts_with(here));
    let mark = match error.kind() {
        io::ErrorKind::ArgumentListTooLong => OF_CARD,
        _ if of_card => OF_CARD,
        _ => "",
    };
    let _ = write!(
        line,
        "{mark}cannot execute {}: {}",
        Path::new(program).display(),
        reason(&error)
    );
    SHUT
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
