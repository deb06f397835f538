//! Running a helper program of the system (`crontab`, `systemctl` …) to its end and taking what it says.
//!
//! Not for workers: such a program ends by itself in a moment, and nothing of it is kept.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// What a program came to.
#[derive(Debug)]
pub struct Output {
    /// Whether it says that all went well.
    pub success: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error; how it ended, if it says nothing.
    pub complaint: String,
}

/// A program that is to be run.
pub struct Tool {
    name: String,
    command: Command,
    input: Vec<u8>,
}

impl Tool {
    /// A program and its arguments. It speaks English, so that its answers can be told apart.
    pub fn new(name: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new(name);
        command
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            name: name.to_owned(),
            command,
            input: Vec::new(),
        }
    }

    /// What it reads from its standard input; nothing without this.
    pub fn input(mut self, input: &[u8]) -> Self {
        self.input = input.to_vec();
        self
    }

    /// Runs it in a folder.
    pub fn within(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Sets a variable.
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end. `None`: there is no such program here.
    pub fn run(mut self) -> Result<Option<Output>> {
        let name = self.name;
        let mut child = match self.command.spawn() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot run {name}"))?,
        };
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(&self.input) {
                // It did not want to read all of it; its exit status says whether that was well.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
                other => other.with_context(|| format!("cannot write to {name}"))?,
            }
        }
        let output = child
            .wait_with_output()
            .with_context(|| format!("cannot wait for {name}"))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(Some(Output {
            success: output.status.success(),
            stdout: output.stdout,
            complaint: if said.is_empty() {
                output.status.to_string()
            } else {
                said
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::forking;

    #[test]
    fn what_goes_in_what_comes_out_and_what_is_not_there() {
        let _forks = forking::forks();
        let cat = Tool::new("cat", ["-"]).input(b"a\xff").run().unwrap();
        let cat = cat.unwrap();
        assert_eq!((cat.success, cat.stdout), (true, b"a\xff".to_vec()));
        let sh = Tool::new("sh", ["-c", "echo \"$X\" >&2; exit 3"]).variable("X", "no");
        let sh = sh.run().unwrap().unwrap();
        assert_eq!((sh.success, sh.complaint.as_str()), (false, "no"));
        // Nobody reads this, and it is more than a pipe holds.
        let deaf = Tool::new("true", [""; 0]).input(&[b'x'; 1 << 20]).run();
        assert!(deaf.unwrap().unwrap().success);
        let none = Tool::new("no-such-program-at-all", [""; 0]).run();
        assert!(none.unwrap().is_none());
    }
}
