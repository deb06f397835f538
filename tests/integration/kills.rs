//! Ticks and supervisors that are killed at any moment: every card ends by the rules, nothing is left over,
//! and no card ever has two workers.
//!
//! The moments are chosen by `strace`, which injects a SIGKILL at the n-th call of a kind. Where it is
//! missing or may not trace, these tests say so and skip.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::harness::{Home, PROGRAM, text};

/// Writes its card's id to a file, under a lock that a second worker at the same time would find held.
const WORKER: &str = r#"
[defaults]
retry_delay = "1s"
failure_limit = 20
spawn_failure_limit = 50
[workers.w]
command = ["sh", "-c", '''
exec 9> "$KANBAN_HOME/one"; flock -n -E 99 9; [ $? != 99 ] || echo "$KANBAN_TASK" >> "$KANBAN_HOME/doubled"
echo "$KANBAN_TASK" >> "$KANBAN_HOME/ran"''']
max_in_progress = 1
"#;

/// Whether faults can be injected and calls be seen here.
pub fn strace_works() -> bool {
    let works = Command::new("strace")
        .args([
            "-o",
            "/dev/null",
            "-e",
            "inject=getpid:signal=KILL:when=1000",
            "true",
        ])
        .output()
        .is_ok_and(|out| out.status.success());
    if !works {
        eprintln!("skipped: strace is missing or may not trace here");
    }
    works
}

struct Stage {
    home: Home,
    parent: String,
    child: String,
}

fn stage(portable: &str) -> Stage {
    let home = Home::new(WORKER).with("KANBAN_TEST_PORTABLE", portable);
    let parent = home.create("parent", "w", &[]);
    let child = home.create("child", "w", &["--parent", &parent]);
    Stage {
        home,
        parent,
        child,
    }
}

impl Stage {
    /// Ticks until quiet and checks that everything is as it has to be.
    fn recover(&self, at: &str, once: Once) {
        let home = &self.home;
        let run = home.kanban(&["tick", "--wait", "--timeout", "60s"]);
        assert_eq!(run.code, Some(0), "{at}: {run:?}");
        for id in [&self.parent, &self.child] {
            assert_eq!(home.status(id), "done", "{at}");
            let completed = home
                .runs(id)
                .iter()
                .filter(|r| r["outcome"] == "completed")
                .count();
            assert_eq!(completed, 1, "{at}");
        }
        let file = |name| std::fs::read_to_string(home.path().join(name)).unwrap_or_default();
        assert_eq!(file("doubled"), "", "{at}: two workers at once");
        if matches!(once, Once::Exactly) {
            assert_eq!(
                file("ran"),
                format!("{}\n{}\n", self.parent, self.child),
                "{at}: each worker ran once"
            );
        }
        assert_eq!(
            home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0"),
            0,
            "{at}"
        );
        assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok", "{at}");
        let left = names(&home.board("runs"));
        assert!(left.is_empty(), "{at}: a run folder is left: {left:?}");
        // The last supervisor may be on its way out: its follow-up tick had nothing to do.
        home.wait_until(&format!("{at}: no process is left"), || {
            processes_of(home.path()).is_empty()
        });
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

enum Once {
    /// A killed tick costs no run.
    Exactly,
    /// A killed supervisor may cost one.
    AtLeast,
}

/// Processes that work for this home.
pub fn processes_of(home: &Path) -> Vec<String> {
    let mark = format!("KANBAN_HOME={}", home.display());
    let has = |dir: &Path| {
        let read = |file| std::fs::read(dir.join(file)).unwrap_or_default();
        let stat = String::from_utf8_lossy(&read("stat")).into_owned();
        let zombie = stat
            .rsplit(')')
            .next()
            .is_some_and(|s| s.trim_start().starts_with('Z'));
        !zombie
            && read("environ")
                .split(|b| *b == 0)
                .any(|e| e == mark.as_bytes())
    };
    let entries = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|e| e.path());
    entries
        .filter(|dir| has(dir))
        .map(|dir| dir.display().to_string())
        .collect()
}

/// How often a tick, and with `-f` all that it starts, makes each system call.
fn calls(portable: &str, follow: &[&str]) -> BTreeMap<String, usize> {
    let stage = stage(portable);
    let trace = stage.home.path().join("trace");
    let out = stage
        .home
        .command("strace")
        .args(follow)
        .arg("-o")
        .arg(&trace)
        .args([PROGRAM, "tick"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    stage.recover("undisturbed", Once::Exactly);
    count_calls(&trace)
}

/// How often each system call stands in a trace.
pub fn count_calls(trace: &Path) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for line in std::fs::read_to_string(trace).unwrap().lines() {
        let call = line
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .trim_start();
        if let Some((name, _)) = call.split_once('(')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// A tick with a fault injected; with `-f` into whatever it starts, too.
pub fn tick_with(home: &Home, follow: &[&str], fault: &str) -> Command {
    let mut strace = home.command("strace");
    strace
        .args(follow)
        .args(["-o", "/dev/null", "-e", &format!("inject={fault}")])
        .args([PROGRAM, "tick"]);
    strace
}

fn kill_at(portable: &str, follow: &[&str], name: &str, number: usize, once: Once) {
    let stage = stage(portable);
    let fault = format!("{name}:signal=KILL:when={number}");
    tick_with(&stage.home, follow, &fault).output().unwrap();
    stage.recover(&format!("killed at {name} number {number}"), once);
}

/// Cards that are started together, each of which says that it ran.
fn together(cards: usize) -> Home {
    let home = Home::new(
        r#"
[defaults]
max_in_progress = 9
retry_delay = "0s"
spawn_failure_limit = 50
[host]
max_in_progress = 9
[workers.w]
max_in_progress = 9
command = ["sh", "-c", 'echo "$KANBAN_TASK" >> "$KANBAN_HOME/ran"']
"#,
    );
    for n in 0..cards {
        home.create(&n.to_string(), "w", &[]);
    }
    home
}

/// Every card is done, none was worked on twice, and nothing is left.
fn all_ran_once(home: &Home, cards: usize, at: &str) {
    home.kanban(&["tick", "--wait", "--timeout", "60s"])
        .expect(0);
    let ran = std::fs::read_to_string(home.path().join("ran")).unwrap();
    let different: BTreeSet<&str> = ran.lines().collect();
    assert_eq!(different.len(), cards, "{at}");
    assert_eq!(ran.lines().count(), cards, "{at}: one ran twice");
    let done = "SELECT count(*) FROM tasks WHERE status = 'done'";
    assert_eq!(home.sql::<i64>(done), cards as i64, "{at}");
    let runs = "SELECT count(*) FROM tick_runs WHERE outcome = 'completed'";
    assert_eq!(home.sql::<i64>(runs), cards as i64, "{at}");
    assert!(names(&home.board("runs")).is_empty());
}

#[test]
fn what_starts_the_supervisors_of_many_may_be_killed_at_any_of_them() {
    if !strace_works() {
        return;
    }
    // A tick starts programs with clone3, and processes that go on in this program are made with clone.
    for number in 1..=4 {
        let home = together(4);
        let fault = format!("clone:signal=KILL:when={number}");
        tick_with(&home, &["-f"], &fault).output().unwrap();
        all_ran_once(&home, 4, &format!("killed at fork {number}"));
    }
}

#[test]
fn what_a_tick_did_not_hand_over_whole_is_started_by_the_next() {
    if !strace_works() {
        return;
    }
    for call in ["sendmsg", "clone3"] {
        let home = together(4);
        let fault = format!("{call}:signal=KILL:when=1");
        tick_with(&home, &[], &fault).output().unwrap();
        all_ran_once(&home, 4, &format!("killed at {call}"));
    }
}

#[test]
fn where_locks_cannot_be_handed_over_nothing_is_started_and_the_lane_is_held() {
    if !strace_works() {
        return;
    }
    let home = together(3);
    let mut tick = tick_with(&home, &[], "sendmsg:error=ENOMEM");
    let tick = tick.arg("--json").output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&tick.stdout).unwrap();
    assert_eq!(report["counts"]["started"], 0, "{report}");
    assert_eq!(report["counts"]["reaped"], 3, "{report}");
    let why = text(&report["errors"][0]);
    assert!(why.contains("cannot hand over to a supervisor"), "{report}");
    let outcomes = "SELECT count(*) FROM tick_runs WHERE outcome = 'spawn_failed' AND dead = 1";
    assert_eq!(home.sql::<i64>(outcomes), 3);
    assert!(!home.path().join("ran").exists());
    home.ok(&["resume", "w"]);
    all_ran_once(&home, 3, "after the failure");
}

#[test]
fn a_supervisor_that_gets_no_process_costs_its_card_nothing() {
    if !strace_works() {
        return;
    }
    let home = together(3);
    // The second of the three.
    tick_with(&home, &["-f"], "clone:error=EAGAIN:when=2")
        .output()
        .unwrap();
    all_ran_once(&home, 3, "without a process");
    let failures = "SELECT max(consecutive_failures) FROM tasks";
    assert_eq!(home.sql::<i64>(failures), 0);
    let told = "SELECT count(*) FROM task_runs WHERE error LIKE '%no process could be started for its supervisor%'";
    assert_eq!(home.sql::<i64>(told), 1);
}

/// Calls that change something outside the process: every one of them is a moment to be killed at. Of the
/// others every seventh is taken.
const EFFECTS: [&str; 15] = [
    "openat",
    "flock",
    "fcntl",
    "write",
    "pwrite64",
    "fsync",
    "mkdir",
    "unlink",
    "rename",
    "close",
    "vfork",
    "clone",
    "clone3",
    "ftruncate",
    "utimensat",
];

#[test]
fn a_tick_may_be_killed_at_any_system_call() {
    if !strace_works() {
        return;
    }
    let mut others = 0;
    for (name, count) in calls("0", &[]) {
        for number in 1..=count {
            others += 1;
            let dense = matches!(
                name.as_str(),
                "flock" | "fsync" | "mkdir" | "rename" | "vfork" | "clone" | "clone3" | "unlink"
            );
            let sparse = if EFFECTS.contains(&name.as_str()) {
                3
            } else {
                11
            };
            if dense || others % sparse == 0 {
                kill_at("0", &[], &name, number, Once::Exactly);
            }
        }
    }
}

#[test]
fn a_supervisor_and_all_it_starts_may_be_killed_at_any_system_call() {
    if !strace_works() {
        return;
    }
    for portable in ["0", "1"] {
        let mut counter = 0;
        for (name, count) in calls(portable, &["-f"]) {
            // The portable way runs ps, which reads thousands of files.
            let stride = (count / 3).max(61);
            for number in 1..=count {
                counter += 1;
                if counter % stride == 0 {
                    kill_at(portable, &["-f"], &name, number, Once::AtLeast);
                }
            }
        }
    }
}

/// Waits until a card's worker has written its process id.
fn worker_of(home: &Home, id: &str) -> String {
    let path = home.board(&format!("workspaces/{id}/pid"));
    home.wait_until("the worker is at work", || {
        std::fs::read_to_string(&path).is_ok_and(|p| p.ends_with('\n'))
    });
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

fn supervisor_of(home: &Home) -> i64 {
    home.sql("SELECT supervisor_pid FROM tick_runs WHERE dead = 0")
}

fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

const SLOW_ONCE: &str = r#"
[defaults]
retry_delay = "1s"
[workers.w]
command = ["sh", "-c", '[ "$KANBAN_ATTEMPT" = 1 ] || exit 0; echo $$ > pid; trap "" TERM; while [ -d "$KANBAN_HOME" ] && ! [ -e "$KANBAN_HOME/go" ]; do sleep 0.02; done']
grace = "1s"
"#;

/// Kills the supervisor of a card that is worked on: its worker goes too, and the card is worked on once more.
fn lose_a_run(home: &Home, id: &str) {
    let worker = worker_of(home, id);
    home.sh(&format!("kill -9 {}", supervisor_of(home)))
        .expect(0);
    home.wait_until("the worker is gone as well", || !is_alive(&worker));
    home.quiet().expect(0);
    let outcomes: Vec<String> = home.runs(id).iter().map(|r| text(&r["outcome"])).collect();
    assert_eq!(outcomes, ["lost", "completed"]);
}

#[test]
fn a_killed_supervisor_takes_its_worker_along_and_the_run_is_lost() {
    let home = Home::new(SLOW_ONCE);
    let id = home.create("a", "w", &[]);
    home.ok(&["tick"]);
    lose_a_run(&home, &id);
}

#[test]
fn worker_that_outlives_its_supervisor_is_ended_before_the_next_run() {
    let home = Home::new(SLOW_ONCE).with("KANBAN_TEST_PORTABLE", "1");
    let id = home.create("a", "w", &[]);
    home.ok(&["tick"]);
    let worker = worker_of(&home, &id);
    home.sh(&format!("kill -9 {}", supervisor_of(&home)))
        .expect(0);
    home.quiet().expect(0);
    assert!(!is_alive(&worker));
    let outcomes: Vec<String> = home.runs(&id).iter().map(|r| text(&r["outcome"])).collect();
    assert_eq!(outcomes, ["lost", "completed"]);
}

#[test]
fn a_supervisor_that_is_told_to_stop_ends_its_worker_and_records_it() {
    let home = Home::new(SLOW_ONCE);
    let id = home.create("a", "w", &["--max-retries", "1"]);
    home.ok(&["tick"]);
    let worker = worker_of(&home, &id);
    home.sh(&format!("kill -TERM {}", supervisor_of(&home)))
        .expect(0);
    home.quiet().expect(0);
    assert!(!is_alive(&worker));
    let outcomes: Vec<String> = home.runs(&id).iter().map(|r| text(&r["outcome"])).collect();
    assert_eq!(
        outcomes,
        ["reclaimed", "completed"],
        "not counted against the card"
    );
}

#[test]
fn a_run_whose_lock_was_removed_is_left_alone_while_its_worker_lives() {
    let home = Home::new(SLOW_ONCE);
    let id = home.create("a", "w", &[]);
    home.ok(&["tick"]);
    let worker = worker_of(&home, &id);
    let nonce: String = home.sql("SELECT nonce FROM tick_runs");
    std::fs::remove_file(home.board(&format!("runs/{nonce}/lock"))).unwrap();
    assert_eq!(home.json(&["tick"])["counts"]["reaped"], 0);
    assert!(is_alive(&worker));
    std::fs::write(home.path().join("go"), "").unwrap();
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
}

#[test]
fn a_card_that_is_taken_away_before_the_fence_is_never_worked_on() {
    if !strace_works() {
        return;
    }
    let Stage { home, parent, .. } = stage("0");
    // The supervisor makes its cancel pipe after the claim and before the fence; there it is held up.
    let mut held = tick_with(&home, &["-f"], "mknodat:delay_enter=2000000")
        .spawn()
        .unwrap();
    home.wait_until("the claim is there", || home.status(&parent) == "running");
    home.ok(&["block", &parent, "--reason", "wait"]);
    held.wait().unwrap();
    home.wait_until("the run is settled", || {
        home.ok(&["tick"]);
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0") == 0
    });
    assert!(!home.path().join("ran").exists(), "the worker ran");
    assert_eq!(home.status(&parent), "blocked");
    assert!(!home.history(&parent).contains(&"spawned".to_owned()));
}

#[test]
fn many_runs_whose_folders_are_gone_at_once_are_held_until_their_leases_end() {
    let home = Home::new(SLOW_ONCE).with("KANBAN_NOW", "1000000");
    let ids: Vec<String> = (0..3)
        .map(|i| home.create(&i.to_string(), "w", &[]))
        .collect();
    home.ok(&["tick"]);
    let workers: Vec<String> = ids.iter().map(|id| worker_of(&home, id)).collect();
    let supervisors: String =
        home.sql("SELECT group_concat(supervisor_pid, ' ') FROM tick_runs WHERE dead = 0");
    home.sh(&format!(
        "kill -9 {supervisors}; mv boards/default/runs boards/default/away"
    ))
    .expect(0);
    home.wait_until("the workers are gone as well", || {
        !workers.iter().any(|w| is_alive(w))
    });
    // A child of a worker may live a moment longer; then its run is alive.
    home.wait_until("the tick says that it holds them", || {
        let run = home.kanban(&["tick"]);
        run.code == Some(1) && run.stderr.contains("the folders of 3 runs are missing")
    });
    assert!(ids.iter().all(|id| home.status(id) == "running"));
    let home = home.with("KANBAN_NOW", "1000901");
    assert_eq!(home.json(&["tick"])["counts"]["reaped"], 3);
    let home = home.with("KANBAN_NOW", "1000999");
    home.quiet().expect(0);
    assert!(ids.iter().all(|id| home.status(id) == "done"));
}
