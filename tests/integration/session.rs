//! A shell into which a document is typed, and whether what comes back is what the document says.
//!
//! `...` stands for anything, and alone on its line for any lines; ids, process ids, lengths of time, dates and
//! the width of columns may differ. An id of a document stands for one card from its first line to its last.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use regex::{Captures, Regex};

use crate::harness::{Home, PROGRAM};
use crate::transcript::{Command, Part, Place};

/// Nothing that a page shows takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Printed after each command, with its exit status.
const MARK: &str = "== exit status:";

/// What this machine may lack and a page shows, in a folder at the end of PATH: a user without a crontab.
fn stand_ins(home: &Home) -> PathBuf {
    let folder = home.path().join(".programs");
    std::fs::create_dir_all(&folder).unwrap();
    let crontab = folder.join("crontab");
    std::fs::write(
        &crontab,
        "#!/bin/sh\necho 'no crontab for you' >&2; exit 1\n",
    )
    .unwrap();
    std::fs::set_permissions(&crontab, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A shell in a home of its own, into which a document is typed.
pub struct Shell {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
    /// The ids of the document, and what they are here.
    ids: BTreeMap<String, String>,
    home: Home,
}

impl Shell {
    pub fn new() -> Self {
        let home = Home::new("");
        std::fs::remove_file(home.path().join("config.toml")).unwrap();
        Self::at_home(home)
    }

    /// A shell in a copy of this one's home, where nothing runs: whatever is done there is not done here.
    pub fn copy(&self) -> Self {
        let home = Home::new("");
        std::fs::remove_file(home.path().join("config.toml")).unwrap();
        let copied = home
            .command("cp")
            .args(["-R", "."])
            .arg(home.path())
            .current_dir(self.home.path())
            .status();
        assert!(copied.unwrap().success());
        let mut copy = Self::at_home(home);
        copy.ids.clone_from(&self.ids);
        copy
    }

    fn at_home(home: Home) -> Self {
        let programs = Path::new(PROGRAM).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = home
            .command("sh")
            .env_remove("KANBAN_HOME")
            .env("USER", "me")
            .env(
                "PATH",
                format!(
                    "{}:{path}:{}",
                    programs.display(),
                    stand_ins(&home).display()
                ),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "exec 2>&1").unwrap();
        Self {
            child,
            input,
            output,
            ids: BTreeMap::new(),
            home,
        }
    }

    /// Follows a document from beginning to end, and says what is not as it says.
    pub fn follow(&mut self, parts: &[Part]) -> Result<(), String> {
        for part in parts {
            match part {
                Part::Setup(line) => self.set_up(line)?,
                Part::File { path, into, text } => {
                    let path = self.home.path().join(path.trim_start_matches("~/"));
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    let mut whole = match into {
                        Place::New => String::new(),
                        Place::AtItsEnd => std::fs::read_to_string(&path).unwrap(),
                    };
                    whole.push_str(&self.with_ids(text));
                    std::fs::write(path, whole).unwrap();
                }
                Part::Command(command) if command.not_run.is_none() => self.check(command)?,
                Part::Command(_) | Part::Other(_) => {}
            }
        }
        Ok(())
    }

    /// Types lines that are not shown. `t_1a2b3c4d = COMMAND` gives the id that a command prints that name.
    fn set_up(&mut self, lines: &str) -> Result<(), String> {
        let named = Regex::new(r"^(t_[0-9a-f]{8}) = (.*)").unwrap();
        let mut rest = String::new();
        for line in lines.lines() {
            let Some(named) = named.captures(line) else {
                rest.push_str(line);
                rest.push('\n');
                continue;
            };
            if !rest.is_empty() {
                self.must(&std::mem::take(&mut rest))?;
            }
            let printed = self.must(&named[2])?;
            let id = id().find_iter(&printed).last();
            let id = id.ok_or_else(|| format!("{line}: printed no id: {printed}"))?;
            self.ids.insert(named[1].to_owned(), id.as_str().to_owned());
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.must(&rest).map(drop)
    }

    fn must(&mut self, typed: &str) -> Result<String, String> {
        match self.type_in(typed)? {
            (0, printed) => Ok(printed),
            (code, printed) => Err(format!("setup exits {code}: {typed}\n{printed}")),
        }
    }

    fn check(&mut self, command: &Command) -> Result<(), String> {
        let (code, printed) = self.type_in(&command.typed)?;
        let told = format!("$ {}\n{printed}(exit status {code})\n", command.typed);
        if code != command.exits {
            return Err(format!("{told}should exit {}", command.exits));
        }
        if command.printed.is_empty() {
            return Ok(());
        }
        let (pattern, new) = pattern(&self.with_ids(&command.printed), &self.ids);
        let trimmed: String = printed
            .lines()
            .map(|line| line.trim_end().to_owned() + "\n")
            .collect();
        let Some(found) = pattern.captures(&trimmed) else {
            return Err(format!("{told}should print\n{}", command.printed));
        };
        for (name, id) in new {
            self.ids.insert(id, found[name.as_str()].to_owned());
        }
        Ok(())
    }

    /// Types a command, and waits for its end: exit status, and what it printed.
    fn type_in(&mut self, typed: &str) -> Result<(i32, String), String> {
        let typed = self.with_ids(typed);
        writeln!(
            self.input,
            "{{ {typed}\n}} </dev/null\nprintf '\\n%s%s\\n' '{MARK}' $?"
        )
        .map_err(|e| format!("the shell is gone: {e}: {typed}"))?;
        let mut printed = String::new();
        loop {
            let line = self
                .output
                .recv_timeout(PATIENCE)
                .map_err(|e| format!("{e}: {typed}\n{printed}"))?;
            if let Some(code) = line.strip_prefix(MARK) {
                printed.pop();
                return Ok((code.parse().unwrap(), printed));
            }
            printed.push_str(&line);
            printed.push('\n');
        }
    }

    /// A text with the ids of here in place of those of the document.
    fn with_ids(&self, text: &str) -> String {
        id().replace_all(text, |found: &Captures<'_>| {
            let id = &found[0];
            self.ids.get(id).map_or(id, String::as_str).to_owned()
        })
        .into_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn id() -> Regex {
    Regex::new(r"\bt_[0-9a-f]{8}\b").unwrap()
}

/// What a text allows to be printed, and the ids that are new in it, by the name of their group.
fn pattern(text: &str, known: &BTreeMap<String, String>) -> (Regex, Vec<(String, String)>) {
    const ID: &str = "t_[0-9a-f]{8}";
    const MOMENT: &str = r"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?";
    const LENGTH: &str = r"\d+(\.\d+)? ?(ms|s|m|min|h|d)\b";
    // What does not stand for itself: each kind with what it allows.
    let kinds = [
        (r"\.\.\.", ".*?"),
        (r" +", " +"),
        (ID, ID),
        (MOMENT, MOMENT),
        (r"pid \d+", r"pid \d+"),
        (LENGTH, LENGTH),
    ];
    let alike: Vec<String> = kinds
        .iter()
        .map(|(from, _)| format!("(?:{from})"))
        .collect();
    let special = Regex::new(&alike.join("|")).unwrap();
    let kinds = kinds.map(|(from, to)| (Regex::new(&format!("^(?:{from})$")).unwrap(), to));
    let (mut whole, mut new): (_, Vec<(String, String)>) = (String::from("^"), Vec::new());
    for line in text.lines() {
        if line == "..." {
            whole.push_str("(?:.*\n)*?");
            continue;
        }
        let mut at = 0;
        for found in special.find_iter(line) {
            whole.push_str(&regex::escape(&line[at..found.start()]));
            at = found.end();
            let word = found.as_str();
            let (_, allowed) = kinds.iter().find(|(kind, _)| kind.is_match(word)).unwrap();
            if *allowed != ID || new.iter().any(|(_, id)| id == word) {
                let _ = write!(whole, "(?:{allowed})");
            } else if known.values().any(|id| id == word) {
                whole.push_str(word);
            } else {
                let name = format!("id{}", new.len());
                let _ = write!(whole, "(?<{name}>{ID})");
                new.push((name, word.to_owned()));
            }
        }
        whole.push_str(&regex::escape(&line[at..]));
        whole.push('\n');
    }
    whole.push('$');
    (Regex::new(&whole).unwrap(), new)
}

#[test]
fn what_is_printed_is_held_to_what_is_written_forgivingly() {
    let no_ids = BTreeMap::new();
    let fits = |written: &str, printed: &str| pattern(written, &no_ids).0.is_match(printed);
    assert!(fits("done  3s ago\n", "done 12ms ago\n"));
    assert!(fits("a\n...\nz\n", "a\nb\nc\nz\n") && fits("a...z\n", "a b z\n"));
    assert!(fits("at 2026-01-01 10:00\n", "at 2030-12-31 23:59:01\n"));
    assert!(fits("t_00000000 (x)\n", "t_1a2b3c4d (x)\n"));
    assert!(!fits("done\n", "done\nmore\n") && !fits("done\n", "dOne\n"));
    assert!(!fits("t_0000000\n", "t_1a2b3c4\n"));
}
