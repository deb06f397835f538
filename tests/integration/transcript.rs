//! Sessions as documents show them: what is typed after `$ `, and what it prints. They are typed into a real
//! shell, and what comes back has to be what the document says.
//!
//! In a manual page they stand in literal blocks (`.EX`, `.EE`). Lines after `> ` belong to the command above
//! them. What follows a command, if anything, is what it prints: `...` stands for anything, alone on its line
//! for any lines; ids, lengths of time, dates and the width of columns may differ. Comments say the rest:
//!
//! ```text
//! .\" setup: LINE      typed before what follows, and not shown
//! .\" file: PATH       the next block is what this file holds
//! .\" more: PATH       the next block is added to this file
//! .\" exits: CODE      the next command does not end with 0
//! .\" not run: REASON  the next command cannot be run in a test; its words are looked at
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use regex::{Captures, Regex};

use crate::harness::{Home, PROGRAM};

/// Nothing that a page shows takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Printed after each command, with its exit status.
const MARK: &str = "== exit status:";

/// A part of a document, in its order.
#[derive(Debug)]
pub enum Part {
    /// Typed, and not shown.
    Setup(String),
    /// What a file holds.
    File {
        path: String,
        into: Place,
        text: String,
    },
    /// What is typed, and what it prints.
    Command(Command),
    /// A block that is neither: a part of some file, or data.
    Other(String),
}

/// Where a text stands in its file.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    New,
    AtItsEnd,
}

/// What is typed, and what it prints.
#[derive(Debug, Default)]
pub struct Command {
    pub typed: String,
    pub printed: String,
    pub exits: i32,
    pub not_run: Option<String>,
}

/// The text of a line of a manual page as it is shown.
pub fn shown(line: &str) -> String {
    let mut text = line.to_owned();
    for (roff, plain) in [
        ("\\-", "-"),
        ("\\(aq", "'"),
        ("\\*(Aq", "'"),
        ("\\(dq", "\""),
        ("\\(lq", "\u{201c}"),
        ("\\(rq", "\u{201d}"),
        ("\\(ha", "^"),
        ("\\(ti", "~"),
        ("\\(ga", "`"),
        ("\\(bu", "\u{2022}"),
        ("\\[u2026]", "\u{2026}"),
        ("\\&", ""),
        ("\\e", "\\"),
    ] {
        text = text.replace(roff, plain);
    }
    text
}

/// The sessions of a manual page.
pub fn of_manual(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut block: Option<Vec<String>> = None;
    let (mut setup, mut file) = (String::new(), None);
    for line in page.lines() {
        let said = line.strip_prefix(".\\\" ");
        if let Some(line) = said.and_then(|said| said.strip_prefix("setup: ")) {
            setup.push_str(line);
            setup.push('\n');
            continue;
        }
        if !setup.is_empty() {
            parts.push(Part::Setup(std::mem::take(&mut setup)));
        }
        for (how, what) in [("file: ", Place::New), ("more: ", Place::AtItsEnd)] {
            if let Some(path) = said.and_then(|said| said.strip_prefix(how)) {
                file = Some((path.to_owned(), what));
            }
        }
        match (&mut block, line) {
            (None, ".EX" | ".nf") => block = Some(Vec::new()),
            (Some(lines), ".EE" | ".fi") => {
                match file.take() {
                    Some((path, into)) => parts.push(Part::File {
                        path,
                        into,
                        text: lines.join("\n") + "\n",
                    }),
                    None => parts.extend(of_block(lines)),
                }
                block = None;
            }
            (Some(lines), _) => lines.push(shown(line)),
            (None, _) => {}
        }
    }
    parts
}

/// The commands of a block, or the block as it is if it has none.
fn of_block(lines: &[String]) -> Vec<Part> {
    if !lines.iter().any(|line| line.starts_with("$ ")) {
        return vec![Part::Other(lines.join("\n"))];
    }
    let mut commands: Vec<Command> = Vec::new();
    let mut next = Command::default();
    for line in lines {
        if let Some(typed) = line.strip_prefix("$ ") {
            typed.clone_into(&mut next.typed);
            commands.push(std::mem::take(&mut next));
        } else if let Some(code) = line.strip_prefix(".\\\" exits: ") {
            next.exits = code.parse().unwrap();
        } else if let Some(reason) = line.strip_prefix(".\\\" not run: ") {
            next.not_run = Some(reason.to_owned());
        } else if let Some(command) = commands.last_mut() {
            match line.strip_prefix("> ") {
                Some(more) => {
                    command.typed.push('\n');
                    command.typed.push_str(more);
                }
                None => {
                    command.printed.push_str(line.trim_end());
                    command.printed.push('\n');
                }
            }
        } else {
            panic!("{line:?} stands before the first command of its block");
        }
    }
    commands.into_iter().map(Part::Command).collect()
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
        let programs = Path::new(PROGRAM).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = home
            .command("sh")
            .env_remove("KANBAN_HOME")
            .env("USER", "me")
            .env("PATH", format!("{}:{path}", programs.display()))
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
    let page = ".EX\n$ a \\-b\n> c\nprinted\n.\\\" exits: 3\n$ d\n.EE\n";
    match &of_manual(page)[..] {
        [Part::Command(first), Part::Command(second)] => {
            assert_eq!((&*first.typed, &*first.printed), ("a -b\nc", "printed\n"));
            assert_eq!((&*second.typed, second.exits), ("d", 3));
        }
        other => panic!("{other:?}"),
    }
}
