//! What the README shows is so: its five minutes, as a new user would type them with an empty home, and its
//! recorded session.

use std::path::Path;

use crate::harness::{Home, PROGRAM};
use crate::session::Shell;
use crate::transcript::{Part, Place, of_markdown};

const README: &str = include_str!("../../README.md");

#[test]
fn the_five_minutes_work_as_they_are_printed() {
    let section = README
        .split("\n## ")
        .find(|s| s.starts_with("Five minutes"))
        .unwrap();
    let blocks: Vec<&str> = section
        .split("```sh\n")
        .skip(1)
        .map(|b| b.split("```").next().unwrap())
        .collect();
    // The last one would install a timer on this machine.
    let blocks = &blocks[..3];
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

#[test]
fn the_recorded_session_can_be_had_again() {
    let (_, config) = README.split_once("```toml\n").unwrap();
    let mut parts = vec![Part::File {
        path: "~/.config/kanban/config.toml".to_owned(),
        into: Place::New,
        text: config.split("```").next().unwrap().to_owned(),
    }];
    parts.extend(of_markdown(README));
    if let Err(why) = Shell::new().follow(&parts) {
        panic!("{why}");
    }
}
