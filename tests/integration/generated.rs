//! What is generated from the command line's definition is committed, and is what would be generated
//! now. `UPDATE=1 cargo test --test integration generated` rewrites it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::{Shell, generate};

/// Pages that no command line defines, written by hand.
const BY_HAND: [&str; 9] = [
    "man/kanban-config.5",
    "man/kanban-agents.7",
    "man/kanban-ci.7",
    "man/kanban-cron.7",
    "man/kanban-hermes.7",
    "man/kanban-json.7",
    "man/kanban-notifications.7",
    "man/kanban-performance.7",
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

/// Pages that say more about what a command does, by the beginning of its name.
const RELATED: [(&str, &str); 25] = [
    ("kanban-block", "kanban-agents.7"),
    ("kanban-cancel", "kanban-security.7"),
    ("kanban-comment", "kanban-agents.7"),
    ("kanban-complete", "kanban-agents.7"),
    ("kanban-config", "kanban-config.5"),
    ("kanban-context", "kanban-agents.7"),
    ("kanban-create", "kanban-ci.7"),
    ("kanban-deliveries", "kanban-notifications.7"),
    ("kanban-doctor", "kanban-cron.7"),
    ("kanban-gc", "kanban-performance.7"),
    ("kanban-heartbeat", "kanban-agents.7"),
    ("kanban-init", "kanban-hermes.7"),
    ("kanban-mcp", "kanban-agents.7"),
    ("kanban-notify", "kanban-notifications.7"),
    ("kanban-reclaim", "kanban-security.7"),
    ("kanban-request", "kanban-agents.7"),
    ("kanban-status", "kanban-cron.7"),
    ("kanban-stop", "kanban-security.7"),
    ("kanban-subscri", "kanban-notifications.7"),
    ("kanban-tick", "kanban-ci.7"),
    ("kanban-tick", "kanban-cron.7"),
    ("kanban-timer", "kanban-cron.7"),
    ("kanban-unblock", "kanban-agents.7"),
    ("kanban-unsubscribe", "kanban-notifications.7"),
    ("kanban-vacuum", "kanban-performance.7"),
];

/// The page of a command: what clap knows of it, then what its help says after the options, section by section.
fn page(command: &Command, name: &str) -> String {
    let man = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .date("")
        .source("kanban")
        .manual("kanban");
    let mut out = Vec::new();
    man.render_title(&mut out).unwrap();
    man.render_name_section(&mut out).unwrap();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    out.extend(format!(".SH SYNOPSIS\n{}\n", escaped(usage)).bytes());
    man.render_description_section(&mut out).unwrap();
    man.render_options_section(&mut out).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out).unwrap();
    }
    let mut text = String::from_utf8(out).unwrap();
    let help = command.get_after_long_help().map(ToString::to_string);
    text.push_str(&sections(&help.unwrap_or_default()));
    if !text.contains("\n.SH EXIT STATUS\n") {
        text.push_str(".SH EXIT STATUS\n0 if it was done; else as in\n.BR kanban (1).\n");
    }
    text.push_str(".SH SEE ALSO\n");
    let beyond = |file: &str| match name {
        "kanban" => true,
        _ => RELATED
            .iter()
            .any(|(verb, page)| name.starts_with(verb) && *page == file),
    };
    let mut pages: Vec<&str> = BY_HAND
        .iter()
        .map(|page| page.trim_start_matches("man/"))
        .filter(|page| beyond(page))
        .collect();
    if name != "kanban" {
        pages.insert(0, "kanban.1");
    }
    pages.sort_by_key(|page| page.rsplit('.').next());
    let pages = pages.iter().map(|page| {
        let (name, section) = page.rsplit_once('.').unwrap();
        format!(".BR {} ({section})", escaped(name))
    });
    text.push_str(&pages.collect::<Vec<_>>().join(",\n"));
    text.push('\n');
    text
}

/// What a help says after the options: a heading that ends in a colon, and lines below it that are set in.
fn sections(help: &str) -> String {
    let mut text = String::new();
    let mut open = false;
    for line in help.trim_end().lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            text.push_str(if open { ".EE\n" } else { "" });
            text.push_str(&format!(".SH {}\n.EX\n", heading.to_uppercase()));
            open = true;
        } else {
            text.push_str(&escaped(line.strip_prefix("  ").unwrap_or(line)));
            text.push('\n');
        }
    }
    text.push_str(if open { ".EE\n" } else { "" });
    text.replace("\n\n.EE\n", "\n.EE\n")
}

/// A line as roff shows it.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    let line = line.replace('\'', "\\(aq").replace('`', "\\(ga");
    let line = line.replace('~', "\\(ti").replace('^', "\\(ha");
    match line.starts_with('.') {
        true => format!("\\&{line}"),
        false => line,
    }
}

/// A page for each subcommand and for the subcommands of these, as their pages refer to them.
fn add_pages(command: &Command, name: &str, files: &mut BTreeMap<PathBuf, String>) {
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = format!("{name}-{}", sub.get_name());
        files.insert(format!("man/{name}.1").into(), page(sub, &name));
        add_pages(sub, &name, files);
    }
}

fn pages() -> BTreeMap<PathBuf, String> {
    let tree = visible();
    let mut files = BTreeMap::new();
    files.insert("man/kanban.1".into(), page(&tree, "kanban"));
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
