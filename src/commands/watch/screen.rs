//! The terminal while it is watched: a screen of its own, keys without a return, and everything as it was before when
//! this value goes, whatever the reason.
//!
//! Three settings and seven control sequences: a crate for terminals would bring an event loop and more.

use std::io::{IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

use crate::exit::Failure;
use crate::render;
use crate::worker::signals::Signals;

/// Another screen, no cursor, and lines that are cut instead of wrapped.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
const LEAVE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

/// What a wait came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The time was over, or the terminal has another size.
    Look,
    /// Somebody wants to leave.
    Leave,
}

/// A terminal that is being watched.
pub struct Screen {
    before: Termios,
    signals: Signals,
    shown: String,
}

impl Screen {
    /// Takes the terminal. Refused where there is none.
    pub fn enter() -> Result<Self> {
        let (input, output) = (std::io::stdin(), std::io::stdout());
        if !(input.is_terminal() && output.is_terminal()) {
            return Err(Failure::usage("a board is watched on a terminal, and this is none")
                .hint("kanban events --follow prints what happens; kanban board prints the board once")
                .into());
        }
        let signals = Signals::catch()?;
        signals.heed_resize()?;
        let before = tcgetattr(&input).context("cannot ask the terminal for its settings")?;
        let mut quiet = before.clone();
        // Ctrl-C stays a signal. A stop by Ctrl-Z would leave this screen to the shell.
        quiet.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        let screen = Self {
            before,
            signals,
            shown: String::new(),
        };
        tcsetattr(&input, OptionalActions::Now, &quiet).context("cannot set the terminal")?;
        render::print(ENTER)?;
        Ok(screen)
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        let size = tcgetwinsize(std::io::stdout()).ok();
        let lines = size.map(|size| usize::from(size.ws_row));
        lines.filter(|&n| n > 0).unwrap_or(24)
    }

    /// Shows a page from its top, if it is another one than before.
    pub fn show(&mut self, page: &str) -> Result<()> {
        if page == self.shown {
            return Ok(());
        }
        // Each line clears what was to its right, and the last one what was below: nothing flickers.
        let lines: Vec<String> = page.lines().map(|line| format!("{line}\u{1b}[K")).collect();
        render::print(&format!("\u{1b}[H{}\u{1b}[J", lines.join("\r\n")))?;
        page.clone_into(&mut self.shown);
        Ok(())
    }

    /// Waits for a key, a signal or the end of the time.
    pub fn wait(&mut self, time: Duration) -> Result<Woken> {
        if self.signals.stop_asked() {
            return Ok(Woken::Leave);
        }
        let input = std::io::stdin();
        let mut fds = [
            PollFd::new(&input, PollFlags::IN),
            PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN),
        ];
        let time = Timespec::try_from(time).context("it is too long")?;
        match poll(&mut fds, Some(&time)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e).context("cannot wait for a key"),
        }
        let (key, rung) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
        if rung {
            self.signals.drain();
        }
        if self.signals.stop_asked() || key && left(&input)? {
            return Ok(Woken::Leave);
        }
        Ok(Woken::Look)
    }
}

/// Whether the keys that were pressed say to leave. A terminal that is gone says so too.
fn left(input: &std::io::Stdin) -> Result<bool> {
    let mut keys = [0; 64];
    match input.lock().read(&mut keys) {
        Ok(0) => Ok(true),
        Ok(n) => Ok(keys[..n]
            .iter()
            .any(|key| matches!(key, b'q' | b'Q' | 3 | 4))),
        Err(e) if e.kind() == std::io::ErrorKind::Interrupted => Ok(false),
        Err(e) => Err(e).context("cannot read a key"),
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs neither.
        let _ = render::print(LEAVE);
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
