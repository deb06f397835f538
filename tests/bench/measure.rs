//! Runs programs and says what they cost: times only as medians of ratios of runs in turn, the rest as counts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program with its arguments and nothing in its environment but what it needs.
#[derive(Clone)]
pub struct Program {
    words: Vec<String>,
    home: String,
    more: Vec<(String, String)>,
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
            more: Vec::new(),
        }
    }

    /// The same with one more variable.
    pub fn with(mut self, name: &str, value: &Path) -> Self {
        self.more.push((name.into(), value.display().to_string()));
        self
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
            .envs(self.more.iter().map(|(name, value)| (name, value)))
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

    /// How many pages each of its transactions writes to the log of a board, and those of what it starts: a process
    /// after the other, in the order in which they first write. None without strace.
    pub fn pages(&self) -> Option<Vec<Vec<usize>>> {
        let trace = Path::new(&self.home).join("trace");
        let name = trace.display().to_string();
        let calls = [
            "strace",
            "-f",
            "-y",
            "-qq",
            "-s",
            "0",
            "-e",
            "trace=pwrite64,fsync,fdatasync",
            "-o",
            &name,
        ];
        self.under(&calls).status().ok()?;
        let text = std::fs::read_to_string(&trace).ok()?;
        let mut processes: Vec<(&str, Vec<usize>, usize)> = Vec::new();
        for line in text.lines().filter(|line| line.contains("-wal>")) {
            let (pid, call) = line.split_once(' ')?;
            let call = call.trim_start();
            let at = processes
                .iter()
                .position(|(p, ..)| *p == pid)
                .unwrap_or_else(|| {
                    processes.push((pid, Vec::new(), 0));
                    processes.len() - 1
                });
            let (_, done, open) = &mut processes[at];
            if call.starts_with("pwrite64") {
                *open += usize::from(call.contains(", 4096, "));
            } else if *open > 0 {
                // A transaction ends with a sync of the log; a checkpoint begins with one and has written none.
                done.push(std::mem::take(open));
            }
        }
        Some(processes.into_iter().map(|(_, done, _)| done).collect())
    }

    /// The most memory that it had at a time, in MiB.
    pub fn peak(&self) -> f64 {
        self.measured("--peak").first().copied().unwrap_or(f64::NAN) / 1024.0
    }

    /// The processor time that it takes, and what it waits for.
    pub fn cpu(&self) -> Duration {
        Duration::from_secs_f64(self.costs_with_what_it_starts().own_cpu)
    }

    /// What one run costs, and what it leaves running costs until it ends.
    pub fn costs_with_what_it_starts(&self) -> Costs {
        let figures = self.measured("--costs");
        let figure = |at: usize| figures.get(at).copied().unwrap_or(f64::NAN);
        Costs {
            wall: figure(0),
            own_cpu: figure(1),
            all_cpu: figure(2),
        }
    }

    /// Runs it as the only child of this bench in another process, which prints figures.
    fn measured(&self, what: &str) -> Vec<f64> {
        let own = std::env::current_exe().expect("the path of this program");
        let own = own.display().to_string();
        let out = self
            .under(&[&own, what])
            .stderr(Stdio::piped())
            .output()
            .expect("this program");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let last = text.lines().last().unwrap_or_default();
        last.split(' ')
            .filter_map(|word| word.parse().ok())
            .collect()
    }
}

/// What a program costs, in seconds.
pub struct Costs {
    /// From its start to its own end.
    pub wall: f64,
    /// Processor time of it, and of what it waited for.
    pub own_cpu: f64,
    /// And of all that it started, to the last end.
    pub all_cpu: f64,
}

/// Runs a command as the only child of this process and prints the peak of its memory in KiB.
pub fn print_peak(words: &[String]) {
    let status = Command::new(&words[0]).args(&words[1..]).status();
    assert!(status.is_ok_and(|status| status.success()), "{words:?}");
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    eprintln!("{}", usage.expect("the usage of a child").max_rss());
}

/// Runs a command, and prints its costs. What outlives it comes to this process, which waits for all.
pub fn print_costs(words: &[String]) {
    // Elsewhere what outlives its parent cannot be waited for, and the last figure is that of the command alone.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).expect("a subreaper");
    let start = Instant::now();
    let status = Command::new(&words[0])
        .args(&words[1..])
        .stdout(Stdio::null())
        .status();
    let wall = start.elapsed().as_secs_f64();
    assert!(status.is_ok_and(|status| status.success()), "{words:?}");
    let own = cpu_of_children();
    while rustix::process::wait(rustix::process::WaitOptions::empty()).is_ok() {}
    eprintln!("{wall} {own} {}", cpu_of_children());
}

fn cpu_of_children() -> f64 {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    let usage = usage.expect("the usage of children");
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
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

pub fn ms(time: Duration) -> String {
    crate::table::figure(time.as_secs_f64() * 1e3)
}
