//! What the program costs, beside bare programs that do the least that has to be done, in one run.
//!
//! `cargo bench --bench budgets` prints the tables; `-- --quick` leaves out the large boards. Times are medians of
//! ratios of runs in turn, since machines are shared; system calls, syncs, instructions and peaks of memory are
//! counts. It asserts nothing on time.

#![allow(clippy::expect_used, reason = "a bench that cannot go on says where")]

mod boards;
mod measure;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use boards::{Home, Shape};
use measure::{Program, median, pair};
use table::{figure, or_dash, print};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == "--peak") {
        return measure::print_peak(&args[at + 1..]);
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let bench = Bench::new(if quick { 7 } else { 31 });
    println!("{}", machine());
    bench.starting();
    let sizes: &[usize] = if quick {
        &[1_000, 10_000]
    } else {
        &[1_000, 10_000, 100_000, 1_000_000]
    };
    bench.idle(sizes);
    bench.writing();
    bench.batches();
    bench.throughput();
    bench.listing(if quick { 10_000 } else { 100_000 });
}

struct Bench {
    rounds: usize,
    root: PathBuf,
    kanban: PathBuf,
    bare: PathBuf,
    empty: PathBuf,
}

impl Bench {
    fn new(rounds: usize) -> Self {
        let kanban = PathBuf::from(env!("CARGO_BIN_EXE_kanban"));
        let target = kanban
            .parent()
            .expect("the folder of the program")
            .to_owned();
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--release",
                "--quiet",
                "--example",
                "bare",
                "--example",
                "empty",
            ])
            .status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "the bare programs could not be built"
        );
        let root = target.join("boards-of-the-bench");
        Self {
            rounds,
            bare: target.join("examples/bare"),
            empty: target.join("examples/empty"),
            root,
            kanban,
        }
    }

    fn home(&self, name: &str) -> Home {
        Home::new(&self.root, name, &self.kanban)
    }

    fn bare(&self, home: &Home, more: &[&str]) -> Program {
        let db = home.db().display().to_string();
        let args: Vec<&str> = [db.as_str()]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        Program::new(&self.bare, &home.path, &args)
    }

    /// What starting the program costs, and its size.
    fn starting(&self) {
        let home = self.home("start");
        let version = home.kanban(&["--version"]);
        let empty = Program::new(&self.empty, &home.path, &[]);
        let times = pair(self.rounds, || version.wall(), || empty.wall());
        let size = |path: &Path| std::fs::metadata(path).map_or(f64::NAN, |m| m.len() as f64 / 1e6);
        print(
            "Starting",
            &["", "kanban --version", "empty program", "ratio"],
            &[
                vec![
                    "wall, ms".into(),
                    ms(times.first),
                    ms(times.second),
                    figure(times.ratio),
                ],
                vec![
                    "instructions, million".into(),
                    or_dash(version.instructions().map(figure)),
                    or_dash(empty.instructions().map(figure)),
                    "".into(),
                ],
                vec![
                    "binary, MB".into(),
                    figure(size(&self.kanban)),
                    figure(size(&self.empty)),
                    "".into(),
                ],
            ],
        );
    }

    /// An idle tick beside the bare program, at every size and shape.
    fn idle(&self, sizes: &[usize]) {
        let mut rows = Vec::new();
        for shape in [Shape::Finished, Shape::Waiting, Shape::Subscribed] {
            let mut first_instructions = None;
            for &size in sizes {
                if shape == Shape::Subscribed && size < 10_000 {
                    continue;
                }
                let home = self.home("idle");
                home.fill(size, shape);
                let (tick, bare) = (home.kanban(&["tick"]), self.bare(&home, &[]));
                let times = pair(self.rounds, || tick.wall(), || bare.wall());
                let (ours, theirs) = (tick.instructions(), bare.instructions());
                let first = *first_instructions.get_or_insert(ours);
                let (calls, least) = (tick.system_calls(), bare.system_calls());
                rows.push(vec![
                    shape.name().into(),
                    size.to_string(),
                    ms(times.first),
                    figure(times.ratio),
                    or_dash(ours.zip(theirs).map(|(a, b)| figure(a / b))),
                    or_dash(ours.zip(first).map(|(a, b)| format!("{:.3}", a / b))),
                    or_dash(
                        calls
                            .as_ref()
                            .zip(least.as_ref())
                            .map(|(a, b)| format!("{} / {}", a.count(), b.count())),
                    ),
                    or_dash(calls.as_ref().map(|c| c.of(&["pread64"]))),
                    or_dash(
                        calls
                            .as_ref()
                            .map(|c| format!("{} / {}", c.syncs(), c.writes())),
                    ),
                    figure(tick.peak()),
                ]);
                std::fs::remove_dir_all(&home.path).expect("a folder of ours");
            }
        }
        print(
            "An idle tick, beside a bare program (open, one read by an index, checkpoint, close)",
            &[
                "board",
                "cards",
                "wall, ms",
                "÷ bare",
                "instructions ÷ bare",
                "÷ smallest board",
                "system calls / bare",
                "preads",
                "syncs / writes",
                "peak, MiB",
            ],
            &rows,
        );
    }

    /// Commands that commit once, beside a bare program that does.
    fn writing(&self) {
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

    /// One tick that starts many, beside bare starts of as many.
    fn batches(&self) {
        let mut rows = Vec::new();
        for count in [1_usize, 10, 100] {
            let home = self.home("batch");
            let fill = || {
                for n in 0..count {
                    home.kanban(&["create", &format!("card {n}"), "--assignee", "true"])
                        .run();
                }
            };
            let tick = home.kanban(&["tick"]);
            let mut walls = Vec::new();
            for _ in 0..5 {
                fill();
                walls.push(tick.wall().as_secs_f64());
                home.kanban(&["tick", "--wait"]).run();
            }
            fill();
            let calls = tick.system_calls();
            home.kanban(&["tick", "--wait"]).run();
            let wall = median(walls.into_iter());
            let raw = median((0..5).map(|_| raw_starts(count).as_secs_f64()));
            rows.push(vec![
                count.to_string(),
                figure(wall * 1e3),
                figure(wall / raw),
                or_dash(calls.as_ref().map(|c| c.syncs())),
                or_dash(calls.as_ref().map(|c| c.count())),
            ]);
        }
        print(
            "One tick that starts cards, beside bare starts of as many detached programs",
            &[
                "cards",
                "wall, ms",
                "÷ bare starts",
                "syncs",
                "system calls",
            ],
            &rows,
        );
    }

    /// Whole boards of `true`, from the first tick to the last card booked.
    fn throughput(&self) {
        let mut rows = Vec::new();
        for (name, cards, chained) in [("200 cards", 200, false), ("a chain of ten", 10, true)] {
            let mut walls = Vec::new();
            for _ in 0..3 {
                let home = self.home("throughput");
                let mut parent: Option<String> = None;
                for n in 0..cards {
                    let title = format!("card {n}");
                    let mut args = vec!["create", &title, "--assignee", "true"];
                    if let Some(parent) = &parent {
                        args.extend(["--parent", parent]);
                    }
                    let id = home.kanban(&args).output().trim().to_owned();
                    parent = chained.then_some(id);
                }
                walls.push(home.kanban(&["tick", "--wait"]).wall().as_secs_f64());
            }
            let wall = median(walls.into_iter()) * 1e3;
            rows.push(vec![
                name.into(),
                figure(wall),
                figure(wall / f64::from(cards)),
            ]);
        }
        print(
            "Boards of `true`, by one tick --wait",
            &["board", "wall, ms", "ms a card"],
            &rows,
        );
    }

    /// Long lists.
    fn listing(&self, cards: usize) {
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
}

/// Starts as many programs in sessions of their own, as a tick does, and does not wait for them to end.
fn raw_starts(count: usize) -> Duration {
    use std::os::unix::process::CommandExt;
    let start = Instant::now();
    let mut children: Vec<_> = (0..count)
        .map(|_| {
            Command::new("true")
                .process_group(0)
                .spawn()
                .expect("a program that starts")
        })
        .collect();
    let wall = start.elapsed();
    for child in &mut children {
        let _ = child.wait();
    }
    wall
}

fn ms(time: Duration) -> String {
    figure(time.as_secs_f64() * 1e3)
}

/// The machine that the figures came from.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, |n| n.get());
    format!(
        "{model}, {cores} cores, Linux {}, SQLite {}",
        kernel.trim(),
        rusqlite::version()
    )
}
