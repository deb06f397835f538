//! What the program costs, beside bare programs that do the least that has to be done, in one run.
//!
//! `cargo bench --bench budgets` prints the tables; `-- --quick` leaves out the large boards, and `-- --only idle,pages`
//! all but some. Times are medians of ratios of runs in turn, since machines are shared; system calls, syncs, pages,
//! instructions and peaks of memory are counts. It asserts nothing on time. `tests/bench/peers` compares with others.

#![allow(clippy::expect_used, reason = "a bench that cannot go on says where")]

mod boards;
mod hermes;
mod measure;
mod reads;
mod sends;
mod starts;
mod table;
mod ticks;
mod writes;

use std::path::PathBuf;
use std::process::Command;

use boards::Home;
use measure::Program;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--peak") => return measure::print_peak(&args[1..]),
        Some("--costs") => return measure::print_costs(&args[1..]),
        _ => {}
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let only = args.iter().position(|arg| arg == "--only");
    let only = only
        .and_then(|at| args.get(at + 1))
        .map(|names| names.split(',').collect::<Vec<_>>());
    let bench = Bench::new(if quick { 7 } else { 31 });
    let sizes: &[usize] = match quick {
        true => &[1_000, 10_000],
        false => &[1_000, 10_000, 100_000, 1_000_000],
    };
    let most = if quick { 10_000 } else { 100_000 };
    // What makes and removes many files comes late, and not next to each other: an ext4 without a journal looks at each
    // file that was removed in the last minute before it makes another.
    let tables: [(&str, &dyn Fn()); 13] = [
        ("starting", &|| bench.starting()),
        ("idle", &|| bench.idle(sizes)),
        ("many", &|| bench.many()),
        ("working", &|| bench.working(sizes)),
        ("writing", &|| bench.writing()),
        ("writers", &|| bench.writers()),
        ("pages", &|| bench.pages()),
        ("throughput", &|| bench.throughput()),
        ("supervisor", &|| bench.supervisor()),
        ("sending", &|| bench.sending()),
        ("listing", &|| bench.listing(most)),
        ("keeping", &|| bench.keeping(most)),
        ("batches", &|| bench.batches()),
    ];
    println!("{}", machine());
    let wanted = |name: &str| only.as_ref().is_none_or(|names| names.contains(&name));
    for (_, table) in tables.iter().filter(|(name, _)| wanted(name)) {
        table();
    }
    if wanted("hermes") {
        bench.hermes(&[1_000, most]);
    }
    let _ = std::fs::remove_dir_all(&bench.root);
}

struct Bench {
    rounds: usize,
    root: PathBuf,
    kanban: PathBuf,
    bare: PathBuf,
    empty: PathBuf,
    detached: PathBuf,
}

impl Bench {
    fn new(rounds: usize) -> Self {
        let kanban = PathBuf::from(env!("CARGO_BIN_EXE_kanban"));
        let target = kanban
            .parent()
            .expect("the folder of the program")
            .to_owned();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet"])
            .args([
                "--example",
                "bare",
                "--example",
                "empty",
                "--example",
                "detached",
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
            detached: target.join("examples/detached"),
            root,
            kanban,
        }
    }

    fn home(&self, name: &str) -> Home {
        Home::new(&self.root, name, &self.kanban)
    }

    fn bare(&self, home: &Home, more: &[&str]) -> Program {
        let db = home.db.display().to_string();
        let args: Vec<&str> = [db.as_str()]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        Program::new(&self.bare, &home.path, &args)
    }
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
