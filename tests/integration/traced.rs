//! What a command asks of the kernel, by `strace`: counts that are the same on every machine.

use crate::harness::{Home, PROGRAM};

/// The system calls of one run, in order, each as strace writes it, with the file behind each descriptor.
pub struct Trace(Vec<String>);

/// Runs the program and notes what it asks for; of its children and their children too, if wanted.
pub fn trace(home: &Home, whom: Whom, args: &[&str]) -> Trace {
    let file = home.path().join("trace");
    let mut strace = home.command("strace");
    strace.args(["-y", "-s", "0", "-e", "signal=none", "-o"]);
    strace.arg(&file);
    if whom == Whom::AllOfIt {
        strace.arg("-f");
    }
    let run = strace.arg(PROGRAM).args(args).output().unwrap();
    assert!(run.status.success(), "{args:?}: {run:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let calls = text.lines().map(|line| {
        // With -f, the number of the process comes first.
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit());
        call.trim_start().to_owned()
    });
    Trace(calls.collect())
}

/// Whose calls are noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Of the program itself.
    Itself,
    /// Of its threads and of every process that it starts, too.
    AllOfIt,
}

impl Trace {
    /// The calls of these names.
    pub fn of(&self, names: &[&str]) -> Vec<&str> {
        let named = |call: &&str| {
            call.split_once('(')
                .is_some_and(|(name, _)| names.contains(&name))
        };
        self.0.iter().map(String::as_str).filter(named).collect()
    }

    /// The files that were opened, each once, in order.
    pub fn opened(&self) -> Vec<String> {
        let mut files: Vec<String> = self
            .of(&["openat", "open"])
            .into_iter()
            .filter(|call| !call.contains("= -1 "))
            .filter_map(|call| Some(call.rsplit_once('<')?.1.trim_end_matches('>').to_owned()))
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// Pages that were written to the log of the board.
    pub fn pages(&self) -> usize {
        let of_page = |call: &&&str| call.contains("kanban.db-wal>") && call.ends_with("= 4096");
        self.of(&["pwrite64"]).iter().filter(of_page).count()
    }

    /// Waits for the disk, for a file with this ending.
    pub fn syncs(&self, ending: &str) -> usize {
        let end = format!("{ending}>");
        self.of(&["fsync", "fdatasync"])
            .iter()
            .filter(|call| call.contains(&end))
            .count()
    }

    /// The highest number of a descriptor that was opened.
    pub fn highest_descriptor(&self) -> u32 {
        let given = |call: &&str| -> Option<u32> {
            let (_, given) = call.rsplit_once(" = ")?;
            given.split('<').next()?.parse().ok()
        };
        self.of(&[
            "openat",
            "socket",
            "dup",
            "eventfd2",
            "epoll_create1",
            "pidfd_open",
        ])
        .iter()
        .filter_map(given)
        .max()
        .unwrap_or(0)
    }

    /// The calls before the last one that has this in it.
    pub fn before_last(&self, part: &str) -> Self {
        let end = self.0.iter().rposition(|call| call.contains(part));
        Self(self.0[..end.unwrap_or(self.0.len())].to_vec())
    }
}
