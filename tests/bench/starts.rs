//! What starting cards costs, and having them run: beside the least that starts as many detached programs.

use std::time::{Duration, Instant};

use crate::Bench;
use crate::boards::Shape;
use crate::measure::{Program, median};
use crate::table::{figure, or_dash, print};

impl Bench {
    /// One tick that starts many, beside a bare program that does (`detached`, which see).
    pub fn batches(&self) {
        let mut rows = Vec::new();
        for count in [1_usize, 10, 100] {
            let home = self.home(&format!("batch-{count}"));
            let tick = home.kanban(&["tick"]);
            let raw = Program::new(&self.detached, &home.path, &[&count.to_string(), "true"]);
            let mut costs = Vec::new();
            for _ in 0..self.rounds.min(9) {
                home.add(count);
                let ours = tick.costs_with_what_it_starts();
                home.kanban(&["tick", "--wait"]).run();
                costs.push((ours, raw.costs_with_what_it_starts()));
            }
            home.add(count);
            let calls = tick.system_calls();
            home.kanban(&["tick", "--wait"]).run();
            let ratio = |what: fn(&crate::measure::Costs) -> f64| {
                figure(median(costs.iter().map(|(a, b)| what(a) / what(b))))
            };
            rows.push(vec![
                count.to_string(),
                figure(median(costs.iter().map(|c| c.0.wall)) * 1e3),
                figure(median(costs.iter().map(|c| c.1.wall)) * 1e3),
                ratio(|c| c.wall),
                ratio(|c| c.own_cpu),
                ratio(|c| c.all_cpu),
                or_dash(calls.as_ref().map(|c| c.syncs())),
                or_dash(calls.as_ref().map(|c| c.count())),
            ]);
        }
        print(
            "One tick that starts cards of `true`, beside a bare program that starts as many detached ones",
            &[
                "cards",
                "tick, ms",
                "bare, ms",
                "wall ÷",
                "CPU of the starter ÷",
                "CPU of all, to the last end ÷",
                "syncs",
                "system calls",
            ],
            &rows,
        );
    }

    /// Whole boards of `true`, from the first tick to the last card booked.
    pub fn throughput(&self) {
        let mut rows = Vec::new();
        for (name, cards, chained) in [
            ("a chain of ten", 10, true),
            ("200 cards, all at a time", 200, false),
        ] {
            let mut walls = Vec::new();
            for round in 0..self.rounds.min(9) {
                // Not in the place of one that is removed for it: a file system may take long to reuse what was freed.
                let home = self.home(&format!("throughput-{cards}-{round}"));
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
                let wall = home.kanban(&["tick", "--wait"]).wall().as_secs_f64();
                let write = self.bare(&home, &["write"]);
                let least = median((0..9).map(|_| write.wall().as_secs_f64()));
                walls.push((wall, least));
            }
            let ratio = median(walls.iter().map(|(wall, least)| wall / least));
            let wall = median(walls.into_iter().map(|(wall, _)| wall)) * 1e3;
            rows.push(vec![
                name.into(),
                figure(wall),
                figure(wall / f64::from(cards)),
                figure(ratio / f64::from(cards)),
            ]);
        }
        print(
            "Boards of `true`, by one tick --wait",
            &["board", "wall, ms", "ms a card", "÷ bare with one write"],
            &rows,
        );
    }

    /// Cards of `true` on boards with very many that are done, from the first tick to the last card booked.
    pub fn working(&self, sizes: &[usize]) {
        let mut rows = Vec::new();
        let mut least: Option<[f64; 2]> = None;
        for &size in sizes {
            let home = self.home(&format!("working-{size}"));
            home.fill(size, Shape::Finished);
            let wall = |cards: usize| {
                median((0..self.rounds.min(9)).map(|_| {
                    home.add(cards);
                    let start = Instant::now();
                    // It says that some cards are blocked, which they are.
                    home.kanban(&["tick", "--wait"]).output();
                    start.elapsed().as_secs_f64() * 1e3
                }))
            };
            let walls = [wall(1), wall(50)];
            let first = *least.get_or_insert(walls);
            home.add(50);
            let pages = home.kanban(&["tick"]).pages();
            let claims = pages.and_then(|all| all.first().map(|tick| tick.iter().sum::<usize>()));
            rows.push(vec![
                size.to_string(),
                figure(walls[0]),
                figure(walls[1]),
                figure(walls[0] / first[0]),
                figure(walls[1] / first[1]),
                or_dash(claims.map(|pages| figure(pages as f64 / 50.0))),
            ]);
            home.kanban(&["tick", "--wait"]).output();
            std::fs::remove_dir_all(&home.path).expect("a folder of ours");
        }
        print(
            "Cards of `true` on a board with so many that are done, from the first tick to the last card booked",
            &[
                "cards",
                "one, ms",
                "fifty at a time, ms",
                "one ÷ smallest board",
                "fifty ÷ smallest board",
                "pages a claim of fifty",
            ],
            &rows,
        );
    }

    /// What stays while a worker runs.
    pub fn supervisor(&self) {
        let home = self.home("supervisor");
        let told = home.path.join("parent");
        let script = format!(
            "echo $PPID >{0}.new; mv {0}.new {0}; exec sleep 60",
            told.display()
        );
        let config = format!("[workers.sleeper]\ncommand = ['sh', '-c', '{script}']\n");
        std::fs::write(home.path.join("config.toml"), config).expect("a configuration");
        let card = home
            .kanban(&["create", "sleep", "--assignee", "sleeper"])
            .output();
        home.kanban(&["tick"]).run();
        let until = Instant::now() + Duration::from_secs(10);
        while !told.exists() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let pid = std::fs::read_to_string(&told).unwrap_or_default();
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
        let field = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
            kib.map_or_else(|| "–".into(), |kib| figure(kib / 1024.0))
        };
        let row = vec!["VmHWM", "VmRSS", "RssAnon", "Threads"];
        let row = row.into_iter().map(|name| match name {
            "Threads" => status
                .lines()
                .find_map(|l| l.strip_prefix("Threads:"))
                .unwrap_or("–")
                .trim()
                .to_owned(),
            name => field(name),
        });
        print(
            "A supervisor while its worker runs",
            &[
                "peak, MiB",
                "resident, MiB",
                "of it its own, MiB",
                "threads",
            ],
            &[row.collect()],
        );
        home.kanban(&["cancel", card.trim()]).run();
    }
}
