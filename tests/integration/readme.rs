//! The five minutes of the README, as a new user would type them, with an empty home.

use std::path::Path;

use crate::harness::{Home, PROGRAM};

#[test]
fn the_five_minutes_work_as_they_are_printed() {
    let readme = include_str!("../../README.md");
    let section = readme
        .split("\n## ")
        .find(|s| s.starts_with("Five minutes"))
        .unwrap();
    let blocks: Vec<&str> = section
        .split("```sh\n")
        .skip(1)
        .map(|b| b.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 3);
    // The program under test stands in for the installed one.
    let script = blocks.concat().replace("cargo install --path .\n", "");
    let programs = Path::new(PROGRAM).parent().unwrap().display();
    let home = Home::new("");
    std::fs::remove_file(home.path().join("config.toml")).unwrap();
    let run = home
        .sh(&format!(
            "set -e; unset KANBAN_HOME; PATH={programs}:$PATH\n{script}"
        ))
        .expect(0);
    assert!(
        run.stdout.contains("Count the words") && run.stdout.contains("completed 6"),
        "{}",
        run.stdout
    );
}
