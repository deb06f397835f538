//! Running somebody's helper program to its end within a fixed time: a program that tells people something,
//! or one that prints a secret.
//!
//! Unlike a worker it is nobody's child for long, and unlike a [`super::tool`] it is not trusted to end, to
//! read, or to say little. Its streams are pipes that are never waited for on their own: one loop feeds it,
//! listens to it and watches its end. So whatever it left running elsewhere with these pipes open holds
//! nobody up, and all that it said itself before its end is heard.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::group;
use super::pipes::Pipes;

/// What a program gets between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);
/// What a killed process may take to be gone. Only one that hangs in the kernel takes longer, and then
/// nobody can end it.
const BURIAL: Duration = Duration::from_secs(1);
/// The longest time between two looks at whether it has ended.
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// A program that is to be run.
#[derive(Debug)]
pub struct Errand<'a> {
    /// Program and arguments.
    pub command: &'a [String],
    /// What it reads from its standard input.
    pub input: &'a [u8],
    /// Its whole environment: nothing of ours is passed on.
    pub env: Vec<(OsString, OsString)>,
    /// The folder that it runs in, if not ours.
    pub dir: Option<&'a Path>,
    /// After this time it is asked to end, and then killed.
    pub timeout: Duration,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// How it ended.
    pub how: How,
    /// The first 64 KiB of its standard output.
    pub stdout: Vec<u8>,
    /// The first 64 KiB of its standard error.
    pub stderr: Vec<u8>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It returned this exit status.
    Exit(i32),
    /// This signal ended it.
    Signal(i32),
    /// It was ended because it took too long.
    OverTime,
    /// There is no such program.
    NotFound,
    /// It could not be started.
    NotStarted(io::ErrorKind),
}

impl Errand<'_> {
    /// Runs it. This takes no longer than the timeout and a few seconds, whatever the program does. What a
    /// program that ends in time leaves running is its own affair; of one that does not, its whole process
    /// group is ended.
    pub fn run(self) -> Done {
        let began = Instant::now();
        let mut child = match self.start() {
            Ok(child) => child,
            Err(how) => return Done::without(how),
        };
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
            // No system has such a number.
            return Done::without(How::NotStarted(io::ErrorKind::Unsupported));
        };
        let mut pipes = Pipes::of(&mut child, self.input);
        let in_time = attend(&mut pipes, pid, began, self.timeout);
        if !in_time {
            group::signal(pid, Signal::TERM);
            let asked = Instant::now();
            attend(&mut pipes, pid, asked, GRACE);
            // It is not reaped yet, so the number is still its own, and what is left of its group is its.
            group::signal(pid, Signal::KILL);
            attend(&mut pipes, pid, Instant::now(), BURIAL);
        }
        let (stdout, stderr) = pipes.heard();
        let how = match in_time {
            true => end_of(&mut child),
            false => {
                // If it hangs in the kernel, waiting for it would be forever.
                let _ = child.try_wait();
                How::OverTime
            }
        };
        Done {
            how,
            stdout,
            stderr,
        }
    }

    fn start(&self) -> Result<Child, How> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(How::NotStarted(io::ErrorKind::InvalidInput));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(match self.input.is_empty() {
                true => Stdio::null(),
                false => Stdio::piped(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(dir) = self.dir {
            // The error of a start does not say whether it is the program or the folder that is not there.
            if !dir.is_dir() {
                return Err(How::NotStarted(io::ErrorKind::NotADirectory));
            }
            command.current_dir(dir);
        }
        command.spawn().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => How::NotFound,
            kind => How::NotStarted(kind),
        })
    }
}

impl Done {
    fn without(how: How) -> Self {
        Self {
            how,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }
}

/// Feeds the program and listens to it until it has ended or `patience` is over. `true`: it has ended.
fn attend(pipes: &mut Pipes<'_>, pid: Pid, began: Instant, patience: Duration) -> bool {
    let mut pause = Duration::from_millis(1);
    loop {
        if group::has_ended(pid) {
            return true;
        }
        let left = patience.saturating_sub(began.elapsed());
        if left.is_zero() {
            return false;
        }
        if pipes.serve(pause.min(left)) {
            pause = Duration::from_millis(1);
        } else {
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

/// How a program ended that has ended.
fn end_of(child: &mut Child) -> How {
    match child.wait() {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => How::Exit(code),
            (None, signal) => How::Signal(signal.unwrap_or(Signal::KILL.as_raw())),
        },
        // Somebody took its status. Nobody knows how it ended, which is what a signal means too.
        Err(_) => How::Signal(Signal::KILL.as_raw()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pipes::KEPT;
    use super::*;
    use crate::fsx::forking;

    fn run(errand: Errand<'_>) -> (Done, Duration) {
        let _forks = forking::forks();
        let began = Instant::now();
        (errand.run(), began.elapsed())
    }

    fn errand(command: &[&str], input: &[u8], timeout: Duration) -> (Done, Duration) {
        let command: Vec<String> = command.iter().map(|&part| part.to_owned()).collect();
        run(Errand {
            command: &command,
            input,
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            dir: None,
            timeout,
        })
    }

    fn sh(script: &str) -> Done {
        errand(&["sh", "-c", script], b"", Duration::from_secs(30)).0
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn what_goes_in_what_comes_out_and_how_it_ends() {
        let (cat, took) = errand(&["cat"], b"a\xffb", Duration::from_secs(30));
        assert_eq!((cat.how, &cat.stdout[..]), (How::Exit(0), &b"a\xffb"[..]));
        assert!(took < Duration::from_secs(5), "{took:?}");
        let both = sh("echo out; echo err >&2; exit 75");
        assert_eq!(both.how, How::Exit(75));
        assert_eq!(
            (&both.stdout[..], &both.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(sh("kill -KILL $$").how, How::Signal(9));
        assert_eq!(sh("exec <&- >&- 2>&-; sleep 0.1; exit 4").how, How::Exit(4));
    }

    #[test]
    fn it_sees_its_own_variables_and_no_others() {
        let command = ["env".to_owned()];
        let (done, _) = run(Errand {
            command: &command,
            input: b"",
            env: vec![
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("KANBAN_EVENT".into(), "completed".into()),
            ],
            dir: Some(Path::new("/")),
            timeout: Duration::from_secs(30),
        });
        let said = text(&done.stdout);
        let mut lines: Vec<&str> = said.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["KANBAN_EVENT=completed", "PATH=/usr/bin:/bin"]);
        // Without anything to read, it reads an end and nothing of ours.
        assert_eq!(sh("read line || exit 9").how, How::Exit(9));
    }

    #[test]
    fn what_says_too_much_is_heard_to_its_end_and_kept_in_part() {
        for to in ["1", "2"] {
            let flood = sh(&format!(
                "head -c 10485760 /dev/zero >&{to}; echo end; exit 3"
            ));
            assert_eq!(flood.how, How::Exit(3));
            let (long, short) = match to {
                "1" => (flood.stdout, flood.stderr),
                _ => (flood.stderr, flood.stdout),
            };
            assert_eq!(long.len(), KEPT);
            assert_eq!(text(&short), if to == "1" { "" } else { "end\n" });
        }
    }

    #[test]
    fn what_does_not_read_is_not_waited_for() {
        let input = vec![b'x'; 1 << 20];
        let (deaf, took) = errand(&["true"], &input, Duration::from_secs(30));
        assert_eq!(deaf.how, How::Exit(0));
        assert!(took < Duration::from_secs(5), "{took:?}");
        // While it reads slowly and talks much, neither stands in the other's way.
        let (busy, _) = errand(&["cat"], &input, Duration::from_secs(30));
        assert_eq!((busy.how, busy.stdout.len()), (How::Exit(0), KEPT));
    }

    #[test]
    fn what_hangs_is_ended_even_if_it_does_not_listen() {
        let limit = Duration::from_millis(500);
        let (polite, took) = errand(&["sh", "-c", "echo a; sleep 60"], b"", limit);
        assert_eq!(
            (polite.how, text(&polite.stdout)),
            (How::OverTime, "a\n".into())
        );
        assert!(took < GRACE, "{took:?}");
        let deaf = "trap '' TERM; while :; do sleep 1; done";
        let (deaf, took) = errand(&["sh", "-c", deaf], b"", limit);
        assert_eq!(deaf.how, How::OverTime);
        assert!(
            took >= limit + GRACE && took < limit + GRACE + BURIAL,
            "{took:?}"
        );
        // One that cleans up when it is asked to end is heard, but was too late.
        let late = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done";
        let (late, _) = errand(&["sh", "-c", late], b"", limit);
        assert_eq!(
            (late.how, text(&late.stdout)),
            (How::OverTime, "bye\n".into())
        );
    }

    #[test]
    fn what_is_left_with_the_pipes_open_holds_nobody_up() {
        for left in [
            "sleep 3 & echo done; exit 0",
            "setsid sleep 3 & echo done; exit 0",
        ] {
            let (done, took) = errand(&["sh", "-c", left], b"", Duration::from_secs(30));
            assert_eq!(
                (done.how, text(&done.stdout)),
                (How::Exit(0), "done\n".into())
            );
            assert!(took < Duration::from_secs(2), "{left}: {took:?}");
        }
        // Not even if what hangs has left its group.
        let limit = Duration::from_millis(500);
        let script = "setsid sleep 4 & wait";
        let (done, took) = errand(&["sh", "-c", script], b"", limit);
        assert_eq!(done.how, How::OverTime);
        assert!(took < GRACE, "{took:?}");
    }

    #[test]
    fn what_cannot_be_started_is_told_apart() {
        let at = |command: &[&str]| errand(command, b"x", Duration::from_secs(5)).0.how;
        assert_eq!(at(&["no-such-program-at-all"]), How::NotFound);
        assert_eq!(
            at(&["/etc/passwd"]),
            How::NotStarted(io::ErrorKind::PermissionDenied)
        );
        assert_eq!(at(&[]), How::NotStarted(io::ErrorKind::InvalidInput));
        assert_eq!(at(&["a\0b"]), How::NotStarted(io::ErrorKind::InvalidInput));
        let command = ["true".to_owned()];
        let nowhere = Errand {
            command: &command,
            input: b"",
            env: Vec::new(),
            dir: Some(Path::new("/no/such/folder")),
            timeout: Duration::from_secs(5),
        };
        assert_eq!(
            run(nowhere).0.how,
            How::NotStarted(io::ErrorKind::NotADirectory)
        );
    }

    #[test]
    fn several_run_at_the_same_time() {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i| scope.spawn(move || sh(&format!("sleep 0.05; echo {i}; exit {i}"))))
                .collect();
            for (i, thread) in threads.into_iter().enumerate() {
                let done = thread.join().unwrap();
                assert_eq!(done.how, How::Exit(i32::try_from(i).unwrap()));
                assert_eq!(text(&done.stdout), format!("{i}\n"));
            }
        });
    }
}
