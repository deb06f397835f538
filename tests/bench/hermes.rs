//! Beside the dispatcher whose boards are shared, on one and the same board, where the published package is there:
//! in `target/peer` (`tests/bench/peers --install` and `.ci/run` put it there).

use std::path::{Path, PathBuf};

use crate::Bench;
use crate::boards::{CONFIG, Home, Shape};
use crate::measure::{Program, median};
use crate::table::{figure, print};

impl Bench {
    /// An idle dispatch, and a list.
    pub fn hermes(&self, sizes: &[usize]) {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peer/bin/hermes");
        if !package.exists() {
            return println!("\nNot beside Hermes: {} is not there.", package.display());
        }
        let mut rows = Vec::new();
        for &cards in sizes {
            let (home, root) = self.shared_board(&package);
            home.fill(cards, Shape::Finished);
            // A blocked card that nobody blocked is one that it would start, and then it would not be idle.
            home.sql("UPDATE tasks SET status = 'done' WHERE status = 'blocked'");
            let theirs =
                |args: &[&str]| Program::new(&package, &home.path, args).with("HERMES_HOME", &root);
            for (name, ours, theirs) in [
                (
                    "idle tick / dispatch",
                    home.kanban(&["tick"]),
                    theirs(&["kanban", "dispatch"]),
                ),
                (
                    "list --status done",
                    home.kanban(&["list", "--status", "done"]),
                    theirs(&["kanban", "list", "--status", "done"]),
                ),
            ] {
                theirs.run();
                let costs: Vec<_> = (0..5)
                    .map(|_| {
                        let (a, b) = (
                            ours.costs_with_what_it_starts(),
                            theirs.costs_with_what_it_starts(),
                        );
                        (a, b)
                    })
                    .collect();
                rows.push(vec![
                    name.into(),
                    cards.to_string(),
                    figure(median(costs.iter().map(|c| c.0.own_cpu)) * 1e3),
                    figure(median(costs.iter().map(|c| c.1.own_cpu)) * 1e3),
                    format!(
                        "{:.4}",
                        median(costs.iter().map(|(a, b)| a.own_cpu / b.own_cpu))
                    ),
                    format!("{:.4}", median(costs.iter().map(|(a, b)| a.wall / b.wall))),
                    format!("{} / {}", figure(ours.peak()), figure(theirs.peak())),
                ]);
            }
            let _ = std::fs::remove_dir_all(&home.path);
        }
        print(
            "Beside Hermes 0.19, on the same board",
            &[
                "",
                "cards",
                "CPU, ms",
                "its CPU, ms",
                "CPU ÷",
                "wall ÷",
                "peak / its, MiB",
            ],
            &rows,
        );
    }

    /// A board that Hermes made, and a home of ours that serves it.
    fn shared_board(&self, package: &Path) -> (Home, PathBuf) {
        let mut home = self.home("hermes");
        let root = home.path.join("hermes");
        std::fs::create_dir_all(root.join("profiles/true")).expect("a folder of Hermes");
        std::fs::write(
            home.path.join("config.toml"),
            format!("hermes_home = {root:?}\n{CONFIG}"),
        )
        .expect("a configuration");
        Program::new(package, &home.path, &["kanban", "init"])
            .with("HERMES_HOME", &root)
            .run();
        // The board of its own that every home is made with would come first.
        std::fs::remove_dir_all(home.path.join("boards")).expect("the board of the home");
        home.db = root.join("kanban.db");
        home.kanban(&["tick"]).run();
        (home, root)
    }
}
