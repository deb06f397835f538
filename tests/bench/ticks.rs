//! What a tick costs that has nothing to do, on boards of any size and number.

use std::path::Path;

use crate::Bench;
use crate::boards::Shape;
use crate::measure::{Program, median, ms, pair};
use crate::table::{figure, or_dash, print};

impl Bench {
    /// What starting the program costs, and its size.
    pub fn starting(&self) {
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
    pub fn idle(&self, sizes: &[usize]) {
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

    /// Many boards in one home, each of which is ticked by a process of its own.
    pub fn many(&self) {
        let mut rows = Vec::new();
        for boards in [1_usize, 10, 100] {
            let home = self.home("many");
            for n in 1..boards {
                home.kanban(&["init", "--board", &format!("board-{n}")])
                    .run();
            }
            let (all, one) = (
                home.kanban(&["tick", "--all"]),
                home.kanban(&["tick", "--board", "default"]),
            );
            all.run();
            let times = pair(self.rounds.min(15), || all.wall(), || one.wall());
            let cpu = median((0..5).map(|_| all.cpu().as_secs_f64())) * 1e3;
            rows.push(vec![
                boards.to_string(),
                ms(times.first),
                figure(times.first.as_secs_f64() * 1e3 / boards as f64),
                figure(times.ratio / boards as f64),
                figure(cpu / boards as f64),
                figure(all.peak()),
            ]);
        }
        print(
            "An idle tick of every board of a home (tick --all)",
            &[
                "boards",
                "wall, ms",
                "ms a board",
                "÷ a tick of one, each",
                "CPU ms a board",
                "peak of one process, MiB",
            ],
            &rows,
        );
    }
}
