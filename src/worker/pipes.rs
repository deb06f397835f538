//! Our ends of the streams of a helper program: it is fed and listened to without ever waiting for it.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How much is kept of what a program says on each of its streams, in bytes.
pub const KEPT: usize = 64 * 1_024;

/// Our ends of a program's streams.
pub struct Pipes<'a> {
    stdin: Option<ChildStdin>,
    /// What it has not read yet.
    input: &'a [u8],
    stdout: Ear<ChildStdout>,
    stderr: Ear<ChildStderr>,
}

impl<'a> Pipes<'a> {
    /// Takes them, and what is to be written.
    pub fn of(child: &mut Child, input: &'a [u8]) -> Self {
        let mut pipes = Self {
            stdin: child.stdin.take(),
            input,
            stdout: Ear::new(child.stdout.take(), KEPT),
            stderr: Ear::new(child.stderr.take(), KEPT),
        };
        pipes.never_wait();
        pipes
    }

    /// What was said up to now on standard output and standard error.
    pub fn heard(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.into_heard(), self.stderr.into_heard())
    }

    /// Only our ends: what the program sees of them stays as programs expect it.
    fn never_wait(&mut self) {
        if self.stdin.as_ref().is_some_and(|s| unusable(s.as_fd())) {
            self.stdin = None;
        }
    }

    /// Waits until something can be done, but not longer than `pause`, and does it. `true`: something was.
    pub fn serve(&mut self, pause: Duration) -> bool {
        let pause = Timespec {
            tv_sec: 0,
            tv_nsec: pause.subsec_nanos().into(),
        };
        let (stdin, stdout, stderr) = (
            self.stdin.as_ref().map(AsFd::as_fd),
            self.stdout.fd(),
            self.stderr.fd(),
        );
        let mut fds: Vec<PollFd<'_>> = stdin
            .into_iter()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::OUT))
            .chain([stdout, stderr].into_iter().flatten().map(in_of))
            .collect();
        // Without any stream this only waits. An interrupted wait is one that was too short.
        if !matches!(poll(&mut fds, Some(&pause)), Ok(ready) if ready > 0) {
            return false;
        }
        let fed = self.feed();
        let heard = self.stdout.hear() | self.stderr.hear();
        if !fed && !heard {
            // A stream that is called ready and is not must not make us spin.
            std::thread::sleep(Duration::from_millis(1));
        }
        fed || heard
    }

    /// Writes what the program can take now. What it does not want to read is no fault: its exit status
    /// says whether that was well.
    fn feed(&mut self) -> bool {
        let Some(stdin) = &mut self.stdin else {
            return false;
        };
        match stdin.write(self.input) {
            Ok(written) => self.input = &self.input[written..],
            Err(e) if would_wait(&e) => return false,
            Err(_) => self.input = &[],
        }
        if self.input.is_empty() {
            self.stdin = None;
        }
        true
    }
}

/// A stream that could make us wait is not used.
fn unusable(stream: BorrowedFd<'_>) -> bool {
    rustix::io::ioctl_fionbio(stream, true).is_err()
}

fn in_of(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd, PollFlags::IN)
}

fn would_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// What listens to one stream.
pub struct Ear<S> {
    stream: Option<S>,
    heard: Vec<u8>,
    kept: usize,
}

impl<S: Read + AsFd> Ear<S> {
    /// Takes a stream, of which so many bytes are kept.
    pub fn new(mut stream: Option<S>, kept: usize) -> Self {
        stream.take_if(|s| unusable(s.as_fd()));
        Self {
            stream,
            heard: Vec::new(),
            kept,
        }
    }

    /// What to poll, until the stream has ended.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(AsFd::as_fd)
    }

    /// What was said up to now.
    pub fn into_heard(mut self) -> Vec<u8> {
        self.hear();
        self.heard
    }

    /// Reads what is there, but not endlessly. `true`: there was something, or its end.
    ///
    /// What a program said before its end is in the pipe, which holds no more than [`KEPT`] unless the
    /// program made it larger, so one call after its end hears all that is kept.
    pub fn hear(&mut self) -> bool {
        let Some(stream) = &mut self.stream else {
            return false;
        };
        let mut bytes = [0; 16 * 1_024];
        let (mut any, mut read) = (false, 0);
        while read < KEPT {
            match stream.read(&mut bytes) {
                Ok(0) => {
                    self.stream = None;
                    return true;
                }
                Ok(n) => {
                    let room = self.kept.saturating_sub(self.heard.len());
                    self.heard.extend_from_slice(&bytes[..n.min(room)]);
                    any = true;
                    read += n;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if would_wait(&e) => return any,
                Err(_) => {
                    self.stream = None;
                    return true;
                }
            }
        }
        any
    }
}
