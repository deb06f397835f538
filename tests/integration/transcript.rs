//! Sessions as documents show them: what is typed after `$ `, and what it prints.
//!
//! In a manual page they stand in literal blocks (`.EX`, `.EE`). Lines after `> ` belong to the command above
//! them. What follows a command, if anything, is what it prints. Comments say the rest:
//!
//! ```text
//! .\" setup: LINE      typed before what follows, and not shown
//! .\" file: PATH       the next block is what this file holds
//! .\" more: PATH       the next block is added to this file
//! .\" exits: CODE      the next command does not end with 0
//! .\" not run: REASON  the next command cannot be run in a test; its words are looked at
//! ```

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
    if !setup.is_empty() {
        parts.push(Part::Setup(setup));
    }
    parts
}

/// The sessions of a text with fenced blocks that are called `console`.
pub fn of_markdown(text: &str) -> Vec<Part> {
    let blocks = text.split("```console\n").skip(1);
    blocks
        .flat_map(|rest| {
            let block = rest.split("```").next().unwrap_or_default();
            of_block(&block.lines().map(str::to_owned).collect::<Vec<_>>())
        })
        .collect()
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

#[test]
fn a_page_is_read_as_it_says() {
    let page = ".EX\n$ a \\-b\n> c\nprinted\n.\\\" exits: 3\n$ d\n.EE\n";
    match &of_manual(page)[..] {
        [Part::Command(first), Part::Command(second)] => {
            assert_eq!((&*first.typed, &*first.printed), ("a -b\nc", "printed\n"));
            assert_eq!((&*second.typed, second.exits), ("d", 3));
        }
        other => panic!("{other:?}"),
    }
}
