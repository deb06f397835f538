//! What commands cost that commit, alone and many at a time, and how much each transaction of a run writes.

use std::time::Instant;

use crate::Bench;
use crate::boards::Shape;
use crate::measure::{Program, median, ms, pair};
use crate::table::{figure, or_dash, print};

/// Commands that are run for one figure.
const COMMANDS: usize = 96;

impl Bench {
    /// Commands that commit once, beside a bare program that does.
    pub fn writing(&self) {
        let home = self.home("writing");
        home.fill(10_000, Shape::Finished);
        let cards = std::cell::Cell::new(0);
        let fresh = || {
            cards.set(cards.get() + 1);
            home.kanban(&["create", &format!("new {}", cards.get())])
                .output()
                .trim()
                .to_owned()
        };
        let bare = self.bare(&home, &["write"]);
        let mut rows = Vec::new();
        let card = fresh();
        for (name, program) in [
            (
                "create",
                Box::new(|| home.kanban(&["create", "another"])) as Box<dyn Fn() -> Program>,
            ),
            (
                "comment",
                Box::new(|| home.kanban(&["comment", &card, "said"])),
            ),
            (
                "complete",
                Box::new(|| home.kanban(&["complete", &fresh()])),
            ),
        ] {
            let times = pair(self.rounds, || program().wall(), || bare.wall());
            let calls = program().system_calls();
            rows.push(vec![
                name.into(),
                ms(times.first),
                figure(times.ratio),
                or_dash(calls.as_ref().map(|c| c.syncs())),
                or_dash(calls.as_ref().map(|c| c.count())),
                figure(program().peak()),
            ]);
        }
        print(
            "Commands that commit once, beside a bare program that does",
            &[
                "command",
                "wall, ms",
                "÷ bare",
                "syncs",
                "system calls",
                "peak, MiB",
            ],
            &rows,
        );
    }

    /// How many comments one board takes in a second, by how many write at a time.
    pub fn writers(&self) {
        let home = self.home("writers");
        home.fill(10_000, Shape::Finished);
        let card = home
            .kanban(&["create", "talked about"])
            .output()
            .trim()
            .to_owned();
        let (comment, bare) = (
            home.kanban(&["comment", &card, "said"]),
            self.bare(&home, &["write"]),
        );
        let mut rows = Vec::new();
        for writers in [1_usize, 2, 4, 8, 16] {
            let mut rates = Vec::new();
            let mut longest: f64 = 0.0;
            for _ in 0..3 {
                let ours = at_a_time(writers, &comment);
                let least = at_a_time(writers, &bare);
                longest = longest.max(ours.1);
                rates.push((ours.0, least.0));
            }
            let (ours, least) = (
                median(rates.iter().map(|r| r.0)),
                median(rates.iter().map(|r| r.1)),
            );
            let ratio = median(rates.iter().map(|(a, b)| a / b));
            rows.push(vec![
                writers.to_string(),
                figure(ours),
                figure(least),
                figure(ratio),
                figure(longest * 1e3),
            ]);
        }
        print(
            "Writers of one board: commands in a second, each a process that commits once",
            &[
                "at a time",
                "kanban comment",
                "bare programs",
                "ratio",
                "longest comment, ms",
            ],
            &rows,
        );
    }

    /// The pages that cards write from their claim to the record of their end, one alone and many that are started by
    /// one tick. The log itself is not looked at: what is counted is what is written to it.
    pub fn pages(&self) {
        let mut rows = Vec::new();
        for cards in [1_usize, 10, 100] {
            let home = self.home(&format!("pages-{cards}"));
            // The first tick of a board writes what no later one does.
            home.add(1);
            home.kanban(&["tick", "--wait"]).run();
            home.add(cards);
            let Some(processes) = home.kanban(&["tick"]).pages() else {
                return println!("\nPages are not counted: there is no strace.");
            };
            let each = |pages: usize| figure(pages as f64 / cards as f64);
            let sum = |process: &Vec<usize>| process.iter().sum::<usize>();
            let claim = processes.first().and_then(|tick| tick.first());
            let tick = processes.first().map_or(0, sum);
            let all = processes.iter().map(sum).sum::<usize>();
            rows.push(vec![
                cards.to_string(),
                claim.map_or_else(|| "–".into(), |pages| each(*pages)),
                each(tick),
                each(all - tick),
                each(all),
            ]);
        }
        print(
            "What a card of `true` writes to the log of its board, by how many a tick starts (pages of 4 KiB, each card)",
            &[
                "cards",
                "its claim",
                "the whole tick",
                "its start, its end and what follows",
                "all",
            ],
            &rows,
        );
    }
}

/// Runs a command over and over, so many at a time. Returns how many were done in a second, and the longest.
fn at_a_time(writers: usize, command: &Program) -> (f64, f64) {
    let start = Instant::now();
    let longest = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|_| {
                scope.spawn(|| {
                    let walls = (0..COMMANDS / writers).map(|_| command.wall().as_secs_f64());
                    walls.fold(0.0, f64::max)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a writer"))
            .fold(0.0, f64::max)
    });
    (
        (COMMANDS / writers * writers) as f64 / start.elapsed().as_secs_f64(),
        longest,
    )
}
