//! The manual pages of sections 5 and 7 keep their word: every command that they show is run, one page after
//! the other in a home of its own, and every command that cannot be run in a test is one that this program has.

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
fn each(sections: &[&str], check: impl Fn(&str) -> Result<(), String>) {
    let wrong: Vec<String> = pages(sections)
        .iter()
        .filter_map(|(path, page)| Some(format!("{}: {}", path.display(), check(page).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_command_that_a_page_shows_does_what_it_shows() {
    each(&["5", "7"], |page| {
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
    each(&["5", "7"], |page| {
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
                    let at = words.iter().position(|word| word == "kanban");
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
