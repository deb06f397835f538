//! What a tick hands to the supervisors of what it has claimed, and what they take, through a socket: what they have to
//! know, and with it the locked descriptors.
//!
//! A descriptor on its way keeps its lock as one that is open does, so there is no moment in which it is free; and
//! should either end die, the system closes what was on its way.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::platform;

/// Descriptors in a message. Linux takes 253 (SCM_MAX_FD, unix(7)); these are two of every run.
const AT_A_TIME: usize = 252;

/// A user may have only so many descriptors on their way, of all programs together (ETOOMANYREFS, unix(7)). Whoever
/// started these takes them within moments.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a tick waits for a new process to read, on a machine that has much to do.
const READ_WITHIN: Duration = Duration::from_secs(20);

/// Bytes that are read at a time.
const READ: usize = 64 * 1024;

/// A run with the descriptors that are locked for it.
pub struct Handed<S> {
    /// What its supervisor has to know.
    pub spec: S,
    /// The lock of the run.
    pub lock: File,
    /// The slot of this machine.
    pub slot: File,
}

/// Sends runs. The descriptors are closed here, and belong to the other side alone.
pub fn send<S: Serialize>(runs: Vec<Handed<S>>, mut line: &UnixStream) -> io::Result<()> {
    line.set_write_timeout(Some(READ_WITHIN))?;
    let specs: Vec<&S> = runs.iter().map(|run| &run.spec).collect();
    let text = serde_json::to_vec(&specs)?;
    let all: Vec<BorrowedFd<'_>> = runs
        .iter()
        .flat_map(|run| [run.lock.as_fd(), run.slot.as_fd()])
        .collect();
    // Descriptors travel with a byte at least, and the text has more than there are messages.
    let messages = all.chunks(AT_A_TIME);
    let (first, rest) = text.split_at(messages.len());
    for (some, byte) in messages.zip(first) {
        send_some(some, *byte, line)?;
    }
    line.write_all(rest)
}

/// Waits until the other side has left our process group, session and cgroup; or is gone.
pub fn await_departure(mut line: &UnixStream) -> io::Result<()> {
    line.shutdown(Shutdown::Write)?;
    line.set_read_timeout(Some(READ_WITHIN))?;
    line.read(&mut [0]).map(drop)
}

fn send_some(some: &[BorrowedFd<'_>], byte: u8, line: &UnixStream) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_A_TIME))];
    let until = Instant::now() + PATIENCE;
    loop {
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(some));
        let flags = SendFlags::empty();
        match sendmsg(line, &[IoSlice::new(&[byte])], &mut control, flags) {
            Ok(_) => return Ok(()),
            Err(Errno::TOOMANYREFS) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(e) => return Err(e.into()),
        }
    }
}

/// What another process of ours handed over as standard input. Who reads there from now on reads nothing.
pub(super) fn from_stdin() -> io::Result<OwnedFd> {
    let handed = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(nothing()?)?;
    Ok(handed)
}

/// A descriptor from which nothing is read, and to which nothing needs to be written: `/dev/null`, or a socket whose
/// other end is closed where a container has no `/dev`.
fn nothing() -> io::Result<OwnedFd> {
    match File::options().read(true).write(true).open("/dev/null") {
        Ok(null) => Ok(null.into()),
        Err(_) => UnixStream::pair().map(|(ours, _)| ours.into()),
    }
}

/// Takes what is sent to where others have their standard input. Without all of it nothing is taken: the tick that
/// sent it has died, and the next one starts its runs. `depart` is called with the specs, before a tick that waits
/// in [`await_departure`] goes on.
pub fn receive<S: DeserializeOwned>(depart: impl FnOnce(&[S])) -> Result<Vec<Handed<S>>> {
    let mut line = UnixStream::from(from_stdin()?);
    let null = nothing()?;
    rustix::stdio::dup2_stdout(&null)?;
    let (text, descriptors) =
        receive_all(&line).context("supervisors are started by a tick, never by hand")?;
    let specs: Vec<S> = serde_json::from_slice(&text).context("cannot read what the tick said")?;
    depart(&specs);
    // Most ticks do not wait for it, and are gone.
    let _ = line.write_all(b"d");
    let mut files = descriptors.into_iter().map(File::from);
    let mut runs = Vec::new();
    for spec in specs {
        let (Some(lock), Some(slot)) = (files.next(), files.next()) else {
            bail!("the tick has not handed over its locks");
        };
        runs.push(Handed { spec, lock, slot });
    }
    rustix::stdio::dup2_stderr(&null)?;
    Ok(runs)
}

/// All that is sent before the other end is closed.
fn receive_all(line: &UnixStream) -> Result<(Vec<u8>, Vec<OwnedFd>)> {
    let (mut text, mut descriptors) = (Vec::new(), Vec::new());
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_A_TIME))];
    let mut bytes = vec![0; READ];
    loop {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let into = &mut [IoSliceMut::new(&mut bytes)];
        let got = match recvmsg(line, into, &mut control, platform::NOT_FOR_OTHERS) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(some) = message {
                descriptors.extend(some);
            }
        }
        if got.flags.contains(ReturnFlags::CTRUNC) {
            bail!("this process may not have as many descriptors open as it is handed");
        }
        if got.bytes == 0 {
            return Ok((text, descriptors));
        }
        text.extend_from_slice(&bytes[..got.bytes]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::{self, Identity, Wait, forking};

    fn locked(dir: &std::path::Path, number: usize) -> Handed<usize> {
        let take = |name: String| {
            let file = fsx::open_lock(&dir.join(name)).unwrap();
            assert!(fsx::lock_exclusive(&file, Wait::No).unwrap());
            file
        };
        Handed {
            spec: number,
            lock: take(format!("lock-{number}")),
            slot: take(format!("slot-{number}")),
        }
    }

    fn is_free(path: &std::path::Path) -> bool {
        let file = fsx::open_lock(path).unwrap();
        fsx::lock_shared(&file, Wait::No).unwrap()
    }

    #[test]
    fn locks_arrive_in_order_and_are_held_on_the_way() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        // More than fit into one message.
        let runs: Vec<_> = (0..130).map(|n| locked(dir.path(), n)).collect();
        let files = runs.iter().flat_map(|run| [&run.lock, &run.slot]);
        let sent: Vec<Identity> = files.map(|file| Identity::of(file).unwrap()).collect();
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(runs, &ours).unwrap();
        drop(ours);
        assert!(!is_free(&dir.path().join("lock-0")));
        let (text, descriptors) = receive_all(&theirs).unwrap();
        let numbers: Vec<usize> = serde_json::from_slice(&text).unwrap();
        assert!(numbers.into_iter().eq(0..130));
        let arrived: Vec<File> = descriptors.into_iter().map(File::from).collect();
        let found: Vec<Identity> = arrived.iter().map(|f| Identity::of(f).unwrap()).collect();
        assert_eq!(found, sent);
        assert!(!is_free(&dir.path().join("slot-129")));
        drop(arrived);
        assert!(is_free(&dir.path().join("lock-0")));
        assert!(is_free(&dir.path().join("slot-129")));
    }

    #[test]
    fn what_nobody_takes_is_free_again() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(vec![locked(dir.path(), 0)], &ours).unwrap();
        assert!(!is_free(&dir.path().join("lock-0")));
        drop(theirs);
        assert!(is_free(&dir.path().join("lock-0")));
        let gone = send(vec![locked(dir.path(), 1)], &ours).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
        assert!(is_free(&dir.path().join("lock-1")));
    }
}
