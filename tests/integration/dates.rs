//! Times as people say them, wherever a command takes one.

use crate::harness::{Home, text};

/// 2026-11-24, a Tuesday, 15:30 in Berlin.
const NOW: &str = "1795530600";

fn home(now: &str) -> Home {
    Home::new("[workers.me]\npull = true\n")
        .with("KANBAN_NOW", now)
        .with("TZ", "Europe/Berlin")
}

fn not_before(home: &Home, id: &str) -> i64 {
    home.json(&["show", id])["task"]["not_before"]
        .as_i64()
        .unwrap()
}

#[test]
fn a_card_is_put_off_until_a_time_of_the_clocks_here() {
    let home = home(NOW);
    let now: i64 = NOW.parse().unwrap();
    let id = home.create("x", "me", &["--at", "tomorrow 9:00"]);
    assert_eq!(not_before(&home, &id), now + (17 * 60 + 30) * 60);
    for (at, later) in [
        ("in 2h", 2 * 3_600),
        ("2h", 2 * 3_600),
        ("18:00", 150 * 60),
        ("wednesday", 510 * 60),
        ("2026-11-24 16:30", 3_600),
        ("2026-11-24T15:30:00Z", 3_600),
    ] {
        home.ok(&["schedule", &id, "--at", at]);
        assert_eq!(not_before(&home, &id), now + later, "{at}");
    }
    let refused = home.kanban(&["schedule", &id, "--at", "soon"]).expect(2);
    assert!(
        refused.stderr.contains("\"tomorrow 9:00\""),
        "{}",
        refused.stderr
    );
    assert_eq!(not_before(&home, &id), now + 3_600);
}

#[test]
fn a_time_that_the_clocks_skip_is_as_much_later() {
    // The evening before the clocks are put forward from 2:00 to 3:00.
    let home = home("1806174000");
    let id = home.create("x", "me", &["--at", "tomorrow 2:30"]);
    assert!(
        home.ok(&["show", &id])
            .stdout
            .contains("2027-03-28 03:30:00 +02:00"),
        "{}",
        home.ok(&["show", &id]).stdout
    );
}

#[test]
fn what_happened_since_a_time_is_listed() {
    let home = home(NOW);
    let id = home.create("x", "me", &[]);
    let home = home.with("KANBAN_NOW", "1795541400");
    for (since, found) in [
        ("today", 1),
        ("3h", 1),
        ("3h ago", 1),
        ("15:00", 1),
        ("tuesday", 1),
        ("2h ago", 0),
        ("16:00", 0),
    ] {
        let cards = home.json(&["list", "--since", since]);
        assert_eq!(cards.as_array().unwrap().len(), found, "{since}");
        assert!(found == 0 || text(&cards[0]["id"]) == id);
    }
    let refused = home.kanban(&["list", "--since", "recently"]).expect(2);
    assert!(refused.stderr.contains("\"3h ago\""), "{}", refused.stderr);
}
