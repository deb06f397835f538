//! A terminal of its own for a program under test, and what the program wrote to it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::harness::{Home, PROGRAM};

/// The program on a terminal.
pub struct Terminal {
    keys: File,
    line: File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

impl Terminal {
    /// Starts the program with these arguments.
    pub fn start(home: &Home, args: &[&str], columns: u16, rows: u16) -> Self {
        let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&control).unwrap();
        unlockpt(&control).unwrap();
        let name = ptsname(&control, Vec::new())
            .unwrap()
            .into_string()
            .unwrap();
        let line = File::options().read(true).write(true).open(name).unwrap();
        let (keys, mut output) = (
            File::from(control.try_clone().unwrap()),
            File::from(control),
        );
        let shown = Arc::new(Mutex::new(Vec::new()));
        let reader = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                reader.lock().unwrap().extend_from_slice(&bytes[..n]);
            }
        });
        size(&keys, columns, rows);
        let end = || OwnedFd::from(line.try_clone().unwrap());
        let child = home
            .command(PROGRAM)
            .env("TERM", "xterm")
            .args(args)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Self {
            keys,
            line,
            shown,
            child,
        }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size, and tells the program.
    pub fn resize(&self, columns: u16, rows: u16) {
        size(&self.keys, columns, rows);
        self.signal(rustix::process::Signal::WINCH);
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Everything that was written so far.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// What was written since the screen was last begun anew.
    pub fn page(&self) -> String {
        let shown = self.shown();
        shown
            .rsplit("\u{1b}[H")
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// The settings of the terminal.
    pub fn settings(&self) -> Termios {
        tcgetattr(&self.line).unwrap()
    }

    /// Waits for the end of the program.
    pub fn end(&mut self, home: &Home) -> ExitStatus {
        let mut ended = None;
        home.wait_until("the program ends", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}
