//! The slots of the machine are shared: where boards want more of them than there are, each has its turn.
//!
//! Every worker here says on which board it runs, and the first ones wait to be let go, so that what is compared is
//! an order and never a time. No tick is run after that: what follows is the doing of those that ended.

use crate::harness::{Home, text};

/// Two slots. A board may have as many workers as it likes.
const CONFIG: &str = r#"
[defaults]
max_in_progress = 100
max_in_progress_per_worker = 100
[host]
max_in_progress = 2
[workers.ok]
command = ["sh", "-c", "echo $KANBAN_BOARD >> $HOME/order; while [ -d $HOME ] && [ ! -e $HOME/go ]; do sleep 0.01; done"]
"#;

/// A home with boards of so many cards each.
fn home(boards: &[(&str, usize)]) -> Home {
    let home = Home::new(CONFIG);
    for (board, cards) in boards {
        home.ok(&["boards", "create", board]);
        for _ in 0..*cards {
            home.create("x", "ok", &["--board", board]);
        }
    }
    home
}

fn order(home: &Home) -> Vec<String> {
    let all = std::fs::read_to_string(home.path().join("order")).unwrap_or_default();
    all.lines().map(str::to_owned).collect()
}

/// Lets all workers go.
fn go(home: &Home) {
    std::fs::write(home.path().join("go"), "").unwrap();
}

fn wait_until_done(home: &Home, boards: &[&str]) {
    for board in boards {
        home.wait_until(&format!("{board} is done"), || {
            let cards = home.json(&["list", "--board", board]);
            let mut cards = cards.as_array().unwrap().iter();
            cards.all(|card| card["status"] == "done")
        });
    }
}

/// How many workers of the first board began before each of the others had one.
fn lead(home: &Home, first: &str, others: &[&str]) -> usize {
    let order = order(home);
    let of = |board: &&str| order.iter().position(|one| one == board).unwrap();
    let last = others.iter().map(of).max().unwrap();
    order[..last].iter().filter(|one| *one == first).count()
}

#[test]
fn one_busy_board_among_ten_starves_no_other() {
    // Whether their ticks run side by side, or that of the busy one is over when the next begins.
    one_busy_board_among_ten(&["tick", "--all"]);
    one_busy_board_among_ten(&["tick", "--all", "--jobs", "1"]);
}

fn one_busy_board_among_ten(tick: &[&str]) {
    let small: Vec<String> = (0..9).map(|n| format!("small{n}")).collect();
    let small: Vec<&str> = small.iter().map(String::as_str).collect();
    let mut boards = vec![("busy", 30)];
    boards.extend(small.iter().map(|board| (*board, 1)));
    let home = home(&boards);
    home.ok(tick);
    home.wait_until("both slots are used", || order(&home).len() == 2);
    assert!(order(&home).iter().filter(|b| *b == "busy").count() <= 1);
    go(&home);
    wait_until_done(&home, &small);
    wait_until_done(&home, &["busy"]);
    assert!(lead(&home, "busy", &small) <= 5, "{:?}", order(&home));
    assert_eq!(order(&home).len(), 39);
}

#[test]
fn a_board_whose_tick_is_over_has_its_turn_when_a_slot_is_given_back() {
    let home = home(&[("busy", 20), ("small", 1)]);
    home.ok(&["tick", "--board", "busy"]);
    home.wait_until("it has both slots", || order(&home) == ["busy", "busy"]);
    let waits = home.json(&["tick", "--board", "small"]);
    assert_eq!(waits["waiting"][0]["reason"], "host_full");
    go(&home);
    wait_until_done(&home, &["small", "busy"]);
    assert!(lead(&home, "busy", &["small"]) <= 5, "{:?}", order(&home));
}

#[test]
fn two_busy_boards_have_a_slot_each() {
    let home = home(&[("a", 12), ("b", 12)]);
    home.ok(&["tick", "--all"]);
    home.wait_until("both slots are used", || order(&home).len() == 2);
    let mut first = order(&home);
    first.sort();
    assert_eq!(first, ["a", "b"]);
    go(&home);
    wait_until_done(&home, &["a", "b"]);
    // While both have cards, neither gets far ahead.
    let order = order(&home);
    let of = |board: &str| order[..16].iter().filter(|one| *one == board).count();
    assert!(of("a") >= 4 && of("b") >= 4, "{order:?}");
}

#[test]
fn a_damaged_board_in_line_holds_up_nobody() {
    let home = home(&[("busy", 12), ("damaged", 1), ("small", 1)]);
    home.ok(&["tick", "--board", "busy"]);
    home.wait_until("it has both slots", || order(&home) == ["busy", "busy"]);
    for board in ["damaged", "small"] {
        home.ok(&["tick", "--board", board]);
    }
    let damaged = home.path().join("boards/damaged/kanban.db");
    std::fs::write(damaged, "this has never been a database of anybody").unwrap();
    go(&home);
    wait_until_done(&home, &["small", "busy"]);
}

#[test]
fn nobody_starts_the_workers_of_another_configuration() {
    let home = home(&[("busy", 12), ("other", 1)]);
    let theirs = CONFIG.replace("echo $KANBAN_BOARD", "echo theirs");
    std::fs::write(home.path().join("theirs.toml"), theirs).unwrap();
    home.ok(&["tick", "--board", "busy"]);
    home.wait_until("it has both slots", || order(&home) == ["busy", "busy"]);
    let tick = ["tick", "--board", "other", "--config", "theirs.toml"];
    home.ok(&tick);
    go(&home);
    wait_until_done(&home, &["busy"]);
    let card = &home.json(&["list", "--board", "other"])[0];
    assert_eq!(text(&card["status"]), "ready");
    home.ok(&tick);
    wait_until_done(&home, &["other"]);
    assert_eq!(order(&home).last().map(String::as_str), Some("theirs"));
}

#[test]
fn a_slot_is_handed_over_by_a_tick_and_by_nobody_else() {
    let home = home(&[("a", 1)]);
    let run = home.kanban(&["tick", "--in-turn"]).expect(2);
    assert!(run.stderr.contains("never by hand"), "{run:?}");
    assert_eq!(order(&home), [""; 0]);
}
