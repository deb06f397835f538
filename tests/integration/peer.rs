//! Against the published hermes-agent package, where `KANBAN_TEST_HERMES` names a folder with its `bin/python`
//! and `bin/hermes` (a virtual environment).

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;

use crate::harness::PROGRAM;

fn package() -> Option<PathBuf> {
    let found = std::env::var_os("KANBAN_TEST_HERMES")
        .map(PathBuf::from)
        .filter(|folder| folder.join("bin/hermes").exists());
    if found.is_none() {
        eprintln!("skipped: KANBAN_TEST_HERMES names no folder with bin/hermes");
    }
    found
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peer")
        .join(name)
}

/// Runs a script of ours with the Python of the package; it says what is wrong and fails then.
fn passes(package: &Path, script: &str, arguments: &[&str]) {
    let output = Command::new(package.join("bin/python"))
        .arg(file(script))
        .arg(PROGRAM)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_tick_does_with_a_board_what_hermes_does_but_for_what_is_meant() {
    let Some(package) = package() else {
        return;
    };
    for seed in 1..=8 {
        passes(&package, "differential.py", &[&seed.to_string()]);
    }
}

#[test]
fn hermes_and_ticks_share_a_file_and_it_stays_whole() {
    let Some(package) = package() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .arg(file("beside.sh"))
        .arg(package.join("bin/hermes"))
        .arg(PROGRAM)
        .arg(folder.path())
        .arg("10")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("ticks"),
        "{output:?}"
    );
    let board = Connection::open(folder.path().join("kanban.db")).unwrap();
    let check: String = board
        .query_row("PRAGMA integrity_check", [], |r| r.get(0))
        .unwrap();
    assert_eq!(check, "ok", "{said}");
    let cards: i64 = board
        .query_row("SELECT count(*) FROM tasks", [], |r| r.get(0))
        .unwrap();
    assert!(cards > 0, "{said}");
    for name in ["hermes.errors", "tick.errors"] {
        let errors = std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        assert!(
            !errors.contains("malformed") && !errors.contains("corrupt"),
            "{errors}"
        );
    }
}

#[test]
fn subscribers_of_hermes_hear_of_everything_once_whoever_tells_them() {
    let Some(package) = package() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    passes(&package, "notifier.py", &[folder, "60"]);
}
