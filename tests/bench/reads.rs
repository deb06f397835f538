//! What it costs to look at many cards.

use crate::Bench;
use crate::boards::Shape;
use crate::measure::median;
use crate::table::{figure, print};

impl Bench {
    /// Long lists.
    pub fn listing(&self, cards: usize) {
        let home = self.home("listing");
        home.fill(cards, Shape::Finished);
        let rows: Vec<_> = [
            vec!["list", "--status", "done"],
            vec!["list", "--status", "done", "--json"],
            vec!["search", "99"],
            vec!["stats"],
        ]
        .iter()
        .map(|args| {
            let program = home.kanban(args);
            let wall = median((0..5).map(|_| program.wall().as_secs_f64()));
            vec![args.join(" "), figure(wall * 1e3), figure(program.peak())]
        })
        .collect();
        print(
            &format!("Reading {cards} cards"),
            &["command", "wall, ms", "peak, MiB"],
            &rows,
        );
        std::fs::remove_dir_all(&home.path).expect("a folder of ours");
    }

    /// What finished cards take on the disk, and what is left of it when their history is old.
    pub fn keeping(&self, cards: usize) {
        let home = self.home("keeping");
        home.fill(cards, Shape::Finished);
        let size = || std::fs::metadata(&home.db).map_or(f64::NAN, |m| m.len() as f64 / 1e6);
        let mut rows = vec![vec![
            "with all of their history".into(),
            figure(size()),
            "".into(),
        ]];
        for (name, args) in [
            ("after gc, which frees pages for what comes next", &["gc"]),
            ("after vacuum, which gives them back", &["vacuum"]),
        ] {
            let wall = home.kanban(args).wall();
            home.kanban(&["tick"]).run();
            rows.push(vec![
                name.into(),
                figure(size()),
                figure(wall.as_secs_f64() * 1e3),
            ]);
        }
        print(
            &format!("The file of {cards} finished cards, each with one run and three events"),
            &["", "MB", "took, ms"],
            &rows,
        );
        std::fs::remove_dir_all(&home.path).expect("a folder of ours");
    }
}
