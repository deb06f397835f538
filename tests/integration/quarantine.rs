//! A board whose file is damaged: nothing more is done on it, somebody is told once, and there is a way back.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Home, text};
use crate::receiver::{Answer, NOBODY, Receiver};

/// A moment at which the clock of these tests stands.
const T0: i64 = 1_767_225_600;

fn home(channels: &str) -> Home {
    Home::new(&format!(
        "[workers.ok]\ncommand = [\"true\"]\n[workers.me]\npull = true\n{channels}"
    ))
    .with("KANBAN_NOW", &T0.to_string())
}

fn hook(name: &str, url: &str, more: &str) -> String {
    format!("[channels.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\n{more}\n")
}

/// Cards enough for several pages, all of them in the file and not in its log.
pub fn fill(home: &Home) {
    for n in 0..4 {
        home.create(&format!("card {n}"), "me", &["--body", &"x".repeat(6_000)]);
    }
    home.ok(&["tick"]);
    for end in ["-wal", "-shm"] {
        fs::remove_file(home.board(&format!("kanban.db{end}"))).unwrap();
    }
}

/// What is done to the bytes of a file.
type Spoil = fn(&mut Vec<u8>);

/// The ways to spoil a file, none of them through SQLite.
pub const DAMAGES: [(&str, Spoil); 4] = [
    ("overwritten pages", |bytes| {
        let end = bytes.len().min(40_000);
        bytes[4_096..end].fill(0xa5);
    }),
    ("truncated", |bytes| bytes.truncate(20_000)),
    ("zeroed header", |bytes| bytes[..100].fill(0)),
    ("emptied", |bytes| bytes.clear()),
];

pub fn damage(db: &Path, how: Spoil) {
    let mut bytes = fs::read(db).unwrap();
    how(&mut bytes);
    fs::write(db, bytes).unwrap();
}

#[test]
fn a_damaged_board_is_left_alone_by_every_later_tick_and_told_once() {
    for (kind, how) in DAMAGES {
        let receiver = Receiver::start(|_| Answer::ok());
        let home = home(&hook("team", &receiver.url("/team"), ""));
        fill(&home);
        let db = home.board("kanban.db");
        damage(&db, how);
        let before = fs::read(&db).unwrap();
        let inode = db.metadata().unwrap().ino();
        for _ in 0..3 {
            let run = home.kanban(&["tick"]).expect(5);
            assert_eq!(run.stderr.lines().count(), 1, "{kind}: {}", run.stderr);
            assert!(
                ["kanban check", "kanban restore"]
                    .iter()
                    .any(|way| run.stderr.contains(way)),
                "{kind}: {}",
                run.stderr
            );
        }
        assert_eq!(fs::read(&db).unwrap(), before, "{kind}");
        assert_eq!(db.metadata().unwrap().ino(), inode, "{kind}");
        let asked = receiver.to("/team");
        assert_eq!(asked.len(), 1, "{kind}: told once");
        let told = asked[0].json();
        assert_eq!(told["type"], "board_quarantined", "{kind}");
        assert_eq!(
            told["data"]["next"]["command"],
            "kanban check --board default"
        );
        let mark: serde_json::Value =
            serde_json::from_slice(&fs::read(home.board("kanban.db.quarantine")).unwrap()).unwrap();
        assert_eq!(mark["since"], T0, "{kind}: {mark}");
        assert_eq!(mark["told"][0]["delivered_at"], T0, "{kind}: {mark}");
        assert!(!text(&mark["said"]).is_empty() && text(&mark["program"]).starts_with("kanban "));
        // Nobody writes to it either, and whoever asks is told.
        home.kanban(&["create", "x"]).expect(5);
        let status = home.kanban(&["status", "--json"]).expect(5).value();
        assert_eq!(
            (&status["healthy"], &status["quarantine"]["since"]),
            (&false.into(), &T0.into()),
            "{kind}"
        );
        assert!(
            home.kanban(&["status"])
                .expect(5)
                .stdout
                .contains("team was told")
        );
        let doctor = home.kanban(&["doctor"]).expect(1).stdout;
        assert!(doctor.contains("is quarantined since"), "{kind}: {doctor}");
        let boards = home.json(&["boards", "list"]);
        assert!(
            text(&boards[0]["error"]).contains("quarantined"),
            "{boards}"
        );
        // No copy of it is ever made.
        let copies = fs::read_dir(home.board(""))
            .unwrap()
            .flatten()
            .filter(|e| !e.file_name().to_string_lossy().ends_with("-shm"))
            .filter(|e| e.metadata().unwrap().len() > 10_000)
            .count();
        assert!(copies <= 1, "{kind}");
    }
}

#[test]
fn the_damage_that_somebody_else_met_is_told_by_the_next_tick() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&hook("team", &receiver.url("/team"), ""));
    fill(&home);
    damage(&home.board("kanban.db"), DAMAGES[2].1);
    home.kanban(&["list"]).expect(5);
    assert!(home.board("kanban.db.quarantine").exists());
    assert_eq!(receiver.requests().len(), 0);
    // What shows only what would be done tells nobody.
    home.kanban(&["tick", "--dry-run"]).expect(5);
    assert_eq!(receiver.requests().len(), 0);
    home.kanban(&["tick"]).expect(5);
    home.kanban(&["tick", "--wait"]).expect(5);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn an_alert_is_tried_again_under_its_id_until_it_is_delivered() {
    let fails = AtomicBool::new(true);
    let receiver = Receiver::start(move |_| match fails.swap(false, Ordering::SeqCst) {
        true => Answer::status(503),
        false => Answer::ok(),
    });
    let home = home(
        &(hook("team", &receiver.url("/team"), "")
            + &hook("down", NOBODY, "")
            + &hook("other", &receiver.url("/other"), "events = [\"completed\"]")
            + &hook(
                "refused",
                &receiver.url("/refused"),
                "boards = [\"another\"]",
            )),
    );
    fill(&home);
    damage(&home.board("kanban.db"), DAMAGES[1].1);
    home.kanban(&["tick"]).expect(5);
    home.kanban(&["tick"]).expect(5);
    assert_eq!(receiver.to("/team").len(), 1, "not before its time");
    for step in 1..5 {
        let now = (T0 + step * 120).to_string();
        home.sh(&format!("KANBAN_NOW={now} \"$KANBAN\" tick"))
            .expect(5);
    }
    let asked = receiver.to("/team");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
    assert_eq!(
        receiver.to("/other").len(),
        0,
        "it asked for something else"
    );
    assert_eq!(
        receiver.to("/refused").len(),
        0,
        "it hears of another board"
    );
    let status = home.kanban(&["status"]).expect(5).stdout;
    assert!(status.contains("down could not be told"), "{status}");
}

#[test]
fn where_nobody_asked_for_it_everybody_is_told() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&hook(
        "team",
        &receiver.url("/team"),
        "events = [\"completed\"]",
    ));
    fill(&home);
    damage(&home.board("kanban.db"), DAMAGES[0].1);
    home.kanban(&["tick"]).expect(5);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_mark_that_cannot_be_read_keeps_the_board_and_a_new_board_is_not_that_one() {
    let home = home("");
    fill(&home);
    fs::write(home.board("kanban.db.quarantine"), "{").unwrap();
    let run = home.kanban(&["tick"]).expect(5);
    assert!(run.stderr.contains("cannot be read"), "{}", run.stderr);
    // It can still be looked at.
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 4);
    fs::remove_file(home.board("kanban.db")).unwrap();
    home.ok(&["init"]);
    home.ok(&["tick"]);
    assert!(!home.board("kanban.db.quarantine").exists());
}

#[test]
fn a_board_that_is_looked_at_first_is_not_written_to_all_the_same() {
    let home = home("");
    let id = home.create("card", "me", &[]);
    // No file is damaged: only the mark keeps commands that look before they write.
    fs::write(home.board("kanban.db.quarantine"), "{}").unwrap();
    let refused = home.kanban(&["complete", &id]).expect(5);
    assert!(
        refused.stderr.contains("is quarantined"),
        "{}",
        refused.stderr
    );
    assert_eq!(home.status(&id), "ready");
}
