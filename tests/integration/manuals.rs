//! The manual pages keep their word: every command that they show is run, each page in a home of its own, and
//! every command that cannot be run in a test is one that this program has.

use std::path::{Path, PathBuf};

use crate::session::Shell;
use crate::transcript::{Part, of_manual, shown};

/// The pages of these sections, with their text.
fn pages(sections: &[&str]) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| sections.iter().any(|s| path.extension().unwrap() == *s))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    pages.sort();
    pages
}

/// Every page, each in its turn; what is wrong with several is said at once.
fn each(sections: &[&str], check: impl Fn(&str, &str) -> Result<(), String>) {
    let wrong: Vec<String> = pages(sections)
        .iter()
        .filter_map(|(path, page)| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            Some(format!("{}: {}", path.display(), check(name, page).err()?))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_command_that_a_page_shows_does_what_it_shows() {
    each(&["5", "7"], |_, page| {
        let parts = of_manual(page);
        let run = |part: &Part| matches!(part, Part::Command(c) if c.not_run.is_none());
        if !parts.iter().any(run) {
            return Err("shows no command that can be run".to_owned());
        }
        Shell::new().follow(&parts)
    });
}

#[test]
fn every_command_that_a_page_names_is_one_of_this_program() {
    each(&["1", "5", "7"], |_, page| {
        for part in of_manual(page) {
            match part {
                Part::Command(command) => {
                    for words in calls(&command.typed) {
                        parses(&words)?;
                    }
                }
                Part::Other(block) if block.lines().any(|l| l.starts_with("kanban ")) => {
                    return Err(format!("a command is shown without \"$ \": {block}"));
                }
                Part::File { text, .. } | Part::Other(text) => {
                    for words in calls(&text).iter().filter(|words| is_verb(&words[1])) {
                        parses(words)?;
                    }
                }
                Part::Setup(_) => {}
            }
        }
        for line in page.lines().filter(|line| line.starts_with(".B")) {
            let (_, text) = line.split_once(' ').unwrap_or_default();
            named(&shown(text).replace('"', ""))?;
        }
        let joined = shown(&page.replace('\n', " "));
        for bold in joined.split("\\fB").skip(1) {
            named(bold.split("\\fP").next().unwrap_or_default())?;
        }
        Ok(())
    });
}

/// The home that the examples of the pages of section 1 are run in. The first delivery is one that failed, as
/// nothing else had ended by then.
const PREPARED: &str = r#"
.\" file: ~/.config/kanban/config.toml
.EX
[workers.coder]
command = ["sh", "-c", "echo mended the login"]
[workers.tests]
command = ["sh", "-c", "echo 1 test failed; exit 1"]
[workers.slow]
command = ["sh", "-c", "touch started; exec sleep 600"]
[workers.me]
pull = true
[channels.chat]
kind = "command"
command = ["false"]
events = ["completed"]
[channels.team]
kind = "command"
command = ["true"]
.EE
.\" setup: t_4d5e6f7a = kanban create "Build it" --assignee coder
.\" setup: kanban tick --wait
.\" setup: t_3c4d5e6f = kanban create "Test it" --assignee tests --max-retries 1
.\" setup: kanban tick --wait || true
.\" setup: t_1a2b3c4d = kanban create "Mend the login" --assignee coder
.\" setup: t_2b3c4d5e = kanban create "Announce it" --assignee me --parent t_1a2b3c4d
.\" setup: t_5e6f7a8b = kanban create "Split the parser" --assignee coder --triage
.\" setup: t_7a8b9c0d = kanban create "Write it up" --assignee me
.\" setup: kanban request-review t_7a8b9c0d
.\" setup: echo text | tee notes.md >screenshot.png
"#;

/// What some of them need beyond that.
const NEEDED: [(&str, &str); 5] = [
    ("kanban", "kanban archive t_3c4d5e6f"),
    (
        "kanban-create",
        "printf '[[cards]]\ntitle = \"x\"\n' >cards.toml",
    ),
    ("kanban-detach", "kanban attach t_1a2b3c4d screenshot.png"),
    ("kanban-init", "mkdir .hermes"),
    ("kanban-tick", "kanban archive t_3c4d5e6f"),
];

/// Examples that need a worker at work on t_6f7a8b9c.
const AT_WORK: [&str; 2] = ["kanban-reclaim", "kanban-stop"];

/// What cannot be run in a test, by how it begins, and why.
const NOT_RUN: [(&str, &str); 9] = [
    ("\"$KANBAN_BIN\"", "a worker calls it"),
    ("claude ", "an agent that is not installed"),
    ("dmesg ", "for root on some machines"),
    ("git log", "the home is no repository"),
    (
        "kanban events --follow",
        "it goes on until it is interrupted",
    ),
    (
        "kanban graph t_1a2b3c4d --dot",
        "Graphviz is not everywhere",
    ),
    (
        "kanban timer install",
        "it would write a timer of this user",
    ),
    ("kanban timer remove", "it looks at the timers of this user"),
    ("kanban watch", "it needs a terminal"),
];

#[test]
fn every_verb_has_examples_and_they_work() {
    let mut prepared = Shell::new();
    prepared.follow(&of_manual(PREPARED)).unwrap();
    let group = kanban::cli::command();
    each(&["1"], |name, page| {
        let verb = name.strip_prefix("kanban-").unwrap_or_default();
        let Some((_, examples)) = page.split_once("\n.SH EXAMPLES\n") else {
            let of_others = group.find_subcommand(verb);
            return match of_others.is_some_and(|c| c.has_subcommands()) {
                true => Ok(()),
                false => Err("has no example".to_owned()),
            };
        };
        let mut parts: Vec<Part> = Vec::new();
        if AT_WORK.contains(&name) {
            parts.push(Part::Setup(
                "t_6f7a8b9c = kanban create Sleep --assignee slow".to_owned(),
            ));
            parts.push(Part::Setup("kanban tick".to_owned()));
        }
        let needed = NEEDED.iter().filter(|(verb, _)| *verb == name);
        parts.extend(needed.map(|(_, lines)| Part::Setup((*lines).to_owned())));
        parts.extend(of_manual(examples).into_iter().filter_map(to_be_run));
        prepared.copy().follow(&parts)
    });
}

/// A command of a page of section 1 that can be run here. The others are held against the command line.
fn to_be_run(part: Part) -> Option<Part> {
    match part {
        Part::Command(command) => {
            let not = NOT_RUN
                .iter()
                .any(|(start, _)| command.typed.starts_with(start));
            (!not).then_some(Part::Command(command))
        }
        _ => None,
    }
}

/// The calls of this program in a script, each as its words. Quotes group; what a shell would put in the place
/// of a variable stays as it is.
fn calls(script: &str) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = Vec::new();
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let text = script.replace("\\\n", " ");
    for c in text.chars().chain(['\n']) {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_whitespace() || "|;&()<>`".contains(c) => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if c != ' ' {
                    // xargs adds the cards that it reads.
                    if words.iter().any(|word| word == "xargs") {
                        words.push("t_1a2b3c4d".to_owned());
                    }
                    words.truncate(words.iter().position(|w| w == "#").unwrap_or(words.len()));
                    let at = words
                        .iter()
                        .rposition(|word| word == "kanban" || word == "$KANBAN_BIN");
                    calls.extend(at.map(|at| words.split_off(at)));
                    words.clear();
                }
            }
            (None, c) => word.push(c),
        }
    }
    calls.retain(|words| words.len() > 1);
    calls
}

/// Whether this program has such a subcommand.
fn is_verb(word: &str) -> bool {
    let tree = kanban::cli::command();
    tree.find_subcommand(word).is_some()
}

/// Fails unless the command line takes these words. Variables of a shell stand for a card.
fn parses(words: &[String]) -> Result<(), String> {
    let filled = words.iter().map(|word| match word.starts_with('$') {
        true => "t_1a2b3c4d",
        false => word,
    });
    match kanban::cli::command().try_get_matches_from(filled) {
        Err(e) if e.use_stderr() => Err(format!("{}: {e}", words.join(" "))),
        _ => Ok(()),
    }
}

/// Fails if a name in bold is a command that does not exist, or has an option that does not.
fn named(text: &str) -> Result<(), String> {
    let mut words = text.split_whitespace();
    if words.next() != Some("kanban") {
        return Ok(());
    }
    let mut tree = kanban::cli::command();
    tree.build();
    let mut command = &tree;
    for word in words {
        let word = word.replace("\\fR[\\fP", "").replace("\\fR]\\fP", "");
        if let Some(option) = word.strip_prefix("--") {
            let option = option.split('=').next().unwrap_or_default();
            if !command
                .get_arguments()
                .any(|arg| arg.get_long() == Some(option))
            {
                return Err(format!("no such option: {text}"));
            }
        } else if let Some(sub) = command.find_subcommand(&word) {
            command = sub;
        } else if command.has_subcommands() && word.chars().all(|c| c.is_ascii_lowercase()) {
            return Err(format!("no such command: {text}"));
        }
    }
    Ok(())
}
