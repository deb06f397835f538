//! What wakes a supervisor: a signal that asks it to stop, or the end of a child.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use std::os::fd::{AsFd, BorrowedFd};

use anyhow::Result;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use signal_hook::SigId;
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};

/// The signals that ask a process to stop.
const STOP: [i32; 4] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT];

/// Set while such a signal ends the first process of a PID namespace at once.
static ENDS_AT_ONCE: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Gives the first process of a PID namespace, which is usually the command of a container, the behaviour
/// that every other process has by default: a signal that asks it to stop ends it, with the exit status that
/// a shell would report. The kernel delivers a signal to that process only if the process handles it, so
/// without this `docker stop` waits for its timeout and kills. [`Signals::catch`] takes precedence.
pub fn end_on_signal_as_first_process() -> Result<()> {
    if std::process::id() != 1 {
        return Ok(());
    }
    let armed = ENDS_AT_ONCE.get_or_init(|| Arc::new(AtomicBool::new(true)));
    for signal in STOP {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(armed))?;
    }
    Ok(())
}

/// The signals of a process, turned into something to poll.
pub struct Signals {
    wake: UnixStream,
    stop: Arc<AtomicBool>,
    bells: [SigId; 2],
}

impl Signals {
    /// From now on, signals that would end this process ask it to stop instead.
    pub fn catch() -> Result<Self> {
        let (wake, bell) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        for signal in STOP {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        if let Some(armed) = ENDS_AT_ONCE.get() {
            armed.store(false, Ordering::SeqCst);
        }
        // Each bell costs a descriptor, of which there may be as few as twelve. The other three come from
        // nobody but a person who types a process id, and interrupt a wait all the same.
        let bells = [
            signal_hook::low_level::pipe::register(SIGTERM, bell.try_clone()?)?,
            signal_hook::low_level::pipe::register(SIGCHLD, bell)?,
        ];
        allow_all()?;
        Ok(Self { wake, stop, bells })
    }

    /// A terminal whose size changes interrupts a wait as well.
    pub fn heed_resize(&self) -> Result<()> {
        signal_hook::flag::register(SIGWINCH, Arc::new(AtomicBool::new(false)))?;
        Ok(())
    }

    /// Whether somebody asked this process to stop.
    pub fn stop_asked(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Empties the bell, so that the next signal rings it again.
    pub fn drain(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(n) if n > 0) {}
    }
}

/// The bells are closed; signals that ask to stop still end nothing.
impl Drop for Signals {
    fn drop(&mut self) {
        for bell in self.bells {
            signal_hook::low_level::unregister(bell);
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// Unblocks every signal.
fn allow_all() -> Result<()> {
    Ok(sigprocmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::empty()),
        None,
    )?)
}

/// Makes what is executed next start with default dispositions and an empty mask, whatever cron, a
/// `nohup` or a shell's `trap ''` left ignored. A caught signal goes back to its default on exec, and
/// catching needs no unsafe code.
pub fn reset_for_exec() -> Result<()> {
    let nobody = Arc::new(AtomicBool::new(false));
    for signal in [
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2,
    ] {
        signal_hook::flag::register(signal, Arc::clone(&nobody))?;
    }
    // Job control signals: ignored ones would survive into the worker as well.
    for signal in [
        signal_hook::consts::SIGTSTP,
        signal_hook::consts::SIGTTIN,
        signal_hook::consts::SIGTTOU,
    ] {
        signal_hook::flag::register(signal, Arc::clone(&nobody))?;
    }
    allow_all()
}
