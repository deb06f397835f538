//! What is generated from the command line's definition is committed, and is what would be generated
//! now. `UPDATE=1 cargo test --test integration generated` rewrites it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::{Shell, generate};

/// Pages that no command line defines, written by hand.
const BY_HAND: [&str; 7] = [
    "man/kanban-config.5",
    "man/kanban-agents.7",
    "man/kanban-ci.7",
    "man/kanban-cron.7",
    "man/kanban-hermes.7",
    "man/kanban-notifications.7",
    "man/kanban-security.7",
];

/// The tree as people see it: without hidden commands.
fn visible() -> Command {
    let mut whole = kanban::cli::command();
    whole.build();
    let mut tree = kanban::cli::command().disable_help_subcommand(true);
    let hidden: Vec<String> = whole
        .get_subcommands()
        .filter(|c| c.is_hide_set())
        .map(|c| c.get_name().to_owned())
        .collect();
    let kept: Vec<Command> = tree
        .get_subcommands()
        .filter(|c| !hidden.iter().any(|h| h == c.get_name()))
        .cloned()
        .collect();
    let mut bare = Command::new("kanban");
    if let Some(about) = tree.get_about() {
        bare = bare.about(about.clone());
    }
    if let Some(about) = tree.get_long_about() {
        bare = bare.long_about(about.clone());
    }
    if let Some(after) = tree.get_after_long_help() {
        bare = bare.after_long_help(after.clone());
    }
    bare = bare
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true);
    bare = bare
        .args(tree.get_arguments().cloned().collect::<Vec<_>>())
        .subcommands(kept);
    tree = bare;
    tree.build();
    tree
}

fn page(command: &Command) -> String {
    let mut out = Vec::new();
    clap_mangen::Man::new(command.clone())
        .date("")
        .manual("kanban")
        .render(&mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// A page for each subcommand and for the subcommands of these, as their pages refer to them.
fn add_pages(command: &Command, name: &str, files: &mut BTreeMap<PathBuf, String>) {
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = format!("{name}-{}", sub.get_name());
        files.insert(format!("man/{name}.1").into(), page(sub));
        add_pages(sub, &name, files);
    }
}

fn pages() -> BTreeMap<PathBuf, String> {
    let tree = visible();
    let mut files = BTreeMap::new();
    files.insert("man/kanban.1".into(), page(&tree));
    add_pages(&tree, "kanban", &mut files);
    for (shell, file) in [
        (Shell::Bash, "kanban.bash"),
        (Shell::Zsh, "_kanban"),
        (Shell::Fish, "kanban.fish"),
        (Shell::Elvish, "kanban.elv"),
        (Shell::PowerShell, "_kanban.ps1"),
    ] {
        let mut out = Vec::new();
        generate(shell, &mut visible(), "kanban", &mut out);
        files.insert(
            format!("completions/{file}").into(),
            String::from_utf8(out).unwrap(),
        );
    }
    files
}

#[test]
fn man_pages_and_completions_are_those_of_this_command_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = pages();
    if std::env::var_os("UPDATE").is_some() {
        for (path, text) in &files {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
    }
    let mut wrong: Vec<String> = files
        .iter()
        .filter(|(path, text)| std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(text))
        .map(|(path, _)| format!("{} is out of date", path.display()))
        .collect();
    for folder in ["man", "completions"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().flatten() {
            let path = Path::new(folder).join(entry.file_name());
            let by_hand = BY_HAND.iter().any(|page| path == Path::new(page));
            if !files.contains_key(&path) && !by_hand {
                wrong.push(format!("{} belongs to no command", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE=1 cargo test --test integration generated rewrites them",
        wrong.join("\n")
    );
    assert!(
        !files.values().any(|text| text.contains("supervise")),
        "the hidden command shows"
    );
}

#[test]
fn pages_by_hand_are_sound() {
    for page in BY_HAND {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().all(|line| line.len() <= 80), "{page}");
        let lint = std::process::Command::new("mandoc")
            .args(["-Tlint", "-Wstyle"])
            .arg(&path)
            .output();
        match lint {
            Ok(lint) => assert!(
                lint.status.success(),
                "{}",
                String::from_utf8_lossy(&lint.stdout)
            ),
            Err(e) => eprintln!("skipped: mandoc: {e}"),
        }
    }
}
