//! The live board on a terminal, and questions that are asked on one.

use rustix::process::Signal;
use rustix::termios::LocalModes;

use crate::harness::Home;
use crate::terminal::Terminal;

const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

fn home() -> Home {
    Home::new("[workers.me]\npull = true\n[workers.slow]\ncommand = [\"sleep\", \"300\"]\n")
}

fn watch(home: &Home, columns: u16, rows: u16) -> Terminal {
    let terminal = Terminal::start(home, &["watch"], columns, rows);
    home.wait_until("the board is drawn", || {
        terminal.page().contains("q leaves")
    });
    terminal
}

/// The lines of a page without what only moves or colours.
fn lines(page: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain += before;
        rest = after.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        rest = rest.get(1..).unwrap_or_default();
    }
    (plain + rest).lines().map(str::to_owned).collect()
}

#[test]
fn it_draws_draws_again_and_leaves_everything_as_it_was() {
    let home = home();
    let hostile = home.create("evil \u{1b}[2J\u{1b}]0;x\u{7} title", "me", &[]);
    let mut terminal = Terminal::start(&home, &["watch"], 100, 30);
    home.wait_until("the board is drawn", || {
        terminal.page().contains("q leaves")
    });
    assert!(terminal.shown().starts_with(ENTER));
    let raw = terminal.settings().local_modes;
    assert!(!raw.intersects(LocalModes::ECHO | LocalModes::ICANON));
    assert!(!terminal.shown().contains("\u{1b}[2J") && !terminal.shown().contains('\u{7}'));
    home.create("another one", "me", &[]);
    home.wait_until("the new card shows", || {
        terminal.page().contains("another one")
    });
    home.ok(&["complete", &hostile]);
    home.wait_until("the event shows", || {
        lines(&terminal.page())
            .iter()
            .any(|l| l.contains("completed"))
    });
    terminal.press("xyz");
    terminal.press("q");
    assert!(terminal.end(&home).success());
    let modes = terminal.settings().local_modes;
    assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON));
    home.wait_until("the screen is given back", || {
        terminal.shown().ends_with(LEAVE)
    });
    assert!(terminal.shown().contains("\u{1b}[?25h"));
}

#[test]
fn a_signal_leaves_it_cleanly() {
    let home = home();
    home.create("x", "me", &[]);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut terminal = watch(&home, 100, 30);
        terminal.signal(signal);
        assert!(terminal.end(&home).success(), "{signal:?}");
        home.wait_until("the screen is given back", || {
            terminal.shown().ends_with(LEAVE)
        });
        assert!(terminal.settings().local_modes.contains(LocalModes::ECHO));
    }
}

#[test]
fn it_fits_any_size() {
    let home = home();
    for n in 0..20 {
        home.create(&format!("a rather long title of card {n}"), "me", &[]);
    }
    let slow = home.create("a run that takes long", "slow", &[]);
    home.ok(&["tick"]);
    let terminal = watch(&home, 120, 40);
    for (columns, rows) in [(40, 12), (200, 50), (20, 5), (80, 24)] {
        terminal.resize(columns, rows);
        let drawn = |page: &str| {
            let lines = lines(page);
            let widest = lines.iter().map(|line| line.chars().count()).max();
            let fits = lines.len() <= usize::from(rows);
            // Only the history is cut by the terminal itself.
            fits && widest.is_some_and(|w| w >= usize::from(columns) * 3 / 4)
                && lines[0].contains("default")
                && page.ends_with("\u{1b}[J")
        };
        home.wait_until("it is drawn in its new size", || drawn(&terminal.page()));
        let page = lines(&terminal.page());
        if rows >= 24 {
            assert!(
                page.iter()
                    .any(|l| l.starts_with(&slow) && l.contains("slow")),
                "{page:#?}"
            );
            assert!(page.iter().any(|l| l.contains("spawned")), "{page:#?}");
        }
    }
    home.ok(&["stop", &slow]);
}

#[test]
fn no_color_and_no_utf8_are_heeded() {
    let home = home()
        .with("NO_COLOR", "1")
        .with("LANG", "C")
        .with("LC_ALL", "C");
    home.create("x", "me", &[]);
    let terminal = watch(&home, 100, 30);
    let page = terminal.page();
    assert!(
        page.is_ascii() && !page.contains("\u{1b}[1m") && !page.contains("\u{1b}[2m"),
        "{page:?}"
    );
}

#[test]
fn it_holds_nobody_up_and_says_when_the_board_is_gone() {
    let home = home();
    home.create("first", "me", &[]);
    let mut terminal = watch(&home, 100, 30);
    home.create("second", "me", &[]);
    home.wait_until("the second shows", || terminal.page().contains("second"));
    // It reads for moments only; a transaction that stayed open would keep the log as it is for ever.
    home.wait_until("a tick empties the log", || {
        home.json(&["tick"])["checkpoint"] == "truncated"
    });
    home.ok(&["boards", "archive", "default"]);
    assert_eq!(terminal.end(&home).code(), Some(3));
    home.wait_until("it says that the board is gone", || {
        terminal.shown().contains("there is no board at")
    });
    assert!(terminal.settings().local_modes.contains(LocalModes::ECHO));
}

#[test]
fn without_a_terminal_it_is_refused() {
    let home = home();
    home.create("x", "me", &[]);
    let refused = home.kanban(&["watch"]).expect(2);
    assert!(
        refused.stderr.contains("events --follow"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stdout, "");
    home.kanban(&["watch", "--json"]).expect(2);
    home.kanban(&["watch", "--interval", "0s"]).expect(2);
}

#[test]
fn a_person_is_asked_before_something_is_lost() {
    let home = home();
    let card = home.create("x", "me", &[]);
    std::fs::write(home.path().join("a.txt"), "one").unwrap();
    home.ok(&["attach", &card, "a.txt"]);
    for (answer, code, left) in [("\n", 1, 1), ("no\n", 1, 1), ("y\n", 0, 0)] {
        let mut terminal = Terminal::start(&home, &["detach", &card, "a.txt"], 80, 24);
        home.wait_until("it asks", || terminal.shown().contains("[y/N]"));
        assert!(
            terminal.shown().contains("a.txt (3 bytes)"),
            "{}",
            terminal.shown()
        );
        terminal.press(answer);
        assert_eq!(terminal.end(&home).code(), Some(code), "{answer:?}");
        let files = home.json(&["attachments", &card]);
        assert_eq!(files.as_array().unwrap().len(), left);
    }
}
