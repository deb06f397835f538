//! A second process that goes on in this same program, with all that it knows: a tenth of what it takes to start the
//! program anew.
//!
//! Only for a process of one thread that has no board open: SQLite keeps what it knows of its locks in memory, and two
//! processes that believe the same of them ruin a file. A supervisor is such a process until its fence, and after it.

use std::io;

use rustix::process::{Pid, Signal};

/// Which of the two this is.
pub enum Side {
    /// The one that was there, and the other's number.
    Parent(Pid),
    /// The new one.
    Child,
}

/// Goes on as two.
pub fn fork() -> io::Result<Side> {
    match fork::fork()? {
        fork::Fork::Child => Ok(Side::Child),
        fork::Fork::Parent(pid) => Pid::from_raw(pid)
            .map(Side::Parent)
            .ok_or_else(|| io::Error::other("a process without a number was started")),
    }
}

/// Ends the new process at once. Nothing of what it has from its parent is put away a second time.
pub fn vanish() -> ! {
    loop {
        let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    }
}
