//! The command that cancels a worker's job in a cluster: beside the worker, never in its process group.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where what it says goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Where the caller's own words go: a supervisor's are the card's log.
    AsOurs,
    /// Nowhere.
    Silent,
}

/// Starts it with the worker's environment.
pub fn start(command: &[String], env: &[(OsString, OsString)], voice: Voice) -> io::Result<Child> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .process_group(0);
    if voice == Voice::Silent {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    command.spawn()
}

/// Waits for several, which run at the same time, and ends those that take too long. `true`: all of them
/// say that it went well.
pub fn finish(mut children: Vec<Child>, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    let mut well = true;
    for child in &mut children {
        loop {
            match child.try_wait() {
                Ok(Some(status)) => well &= status.success(),
                Ok(None) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                }
                _ => {
                    well = false;
                    let _ = child.kill();
                    let _ = child.wait();
                }
            }
            break;
        }
    }
    well
}
