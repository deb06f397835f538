//! Runs programs and says what they cost: times only as medians of ratios of runs in turn, the rest as counts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program with its arguments and nothing in its environment but what it needs.
#[derive(Clone)]
pub struct Program {
    words: Vec<String>,
    home: String,
}

impl Program {
    pub fn new(program: &Path, home: &Path, args: &[&str]) -> Self {
        let program = program.display().to_string();
        Self {
            words: [program.as_str()]
                .iter()
                .chain(args)
                .map(|word| (*word).to_owned())
                .collect(),
            home: home.display().to_string(),
        }
    }

    fn under(&self, outer: &[&str]) -> Command {
        let words: Vec<&str> = outer
            .iter()
            .copied()
            .chain(self.words.iter().map(String::as_str))
            .collect();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("KANBAN_HOME", &self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Runs it, which has to succeed.
    pub fn run(&self) {
        let status = self.under(&[]).status().expect("a program that starts");
        assert!(status.success(), "{}: {status}", self.words.join(" "));
    }

    /// How long one run takes.
    pub fn wall(&self) -> Duration {
        let mut command = self.under(&[]);
        let start = Instant::now();
        let status = command.status().expect("a program that starts");
        let wall = start.elapsed();
        assert!(status.success(), "{}: {status}", self.words.join(" "));
        wall
    }

    /// What it writes to standard output.
    pub fn output(&self) -> String {
        let out = self
            .under(&[])
            .stdout(Stdio::piped())
            .output()
            .expect("a program that starts");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Its system calls, by their names; those of its children are not counted. None without strace.
    pub fn system_calls(&self) -> Option<SystemCalls> {
        let out = self
            .under(&["strace", "-qq", "-e", "signal=none"])
            .stderr(Stdio::piped())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let names: Vec<String> = text
            .lines()
            .filter_map(|line| Some(line.split_once('(')?.0.to_owned()))
            .collect();
        (!names.is_empty()).then_some(SystemCalls(names))
    }

    /// The instructions that it executes, in millions. None without valgrind.
    pub fn instructions(&self) -> Option<f64> {
        let out = self
            .under(&[
                "valgrind",
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
            ])
            .stderr(Stdio::piped())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let count = text
            .lines()
            .find_map(|line| line.split_once("Collected : "))?
            .1;
        Some(count.trim().parse::<f64>().ok()? / 1e6)
    }

    /// The most memory that it had at a time, in MiB.
    pub fn peak(&self) -> f64 {
        let own = std::env::current_exe().expect("the path of this program");
        let own = own.display().to_string();
        let out = self
            .under(&[&own, "--peak"])
            .stderr(Stdio::piped())
            .output()
            .expect("this program");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let last = text.lines().last().unwrap_or_default();
        last.parse::<f64>().unwrap_or(f64::NAN) / 1024.0
    }
}

/// Runs a command as the only child of this process and prints the peak of its memory in KiB.
pub fn print_peak(words: &[String]) {
    let status = Command::new(&words[0]).args(&words[1..]).status();
    assert!(status.is_ok_and(|status| status.success()), "{words:?}");
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    eprintln!("{}", usage.expect("the usage of a child").max_rss());
}

/// The names of the system calls of one run, in order.
pub struct SystemCalls(Vec<String>);

impl SystemCalls {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn of(&self, names: &[&str]) -> usize {
        self.0
            .iter()
            .filter(|n| names.contains(&n.as_str()))
            .count()
    }

    pub fn syncs(&self) -> usize {
        self.of(&["fsync", "fdatasync", "sync_file_range"])
    }

    pub fn writes(&self) -> usize {
        self.of(&["pwrite64", "pwritev", "pwritev2"])
    }
}

/// Two programs, run in turn.
pub struct Pair {
    /// The median of the ratios of runs that followed each other.
    pub ratio: f64,
    /// The median of the first program's times.
    pub first: Duration,
    /// And of the second's.
    pub second: Duration,
}

/// Runs two programs in turn, after one run of each that does not count.
pub fn pair(
    rounds: usize,
    mut first: impl FnMut() -> Duration,
    mut second: impl FnMut() -> Duration,
) -> Pair {
    let _ = (first(), second());
    let mut times = Vec::new();
    for round in 0..rounds {
        // Whoever goes second finds a warmer machine: they take turns in that too.
        times.push(if round % 2 == 0 {
            let a = first();
            (a, second())
        } else {
            let b = second();
            (first(), b)
        });
    }
    Pair {
        ratio: median(times.iter().map(|(a, b)| a.as_secs_f64() / b.as_secs_f64())),
        first: Duration::from_secs_f64(median(times.iter().map(|(a, _)| a.as_secs_f64()))),
        second: Duration::from_secs_f64(median(times.iter().map(|(_, b)| b.as_secs_f64()))),
    }
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
